"""What papers print beside the headline equals scikit-learn and torchmetrics, COCO's own evaluation, and VOC by hand."""

import contextlib
import io

import numpy as np
import pytest
import torch
from pycocotools.cocoeval import COCOeval
from sklearn import metrics as sklearn
from torchmetrics.classification import MulticlassAccuracy, MulticlassJaccardIndex

from bench.metrics.average_precision import SIZES
from bench.metrics.classified import ChangeOutcomes, ImageOutcomes, PixelOutcomes
from bench.metrics.confusion import confusion
from bench.metrics.matching import Detections, _found_rows, _truth, match
from bench.metrics.multilabel import LabelOutcomes

NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize("seed", range(20))
def test_kappa_and_f1_of_images_are_scikit_learns(seed):
    draw = np.random.default_rng(seed)
    truth, found = draw.integers(0, draw.integers(2, 5), 40), draw.integers(0, 4, 40)
    outcomes = ImageOutcomes(NAMES, truth, found, np.ones(40))
    further, scores = outcomes.further(), outcomes.scores()
    assert sklearn.cohen_kappa_score(truth, found) == pytest.approx(further["kappa"])
    assert sklearn.f1_score(truth, found, average="macro") == pytest.approx(further["F1_macro"])
    assert sklearn.f1_score(truth, found, average=None)[0] == pytest.approx(further["F1/a"])
    assert sklearn.recall_score(truth, found, average="macro", labels=np.unique(truth)) == pytest.approx(
        scores["mean_class_accuracy"]
    )


@pytest.mark.parametrize("seed", range(20))
def test_means_over_classes_of_pixels_are_scikit_learns_and_torchmetrics(seed):
    draw = np.random.default_rng(seed)
    truth, found = draw.integers(0, 4, (3, 8, 8)), draw.integers(0, 4, (3, 8, 8))
    matrices = [confusion(*pair, 4) for pair in zip(found, truth, strict=True)]
    outcomes = PixelOutcomes(NAMES, np.stack(matrices))
    further, scores = outcomes.further(), outcomes.scores()
    assert sklearn.f1_score(truth.ravel(), found.ravel(), average="macro") == pytest.approx(further["mF1"])
    assert sklearn.balanced_accuracy_score(truth.ravel(), found.ravel()) == pytest.approx(further["mAcc"])
    assert sklearn.cohen_kappa_score(truth.ravel(), found.ravel()) == pytest.approx(further["kappa"])
    both = torch.from_numpy(found), torch.from_numpy(truth)
    assert float(MulticlassJaccardIndex(4)(*both)) == pytest.approx(scores["mIoU"], abs=1e-6)
    assert float(MulticlassAccuracy(4, average="macro")(*both)) == pytest.approx(further["mAcc"], abs=1e-6)


def test_iou_of_change_is_of_the_changed_class_by_hand():
    """Of ten changed pixels six are found, beside two false alarms: 6 / 12, F1 12 / 18."""
    outcomes = ChangeOutcomes(["same", "changed"], np.array([[[80, 1], [3, 4]], [[2, 1], [1, 2]]]))
    assert 6 / 12 == outcomes.further()["IoU"] == outcomes.scores()["IoU/changed"]
    assert 12 / 18 == outcomes.scores()["F1"] == outcomes.further()["F1/changed"]


def test_nothing_changed_and_nothing_called_changed_has_an_iou_of_0():
    assert 0.0 == ChangeOutcomes(["same", "changed"], np.array([[[9, 0], [0, 0]]])).further()["IoU"]


def test_one_class_throughout_has_no_kappa():
    outcomes = ImageOutcomes(NAMES, np.zeros(5, int), np.zeros(5, int), np.ones(5))
    assert {"F1_macro": 1.0, "F1/a": 1.0} == outcomes.further()


