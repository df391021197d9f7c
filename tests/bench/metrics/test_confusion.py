"""Scores from confusion matrices equal those of scikit-learn and torchmetrics, absent classes and all."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torchmetrics.functional.segmentation import mean_iou

from bench.metrics.confusion import IGNORE, change_scores, confusion, image_scores, pixel_scores
from tasks.scoring import ChangeMetric, ConfusionMetric

NAMES = ["a", "b", "c", "d", "e"]


def _cases(count, classes):
    """Random truths and predictions; every other case lacks classes, and all ignore some pixels."""
    for seed in range(count):
        draw = np.random.default_rng(seed)
        known = draw.choice(classes, size=draw.integers(1, classes + 1), replace=False)
        truth, prediction = draw.choice(known, size=60), draw.integers(0, classes, size=60)
        if seed % 2:
            prediction = draw.choice(known, size=60)
        truth[draw.random(60) < 0.1] = IGNORE
        truth[0] = known[0]
        yield truth.astype(np.uint8), prediction.astype(np.uint8)


def _matrix(truth, prediction, classes):
    return confusion(prediction, truth, classes)


def test_pixel_scores_equal_scikit_learn_on_1000_random_cases():
    for truth, prediction in _cases(1000, 5):
        kept = truth != IGNORE
        found = pixel_scores(_matrix(truth, prediction, 5), NAMES)
        present = sorted(set(truth[kept]) | set(prediction[kept]))
        ious = sk.jaccard_score(truth[kept], prediction[kept], labels=present, average=None, zero_division=0)
        assert found["mIoU"] == pytest.approx(ious.mean(), abs=1e-9)
        assert found["aAcc"] == pytest.approx(sk.accuracy_score(truth[kept], prediction[kept]), abs=1e-9)
        assert {f"IoU/{NAMES[k]}": v for k, v in zip(present, ious, strict=True)} == pytest.approx(
            {name: value for name, value in found.items() if name.startswith("IoU/")}
        )


def test_mean_iou_equals_torchmetrics_where_every_class_is_there():
    for seed in range(50):
        draw = np.random.default_rng(seed)
        truth, prediction = draw.integers(0, 5, 500), draw.integers(0, 5, 500)
        found = pixel_scores(_matrix(truth.astype(np.uint8), prediction, 5), NAMES)["mIoU"]
        theirs = mean_iou(torch.from_numpy(prediction)[None], torch.from_numpy(truth)[None], 5, input_format="index")
        assert found == pytest.approx(float(theirs), abs=1e-6)


def test_image_scores_equal_scikit_learn_on_1000_random_cases():
    for truth, prediction in _cases(1000, 5):
        kept = truth != IGNORE
        found = image_scores(_matrix(truth, prediction, 5), NAMES)
        there = sorted(set(truth[kept]))
        recalls = sk.recall_score(truth[kept], prediction[kept], labels=there, average=None, zero_division=0)
        assert found["mean_class_accuracy"] == pytest.approx(recalls.mean(), abs=1e-9)
        assert found["overall_accuracy"] == pytest.approx(sk.accuracy_score(truth[kept], prediction[kept]), abs=1e-9)


def test_change_scores_equal_scikit_learn_on_1000_random_cases():
    for truth, prediction in _cases(1000, 2):
        kept = truth != IGNORE
        found = change_scores(_matrix(truth, prediction, 2), ["unchanged", "changed"])
        theirs = sk.precision_recall_fscore_support(truth[kept], prediction[kept], average="binary", zero_division=0)
        assert [found["precision"], found["recall"], found["F1"]] == pytest.approx(list(theirs[:3]), abs=1e-9)


def test_a_perfect_predictor_scores_one_everywhere():
    truth = np.array([0, 1, 1, 2, 2, 2], dtype=np.uint8)
    matrix = _matrix(truth, truth, 3)
    assert set(pixel_scores(matrix, NAMES[:3]).values()) == {1.0}
    assert set(image_scores(matrix, NAMES[:3]).values()) == {1.0}


def test_a_constant_predictor_scores_what_arithmetic_says():
    # 6 pixels, 2 of class 0; always saying 0 hits 2, with 4 false alarms.
    truth = np.array([0, 0, 1, 1, 2, 2], dtype=np.uint8)
    found = pixel_scores(_matrix(truth, np.zeros_like(truth), 3), NAMES[:3])
    assert found["aAcc"] == pytest.approx(1 / 3)
    assert found["mIoU"] == pytest.approx((1 / 3 + 0 + 0) / 3)
    assert image_scores(_matrix(truth, np.zeros_like(truth), 3), NAMES[:3])["mean_class_accuracy"] == pytest.approx(
        1 / 3
    )


def test_a_class_that_nobody_has_is_left_out_of_the_mean_and_has_no_entry():
    truth = np.array([0, 1], dtype=np.uint8)
    found = pixel_scores(_matrix(truth, truth, 3), NAMES[:3])
    assert found == {"mIoU": 1.0, "aAcc": 1.0, "IoU/a": 1.0, "IoU/b": 1.0}


def test_ignored_pixels_are_not_counted():
    truth = np.array([0, IGNORE, 1], dtype=np.uint8)
    assert _matrix(truth, np.array([0, 1, 1]), 2).tolist() == [[1, 0], [0, 1]]


def _samples(masks):
    return [{"prediction": torch.tensor(p), "truth": torch.tensor(t)} for p, t in masks]


def test_the_metric_adds_counts_over_batches_before_it_scores():
    metric = ConfusionMetric(NAMES[:2], pixel_scores)
    metric.process(None, _samples([([0, 0, 0, 1], [0, 0, 0, 0])]))
    metric.process(None, _samples([([1], [1])]))
    # Class 0: 3 hits, 1 missed; class 1: 1 hit, 1 false alarm. The mean of the batches' scores would be another number.
    assert metric.compute_metrics(metric.results)["mIoU"] == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_cmids_mean_of_batches_is_another_number_than_f1_over_the_set():
    metric = ChangeMetric(["unchanged", "changed"])
    metric.BATCH = 1
    metric.process(None, _samples([([1, 1, 1, 1], [1, 1, 1, 1]), ([1, 0, 0, 0], [0, 1, 0, 0])]))
    found = metric.compute_metrics(metric.results)
    # Over the set: 4 hits, 1 false alarm, 1 missed. By batch: 1 and 0.
    assert found["F1"] == pytest.approx(8 / 10)
    assert found["F1_batch_mean"] == pytest.approx(0.5)
