"""Scores from confusion matrices equal those of scikit-learn and torchmetrics, absent classes and all."""

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torchmetrics.functional.segmentation import mean_iou

from bench.metrics.confusion import IGNORE, change_scores, confusion, image_scores, pixel_scores

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


def test_a_class_of_one_image_counts_as_much_as_any_other():
    """Two of three images of class a are right, and the only one of class b."""
    matrix = np.array([[2, 1], [0, 1]])
    expected = {
        "mean_class_accuracy": (2 / 3 + 1) / 2,
        "overall_accuracy": 3 / 4,
        "accuracy/a": 2 / 3,
        "accuracy/b": 1.0,
    }
    assert expected == image_scores(matrix, NAMES[:2])


def test_a_class_that_is_only_predicted_lowers_the_mean_iou_and_not_the_mean_accuracy():
    matrix = np.array([[3, 1], [0, 0]])
    assert {"mIoU": 3 / 8, "aAcc": 3 / 4, "IoU/a": 3 / 4, "IoU/b": 0.0} == pixel_scores(matrix, NAMES[:2])
    assert {"mean_class_accuracy", "overall_accuracy", "accuracy/a"} == set(image_scores(matrix, NAMES[:2]))


def test_change_scores_by_hand():
    """Of six changed pixels four are found, with one false alarm."""
    found = change_scores(np.array([[9, 1], [2, 4]]), ["unchanged", "changed"])
    assert {"F1": 8 / 11, "precision": 4 / 5, "recall": 2 / 3}.items() <= found.items()
    assert pytest.approx((9 / 12 + 4 / 7) / 2) == found["mIoU"]


def test_where_nothing_changed_and_nothing_is_called_changed_the_scores_of_change_are_zero():
    found = change_scores(np.array([[5, 0], [0, 0]]), ["unchanged", "changed"])
    assert (0.0, 0.0, 0.0) == (found["F1"], found["precision"], found["recall"])
    assert 1.0 == found["aAcc"]


def test_counts_of_a_large_set_do_not_overflow():
    """The numbers of 256 classes by 256 do not fit in the eight bits that labels are stored in."""
    truth = np.array([200, 254, 254], dtype=np.uint8)
    matrix = confusion(np.array([254, 254, 0], dtype=np.uint8), truth, 255)
    assert (255, 255) == matrix.shape
    assert {(200, 254), (254, 254), (254, 0)} == set(zip(*(part.tolist() for part in matrix.nonzero()), strict=True))