def test_kappa_of_more_pixels_than_64_bits_can_square():
    """Half of ten thousand million pixels each, a tenth wrong: 0.9 agree, 0.5 by chance."""
    half = 5_000_000_000
    matrix = np.array([[[half * 9 // 10, half // 10], [half // 10, half * 9 // 10]]])
    assert pytest.approx(0.8) == PixelOutcomes(["a", "b"], matrix).further()["kappa"]


@pytest.mark.parametrize("seed", range(20))
def test_micro_and_example_based_scores_of_labels_are_scikit_learns(seed):
    draw = np.random.default_rng(seed)
    truth, given = draw.integers(0, 2, (30, 4)), draw.random((30, 4)).round(2).astype(np.float32)
    outcomes = LabelOutcomes(NAMES, truth, given)
    further = outcomes.further()
    assert sklearn.average_precision_score(truth, given, average="micro") == pytest.approx(further["mAP_micro"])
    named = given >= 0.5
    assert sklearn.f1_score(truth, named, average="samples", zero_division=0) == pytest.approx(further["F1_samples"])
    assert sklearn.f1_score(truth, named, average=None)[2] == pytest.approx(further["F1/c"])


def scene(draw):
    """Objects of all of COCO's sizes, a detection near most of them, alarms, and equal scores."""
    corner = draw.uniform(0, 60, (draw.integers(0, 6), 2))
    truth = np.c_[corner, corner + draw.uniform(4, 150, corner.shape), draw.integers(0, 3, len(corner))]
    near = truth + np.pad(draw.normal(0, 4, (len(truth), 4)), ((0, 0), (0, 1)))
    alarms = np.c_[draw.uniform(0, 60, (4, 2)), draw.uniform(61, 199, (4, 2)), draw.integers(0, 3, 4)]
    found = np.concatenate([near, alarms])
    return Detections(truth, np.c_[found, draw.random(len(found)).round(1)])


@pytest.mark.parametrize("seed", range(40))
def test_average_precisions_are_cocos_own_to_the_last_bit(seed):
    draw = np.random.default_rng(seed)
    scenes = [scene(draw) for _ in range(6)]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = _truth(scenes, NAMES)
        coco = COCOeval(truth, truth.loadRes(_found_rows(scenes)), "bbox")
        coco.evaluate()
        coco.accumulate()
        coco.summarize()
    outcomes = match(scenes, NAMES)
    for place, size in enumerate(SIZES):
        ours = outcomes._by_class(place)
        theirs = coco.eval["precision"][:, :, :, place, -1]
        there = [k for k in range(4) if (theirs[:, :, k] > -1).all()]
        assert [NAMES[k] for k in there] == list(ours), size
        assert all((theirs[:, :, k].mean(axis=1) == ours[NAMES[k]]).all() for k in there), size
    found = outcomes.scores() | outcomes.further()
    names = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large"]
    # COCO says -1 where nothing is of a size.
    assert [pytest.approx(value) for value in coco.stats[:6]] == [found.get(name, -1) for name in names]


def image(truth, found):
    return Detections(np.array(truth, float).reshape(-1, 5), np.array(found, float).reshape(-1, 6))


def test_vocs_two_ap50_by_hand():
    """Three objects; by score: right, wrong, right, wrong, and the third is never found.

    Precision is 1 at recall 1/3 and 2/3 at recall 2/3. Eleven points: recalls 0 to .3 reach 1, .4 to .6 reach 2/3. The
    area is 1/3 x 1 + 1/3 x 2/3.
    """
    objects = [[0, 0, 9, 9, 0], [20, 0, 29, 9, 0], [40, 0, 49, 9, 0]]
    alarm = [60, 60, 69, 69, 0]
    outcomes = match([image(objects, [[*objects[0], 0.9], [*alarm, 0.8], [*objects[1], 0.7], [*alarm, 0.6]])], NAMES)
    found = outcomes.further()
    assert (4 * 1 + 3 * 2 / 3) / 11 == pytest.approx(found["VOC07_AP50"])
    assert 1 / 3 + 2 / 9 == pytest.approx(found["VOC12_AP50"]) == found["VOC12_AP50/a"]


def test_voc_calls_a_second_detection_of_the_object_it_covers_best_wrong_where_coco_takes_the_next():
    """Both detections cover the left object best and the right one by more than half."""
    left, right = [0, 0, 10, 10, 0], [3, 0, 13, 10, 0]
    found = match([image([left, right], [[0, 0, 10, 10, 0, 0.9], [1, 0, 11, 10, 0, 0.8]])], NAMES)
    assert (1.0, 0.5) == (pytest.approx(found.scores()["AP50"]), found.further()["VOC12_AP50"])


def test_a_size_that_no_object_has_has_no_average_precision():
    """31 x 31 is small, 33 x 33 medium, 97 x 97 large; 32 x 32 is on the border and counts for both, as in COCO."""

    def sizes(side):
        box = [0, 0, side, side, 0]
        found = match([image([box], [[*box, 0.5]])], NAMES).further()
        return [size for size in ("small", "medium", "large") if f"AP_{size}" in found]

    assert (["small"], ["small", "medium"], ["medium"], ["large"]) == tuple(map(sizes, (31, 32, 33, 97)))


def test_a_set_without_objects_has_no_further_scores():
    assert {} == match([image([], [[0, 0, 9, 9, 0, 0.5]])], NAMES).further()
