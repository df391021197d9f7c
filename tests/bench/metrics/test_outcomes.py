"""Outcomes keep what metrics are computed from: through their arrays, and for any draw of their samples."""

import numpy as np
import pytest

from bench.metrics.average_precision import BoxOutcomes
from bench.metrics.classified import ChangeOutcomes, ImageOutcomes, PixelOutcomes
from bench.metrics.confusion import IGNORE
from bench.metrics.matching import Detections, match
from bench.metrics.multilabel import LabelOutcomes

NAMES = ["a", "b", "c"]


def images(draw, count):
    return ImageOutcomes(NAMES, draw.integers(0, 3, count), draw.integers(0, 3, count), draw.random(count))


def pixels(draw, count):
    return PixelOutcomes(NAMES, draw.integers(0, 70_000, (count, 3, 3)) * draw.integers(0, 2, (count, 3, 3)))


def changes(draw, count):
    return ChangeOutcomes(["same", "changed"], draw.integers(0, 200, (count, 2, 2)))


def labels(draw, count):
    return LabelOutcomes(NAMES, draw.integers(0, 2, (count, 3)), draw.random((count, 3), dtype=np.float32))


def boxes(draw, count):
    return match([detections(draw) for _ in range(count)], NAMES)


def detections(draw):
    """Up to four objects of any size, a detection near each, and three beside them; no two scores are equal."""
    corner = draw.uniform(0, 60, (draw.integers(0, 5), 2))
    truth = np.concatenate(
        [corner, corner + draw.uniform(4, 150, corner.shape), draw.integers(0, 3, (len(corner), 1))], 1
    )
    near = truth + np.pad(draw.normal(0, 3, (len(truth), 4)), ((0, 0), (0, 1)))
    beside = np.c_[draw.uniform(0, 60, (3, 2)), draw.uniform(61, 99, (3, 2)), draw.integers(0, 3, 3)]
    found = np.concatenate([near, beside])
    return Detections(truth, np.c_[found, draw.random(len(found))])


KINDS = [images, pixels, changes, labels, boxes]


@pytest.mark.parametrize("kind", KINDS)
def test_arrays_give_every_metric_back_to_the_last_digit(kind):
    for seed in range(20):
        outcomes = kind(np.random.default_rng(seed), 17)
        arrays = outcomes.arrays()
        assert all(values.dtype.kind in "uif" for values in arrays.values())
        again = type(outcomes).of_arrays(outcomes.classes, arrays)
        assert (17, outcomes.scores(), outcomes.further()) == (len(again), again.scores(), again.further())


@pytest.mark.parametrize("kind", KINDS)
def test_all_samples_in_their_order_are_the_same_outcomes(kind):
    outcomes = kind(np.random.default_rng(1), 9)
    again = outcomes.take(range(9))
    assert (outcomes.scores(), outcomes.further()) == (again.scores(), again.further())


@pytest.mark.parametrize("kind", [images, pixels, changes, labels])
def test_a_draw_of_samples_is_what_these_samples_alone_would_give(kind):
    """With the array that holds one row a sample, indexed by hand."""
    draw = np.random.default_rng(2)
    outcomes = kind(draw, 12)
    at = draw.integers(0, 12, 15)
    by_hand = {name: values[at] for name, values in vars(outcomes).items() if isinstance(values, np.ndarray)}
    expected = type(outcomes)(outcomes.classes, **by_hand)
    taken = outcomes.take(at)
    assert (15, expected.scores(), expected.further()) == (len(taken), taken.scores(), taken.further())


@pytest.mark.parametrize("seed", range(30))
def test_a_draw_of_images_is_matched_as_if_these_had_been_tested(seed):
    """Images come several times or not at all, and a draw of a draw is a draw."""
    draw = np.random.default_rng(seed)
    tested = [detections(draw) for _ in range(8)]
    outcomes = match(tested, NAMES)
    first, second = draw.integers(0, 8, 10), draw.integers(0, 10, 6)
    once = match([tested[at] for at in first], NAMES)
    twice = match([tested[first[at]] for at in second], NAMES)
    taken = outcomes.take(first)
    assert (once.scores(), once.further()) == (taken.scores(), taken.further())
    assert (twice.scores(), twice.further()) == (taken.take(second).scores(), taken.take(second).further())


