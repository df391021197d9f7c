"""mmengine's hooks: what they hand to the metrics of `bench.metrics`, batch by batch."""

import numpy as np
import pytest
import torch

from bench.metrics.classified import ChangeOutcomes
from bench.metrics.confusion import IGNORE
from bench.metrics.matching import match
from tasks.scoring import ConfusionMetric, DetectionMetric, ImageMetric, LabelMetric, detections

NAMES = ["a", "b"]


def _samples(masks):
    return [{"prediction": torch.tensor(p), "truth": torch.tensor(t)} for p, t in masks]


def test_the_metric_adds_counts_over_batches_before_it_scores():
    metric = ConfusionMetric(NAMES)
    metric.process(None, _samples([([0, 0, 0, 1], [0, 0, 0, 0])]))
    metric.process(None, _samples([([1], [1])]))
    # Class 0: 3 hits, 1 missed; class 1: 1 hit, 1 false alarm. The mean of the batches' scores would be another number.
    assert metric.compute_metrics(metric.results)["mIoU"] == pytest.approx((3 / 4 + 1 / 2) / 2)


def test_cmids_mean_of_batches_is_another_number_than_f1_over_the_set(monkeypatch):
    monkeypatch.setattr(ChangeOutcomes, "BATCH", 1)
    metric = ConfusionMetric(["unchanged", "changed"], ChangeOutcomes)
    metric.process(None, _samples([([1, 1, 1, 1], [1, 1, 1, 1]), ([1, 0, 0, 0], [0, 1, 0, 0])]))
    found = metric.compute_metrics(metric.results)
    # Over the set: 4 hits, 1 false alarm, 1 missed. By batch: 1 and 0.
    assert found["F1"] == pytest.approx(8 / 10)
    assert found["F1_batch_mean"] == pytest.approx(0.5)


def test_the_batches_of_cmids_mean_are_of_16_samples_in_the_order_of_the_set():
    """Sixteen perfect samples, then one without a hit: the mean of 1 and 0, however mmengine cuts the set."""
    right, wrong = ([1, 0], [1, 0]), ([1, 0], [0, 1])
    metric = ConfusionMetric(["unchanged", "changed"], ChangeOutcomes)
    for masks in ([right] * 10, [right] * 6 + [wrong]):
        metric.process(None, _samples(masks))
    assert 0.5 == metric.compute_metrics(metric.results)["F1_batch_mean"]


def test_samples_of_mmseg_and_plain_ones_count_alike():
    truth, prediction = torch.tensor([[0, 1], [IGNORE, 1]]), torch.tensor([[0, 1], [1, 0]])
    plain, mmseg = ConfusionMetric(NAMES), ConfusionMetric(NAMES)
    plain.process(None, [{"prediction": prediction, "truth": truth}])
    mmseg.process(None, [{"pred_sem_seg": {"data": prediction}, "gt_sem_seg": {"data": truth}}])
    assert [[[1, 0], [1, 1]]] == [matrix.tolist() for matrix in plain.results]
    assert plain.compute_metrics(plain.results) == mmseg.compute_metrics(mmseg.results)


def test_a_classifier_is_scored_by_image():
    metric = ImageMetric(NAMES)
    answers = [(0, 0, 0.5), (1, 0, 0.25), (1, 1, 1.0)]
    samples = [dict(zip(("prediction", "truth", "margin"), map(torch.tensor, each), strict=True)) for each in answers]
    metric.process(None, samples[:2])
    metric.process(None, samples[2:])
    assert {"mean_class_accuracy": 0.75, "accuracy/a": 0.5}.items() <= metric.compute_metrics(metric.results).items()
    assert [0.5, 0.25, 1.0] == metric.outcomes(metric.results).margin.tolist()


def test_several_labels_of_an_image_are_kept_with_their_probabilities():
    metric = LabelMetric(NAMES)
    metric.process(None, [{"truth": torch.tensor([1.0, 0.0]), "scores": torch.tensor([0.25, 0.75])}])
    metric.process(None, [{"truth": torch.tensor([0.0, 1.0]), "scores": torch.tensor([0.5, 0.5])}])
    found = metric.outcomes(metric.results)
    assert ([[1, 0], [0, 1]], [[0.25, 0.75], [0.5, 0.5]]) == (found.truth.tolist(), found.given.tolist())
    assert metric.compute_metrics(metric.results) == found.scores()


def _instances(boxes, labels, scores=None):
    """Boxes as mmdet gives them: left, top, right, bottom."""
    found = {"bboxes": torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4), "labels": torch.tensor(labels).long()}
    return found if scores is None else {**found, "scores": torch.tensor(scores)}


def test_boxes_of_mmdet_become_rows_of_box_class_and_score():
    image = detections(_instances([[1, 2, 5, 9]], [1]), _instances([[0, 0, 3, 3], [1, 2, 5, 8]], [0, 1], [0.25, 0.5]))
    assert [[1, 2, 5, 9, 1]] == image.truth.tolist()
    assert [[0, 0, 3, 3, 0, 0.25], [1, 2, 5, 8, 1, 0.5]] == image.found.tolist()
    assert image.truth.dtype == image.found.dtype == np.float64


def test_an_image_without_a_box_keeps_its_place():
    image = detections(_instances([], []), _instances([], [], []))
    assert ((0, 5), (0, 6)) == (image.truth.shape, image.found.shape)


def test_the_detection_metric_scores_the_set_and_not_its_batches():
    hit = {"gt_instances": _instances([[0, 0, 9, 9]], [0]), "pred_instances": _instances([[0, 0, 9, 9]], [0], [0.5])}
    alarm = {"gt_instances": _instances([], []), "pred_instances": _instances([[0, 0, 9, 9]], [0], [0.75])}
    metric = DetectionMetric(NAMES)
    metric.process(None, [hit])
    metric.process(None, [alarm])
    found = metric.compute_metrics(metric.results)
    assert pytest.approx(0.5) == found["AP50"]
    assert match(metric.results, NAMES).scores() == found
