"""The score of the best answer that looks at no image, by hand for every kind of task."""

import numpy as np
import pytest

import tasks
from bench.metrics.classified import ChangeOutcomes, PixelOutcomes
from bench.metrics.matching import Detections, match
from tasks.cls import best_class
from tasks.protocols import load_protocol
from tasks.scoring import best_constant
from tasks.writing import SliceWriter

NAMES = ["a", "b", "c"]


def pixels(matrices):
    return PixelOutcomes(NAMES, matrices).scores()


def changes(matrices):
    return ChangeOutcomes(["unchanged", "changed"], matrices).scores()


def counts(*rows):
    return np.array(rows, dtype=np.int64)


def test_a_class_for_every_image_is_right_for_that_class_alone():
    """B is the most frequent of the training images: right for none of a and c, so 1/3, and for 2 of 5 images."""
    train = counts([1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1])
    test = counts([1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1])
    assert 1 / 3 == pytest.approx(best_class(NAMES, train, test, "mean_class_accuracy"))
    assert 2 / 5 == pytest.approx(best_class(NAMES, train, test, "overall_accuracy"))


def test_a_class_for_every_pixel_has_its_own_share_as_iou():
    """A has 60 of 100 test pixels: IoU .6 for a and 0 for b; c is in neither, so the mean is over two."""
    train, test = counts([10, 5, 0], [9, 8, 2]), counts([50, 0, 0], [10, 40, 0])
    assert 0.3 == pytest.approx(best_constant(pixels, train, test, "mIoU"))
    assert 0.6 == pytest.approx(best_constant(pixels, train, test, "aAcc"))


def test_the_training_samples_choose_the_class_and_the_test_samples_score_it():
    """C is the most frequent in training and absent in the test part: nothing is right."""
    assert 0.0 == best_constant(pixels, counts([1, 2, 9]), counts([5, 5, 0]), "mIoU")


def test_all_changed_has_an_f1_and_no_change_has_none():
    """30 of 100 pixels changed: precision .3, recall 1, F1 = 2 x 30 / (2 x 30 + 70) = 6/13."""
    assert 6 / 13 == pytest.approx(best_constant(changes, counts([90, 10]), counts([70, 0], [0, 30]), "F1"))


def test_the_mean_f1_of_batches_is_taken_over_the_test_samples_in_their_order():
    """17 slices in batches of 16 and 1: F1 of "all changed" is 2 x 16 / (2 x 16 + 16) = 2/3, and 0 without a change."""
    slices = counts(*[[1, 1]] * 16, [2, 0])
    found = best_constant(changes, counts([3, 1]), slices, "F1_batch_mean")
    assert (2 / 3 + 0) / 2 == pytest.approx(found)


def test_without_labels_nothing_is_known():
    nothing, something = np.zeros((2, 3), dtype=np.int64), counts([1, 2, 3])
    assert best_constant(pixels, something, nothing, "mIoU") is None
    assert best_constant(pixels, nothing, something, "mIoU") is None
    assert best_constant(pixels, something, nothing[:0], "mIoU") is None


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    """A function that writes a multi-label set: rows of 0 and 1."""
    from bench.core import files
    from tasks.labels.multilabel import LABEL
    from tasks.prepared import Prepared

    def write(rows):
        folder = tmp_path_factory.mktemp("tags") / "a"
        with files.new_folder(folder) as work:
            writer = SliceWriter(work, len(rows), 8, NAMES, label=LABEL)
            for number, row in enumerate(rows):
                writer.add(np.zeros((8, 8, 3), dtype=np.uint8), np.array(row, dtype=np.uint8), f"image{number}")
            writer.finish({"dataset": "x", "synthetic": True, "overlap": 0.0, "palette": [[0, 0, 0]] * 3})
        return Prepared.open(folder)

    return write


# Training images, then test images; shares of the labels are 3/4, 1/4, 1/2 and 1/2, 1/4, 3/4.
ROWS = [[1, 0, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        # Constant scores: every label's AP is its share of the test images.
        ("mAP", (2 / 4 + 1 / 4 + 3 / 4) / 3),
        # Training F1 of {a}: 6/10, of {a, c}: 10/14, of all: 12/18. On test {a, c} has 5 hits and 2 + 1 + 1 errors.
        ("F1_micro", 10 / 14),
        # Every label that is named has F1 2p / (1 + p), one that is not has 0: all are named.
        ("F1_macro", (2 * 0.5 / 1.5 + 2 * 0.25 / 1.25 + 2 * 0.75 / 1.75) / 3),
    ],
)
def test_the_same_labels_for_every_image(tagged, metric, expected):
    protocol = load_protocol("ucmerced-multilabel/random-80-20").model_copy(update={"metric": metric})
    task = tasks.get("multilabel").load()(protocol, tagged(ROWS))
    assert expected == pytest.approx(task.trivial([0, 1, 2, 3], [4, 5, 6, 7]))
    assert task.trivial([0], []) is None


def test_no_box_at_all_is_what_coco_scores_0(generators, prepared, tmp_path):
    data = prepared("levir", generators("levir").write_levir(tmp_path / "raw", 6, (128, 96)), tmp_path / "out", 64)
    task = tasks.get("det").load()(load_protocol("demo/objects"), data)
    parts = task.parts()
    images = [Detections(np.asarray(data.label_at(at), dtype=float), np.zeros((0, 6))) for at in parts.test]
    assert match(images, task.scheme.classes).scores()["AP50"] == task.trivial(parts.train, parts.test) == 0.0


@pytest.mark.parametrize("name", ["demo/scenes", "demo/scenes-probe"])
def test_a_task_of_images_counts_its_own_classes(name, generators, tmp_path):
    """36 images in three classes; a third of the classes is right whatever the test part holds."""
    from bench.core.bands import RGB
    from tasks.prepared import Prepared

    path = generators("multispectral").write_prepared(tmp_path / "a", RGB, per_class=12, size=8)
    protocol = load_protocol(name)
    task = tasks.get(protocol.task).load()(protocol, Prepared.open(path))
    parts = task.parts()
    assert 1 / 3 == pytest.approx(task.trivial(parts.train, parts.test))


def test_a_task_of_pixels_agrees_with_its_metric_on_the_maps_themselves(generators, prepared, tmp_path):
    """The most frequent class in every pixel of every test slice, through the metric that scores predictions."""
    import torch

    data = prepared("potsdam", generators("isprs").write_potsdam(tmp_path / "raw"), tmp_path / "out", 32)
    task = tasks.get("seg").load()(load_protocol("demo/city"), data)
    parts = task.parts()
    answer = int(task.counts(parts.train).sum(axis=0).argmax())
    metric = task.metric()
    truths = [torch.from_numpy(task.scheme.lookup[data.label_at(at)]) for at in parts.test]
    metric.process(None, [{"prediction": torch.full_like(truth, answer), "truth": truth} for truth in truths])
    assert metric.compute_metrics(metric.results)["mIoU"] == pytest.approx(task.trivial(parts.train, parts.test))