def test_alarms_far_below_the_floor_of_precision_are_of_no_image_and_count_all_the_same():
    """One object is found behind 200 alarms; nothing is lost of the whole set, and half of it has half of them."""
    hit = Detections(np.array([[0.0, 0, 9, 9, 0]]), np.array([[0.0, 0, 9, 9, 0, 0.1]]))
    alarms = Detections(np.zeros((0, 5)), np.array([[20.0, 20, 29, 29, 0, 0.9]] * 100))
    outcomes = match([hit, alarms, alarms, alarms, hit, hit], NAMES)
    assert [outcomes.images] == sorted(set(outcomes.alarms.image.tolist()))
    assert 300 == outcomes.alarms.count.sum()
    assert pytest.approx(3 / 303) == outcomes.scores()["AP50"]
    half = outcomes.take([0, 1, 4])
    assert (150, pytest.approx(2 / 152)) == (half.alarms.count.sum(), half.scores()["AP50"])


def test_counts_take_as_many_bytes_as_the_largest_needs():
    small, large = (PixelOutcomes(["a"], np.array([[[count]]])).arrays() for count in (255, 65_536))
    assert (["counts_0"], ["counts_0", "counts_1", "counts_2"]) == (list(small), list(large))
    assert [[1]] == large["counts_2"].tolist()


def test_an_image_without_a_class_keeps_its_place_and_is_not_counted():
    outcomes = ImageOutcomes(NAMES, np.array([0, IGNORE]), np.array([0, 1]), np.array([0.5, 0.5]))
    again = ImageOutcomes.of_arrays(NAMES, outcomes.arrays())
    assert (2, 1.0, IGNORE) == (len(again), again.scores()["overall_accuracy"], again.truth[1])


@pytest.mark.parametrize(
    ("kind", "changes", "said"),
    [
        (images, {"truth": np.array([0, 3], np.uint8)}, r"truth must lie in \[0, 3\)"),
        (images, {"predicted": np.array([0, 3], np.uint8)}, "predicted must lie"),
        (images, {"predicted": np.array([0], np.uint8)}, r"predicted is uint8 of shape \(1,\)"),
        (images, {"margin": np.array([1, 2])}, "margin is int64"),
        (images, {"margin": None}, "it has no margin"),
        (pixels, {"counts_0": np.zeros((4, 2), np.uint8)}, r"counts_0 is uint8 of shape \(4, 2\)"),
        (pixels, {"counts_9": np.zeros((9, 2), np.uint8)}, r"it has no counts_\d"),
        (labels, {"truth": np.zeros((2, 3), np.uint8)}, "truth is uint8"),
        (labels, {"given": np.zeros((2, 4), np.float32)}, "given is float32"),
        (boxes, {"images": np.array([1])}, r"image must lie in \[0, 1\)"),
        (boxes, {"objects_kind": np.array([7, 7], np.uint8)}, "objects_kind is uint8 of shape"),
        (boxes, {"matched_hits": np.zeros((1, 4), np.uint8)}, "matched_hits is uint8"),
        (boxes, {"alarms_gap": 99}, "alarms_gap is of more detections"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(kind, changes, said):
    outcomes = kind(np.random.default_rng(8), 6 if kind is boxes else 2)
    arrays = outcomes.arrays()
    for name, values in changes.items():
        arrays[name] = np.full_like(arrays[name], values) if isinstance(values, int) else values
    with pytest.raises(ValueError, match=said):
        type(outcomes).of_arrays(outcomes.classes, {name: each for name, each in arrays.items() if each is not None})


def test_what_follows_the_last_right_detection_is_not_kept():
    """It moves no precision at any recall; what comes before does."""
    box, alarm = [0.0, 0, 9, 9, 0], [20.0, 20, 29, 29, 0]
    image = Detections(np.array([box]), np.array([[*alarm, 0.9], [*box, 0.5], *[[*alarm, 0.1]] * 50]))
    kept = match([image], NAMES)
    assert isinstance(kept, BoxOutcomes)
    assert (1, [1]) == (len(kept.matched), kept.alarms.count.tolist())
