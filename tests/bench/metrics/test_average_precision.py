"""Average precision equals an independent, plain computation of COCO's rules, and COCO's own to the last bit."""

import numpy as np
import pytest

from bench.metrics.matching import Detections, match

NAMES = ["airplane", "ship", "oil-tank"]
THRESHOLDS = np.linspace(0.5, 0.95, 10)


def _iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - both)


def _plain_ap(images, number, threshold):
    """One class at one IoU: match in order of score, then the mean of 101 interpolated precisions."""
    objects = sum(int((image.truth[:, 4] == number).sum()) for image in images)
    if not objects:
        return None
    marks = []
    for image in images:
        truth = image.truth[image.truth[:, 4] == number]
        taken = set()
        found = image.found[image.found[:, 4] == number]
        for box in found[np.argsort(-found[:, 5], kind="stable")]:
            best, overlap = None, min(threshold, 1 - 1e-10)
            for at, other in enumerate(truth):
                if at not in taken and _iou(box, other) >= overlap:
                    best, overlap = at, _iou(box, other)
            if best is not None:
                taken.add(best)
            marks.append((box[5], best is not None))
    marks.sort(key=lambda mark: -mark[0])
    hits = np.cumsum([hit for _, hit in marks])
    if not len(hits):
        return 0.0
    recall, precision = hits / objects, hits / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(recall, np.linspace(0, 1, 101), side="left")
    return float(np.mean([envelope[i] if i < len(envelope) else 0.0 for i in at]))


def _boxes(draw, count):
    corner = draw.uniform(0, 60, (count, 2))
    return np.concatenate([corner, corner + draw.uniform(4, 40, (count, 2))], axis=1)


def _case(seed):
    draw = np.random.default_rng(seed)
    kinds = draw.choice(3, size=draw.integers(1, 4), replace=False)
    images = []
    # All scores differ: detections of equal score may be ordered either way.
    scores_left = iter(draw.permutation(1000) / 1000)
    for _ in range(draw.integers(1, 5)):
        truth = _boxes(draw, draw.integers(0, 5))
        labels = draw.choice(kinds, len(truth))
        near = np.concatenate([truth + draw.normal(0, 2, truth.shape), _boxes(draw, draw.integers(0, 4))])
        near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
        guesses = np.concatenate([labels, draw.integers(0, 3, len(near) - len(truth))])
        scores = [next(scores_left) for _ in near]
        images.append(Detections(np.c_[truth, labels].reshape(-1, 5), np.c_[near, guesses, scores].reshape(-1, 6)))
    return images


@pytest.mark.parametrize("block", range(10))
def test_equals_a_plain_computation_on_1000_random_cases(block):
    for seed in range(block * 100, (block + 1) * 100):
        images = _case(seed)
        found = match(images, NAMES).scores()
        plain = {k: [_plain_ap(images, k, t) for t in THRESHOLDS] for k in range(3)}
        there = [values for values in plain.values() if values[0] is not None]
        if not there:
            assert found == {"AP50": 0.0, "AP": 0.0}
            continue
        assert found["AP50"] == pytest.approx(np.mean([values[0] for values in there]), abs=1e-6)
        assert found["AP"] == pytest.approx(np.mean(there), abs=1e-6)


def _image(truth, found):
    return Detections(np.array(truth, dtype=float).reshape(-1, 5), np.array(found, dtype=float).reshape(-1, 6))


def test_a_perfect_detector_scores_one():
    box = [10, 10, 30, 40, 1]
    assert match([_image([box], [[*box, 0.9]]), _image([], [])], NAMES).scores() == {
        "AP50": pytest.approx(1),
        "AP": pytest.approx(1),
        "AP50/ship": pytest.approx(1),
        "AP/ship": pytest.approx(1),
    }


def test_an_alarm_in_an_image_without_objects_costs_precision():
    box = [10, 10, 30, 40, 1]
    right = _image([box], [[*box, 0.5]])
    # The better-scored box is the false one: precision is 1/2 at every recall.
    assert match([right, _image([], [[0, 0, 9, 9, 1, 0.9]])], NAMES).scores()["AP50"] == pytest.approx(0.5)


def test_no_detection_at_all_scores_zero():
    assert match([_image([[0, 0, 9, 9, 0]], [])], NAMES).scores()["AP50"] == 0


def test_a_set_without_objects_scores_zero():
    assert match([_image([], [[0, 0, 9, 9, 0, 0.7]])], NAMES).scores() == {"AP50": 0.0, "AP": 0.0}
