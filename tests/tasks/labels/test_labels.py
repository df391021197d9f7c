"""What each kind of label owns: counting, strata, membership, targets, moves and pictures."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from bench.core import files
from bench.core.errors import DataError
from tasks import labels
from tasks.augment import Moves
from tasks.labels.boxes import LABEL as BOXES
from tasks.labels.change import LABEL as CHANGE
from tasks.labels.image_class import LABEL as CLASS
from tasks.labels.mask import LABEL as MASK
from tasks.prepared import Prepared
from tasks.writing import SliceWriter, verify

LEGEND = [("water", (0, 0, 255)), ("road", (255, 255, 0))]
IMAGE = np.full((8, 8, 3), 7, np.uint8)
QUARTER_TURN = Moves([False], [False], [1])
# A stored label of each kind on slices of 4 pixels with two classes.
EXAMPLES = {
    "mask": np.array([[0, 0, 1, 255]] * 4, np.uint8),
    "change": np.array([[0, 0, 1, 255]] * 4, np.uint8),
    "class": 1,
    "boxes": np.array([[0, 1, 2, 3, 1], [0, 0, 4, 4, 1]]),
}
KINDS = pytest.mark.parametrize("label", [MASK, CHANGE, CLASS, BOXES], ids=lambda label: label.name)


def _write(folder, label):
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, 1, 4, ["water", "road"], label)
        writer.add(np.arange(48 * label.dates, dtype=np.uint8).reshape(4, 4, -1), EXAMPLES[label.name], "a")
        writer.finish({"palette": [[0, 0, 255], [255, 255, 0]]})
    return Prepared.open(folder)


@KINDS
def test_what_a_kind_stores_it_reads_back_and_the_set_knows_its_kind(label, tmp_path):
    data = _write(tmp_path / "set", label)
    assert label is data.label
    assert np.array_equal(EXAMPLES[label.name], data.label_at(0))
    verify(data)


@KINDS
def test_counts_are_of_the_classes_and_named_by_their_unit(label, tmp_path):
    data = _write(tmp_path / "set", label)
    expected = {"mask": [8, 4], "change": [8, 4], "class": [0, 1], "boxes": [0, 2]}[label.name]
    assert [expected] == data.class_counts.tolist()
    assert data.counts()[f"{label.unit} of road"] == expected[1]


@KINDS
def test_a_kind_that_is_unknown_is_refused_with_its_word(label, tmp_path):
    data = _write(tmp_path / "set", label)
    index = json.loads((data.path / "index.json").read_text())
    (data.path / "index.json").write_text(json.dumps(index | {"kind": "keypoints"}))
    with pytest.raises(DataError, match=r"index\.json has labels of kind 'keypoints'"):
        _ = Prepared.open(data.path).label


def test_kinds_are_found_by_listing_the_folder():
    modules = {found.name for found in labels.pkgutil.iter_modules(labels.__path__)} - {"label"}
    assert len(modules) == len(labels.known())


def test_a_kind_of_another_package_joins_by_its_entry_point(tmp_path):
    """A real package on the path of a real process."""
    (tmp_path / "keypoints.py").write_text(
        "from tasks.labels.mask import Mask\nclass Points(Mask):\n    kind = name = 'points'\nLABEL = Points()\n"
    )
    facts = tmp_path / "keypoints-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: keypoints\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[geokr_bench.labels]\npoints = keypoints:LABEL\n")
    code = "from tasks import labels; print(labels.find('points', 1).name)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert "points\n" == done.stdout


def test_strata_of_masks_are_dominant_classes_and_none_is_its_own():
    assert [1, 0, -1] == MASK.strata(np.array([[1, 2], [3, 3], [0, 0]]))


def test_strata_of_pairs_are_whether_anything_changed():
    assert [1, 0] == CHANGE.strata(np.array([[90, 1], [100, 0]]))


def test_strata_of_classes_are_classes_and_an_ignored_one_is_its_own():
    assert [1, 0, 255] == CLASS.strata(np.array([[0, 1], [1, 0], [0, 0]]))


def test_strata_of_boxes_have_a_bit_for_each_class_present():
    assert [0, 1, 2, 3] == BOXES.strata(np.array([[0, 0], [5, 0], [0, 1], [1, 1]]))


def test_a_sample_counts_for_its_dominant_class_or_for_all_that_it_shows():
    counts = np.array([[2, 9], [0, 0], [4, 4]])
    assert [[0, 1], [0, 0], [1, 0]] == MASK.membership(counts).tolist()
    assert [[1, 1], [0, 0], [1, 1]] == BOXES.membership(counts).tolist()
    assert [[0, 1], [0, 0], [1, 0]] == CHANGE.membership(np.array([[9, 1], [0, 0], [9, 0]])).tolist()


def test_targets_are_in_the_classes_of_the_protocol():
    """Classes 0 and 2 are joined into class 0, class 1 is ignored."""
    lookup = np.full(256, 255, np.uint8)
    lookup[[0, 2]] = 0
    assert [0, 255, 0] == MASK.target(np.array([0, 1, 2]), lookup, 1)["label"].tolist()
    boxes = BOXES.target(np.array([[0, 0, 1, 1, 2], [0, 0, 2, 2, 1]], np.float32), lookup, 1)
    assert ([[0, 0, 1, 1]], [0]) == (boxes["boxes"].tolist(), boxes["classes"].tolist())


def test_masks_and_boxes_turn_with_their_image_and_classes_stay():
    """A quarter turn counter-clockwise takes the right upper corner to the left upper one."""
    mask = torch.zeros(1, 4, 4, dtype=torch.uint8)
    mask[0, 0, 3] = 1
    assert 1 == MASK.move({"label": mask}, QUARTER_TURN, 4)["label"][0, 0, 0]
    moved = BOXES.move({"boxes": [torch.tensor([[3.0, 0, 4, 1]])], "classes": [torch.tensor([1])]}, QUARTER_TURN, 4)
    assert ([[0, 0, 1, 1]], [1]) == (moved["boxes"][0].tolist(), moved["classes"][0].tolist())
    numbers = torch.tensor([3])
    assert numbers is CLASS.move({"label": numbers}, QUARTER_TURN, 4)["label"]


def test_masks_are_painted_in_the_classes_colours_and_grey_where_ignored():
    mask = np.array([[0, 1], [255, 0]])
    drawn = MASK.draw({"image": IMAGE}, mask, mask, LEGEND)
    assert ["image", "truth", "prediction"] == list(drawn.parts)
    assert [[0, 0, 255], [255, 255, 0]] == drawn.parts["truth"][0].tolist()
    assert [96, 96, 96] == drawn.parts["prediction"][1, 0].tolist()


def test_both_dates_of_a_pair_are_shown():
    mask = np.zeros((8, 8), int)
    drawn = CHANGE.draw({"before": IMAGE, "after": IMAGE}, mask, mask, LEGEND)
    assert ["before", "after", "truth", "prediction"] == list(drawn.parts)


def test_boxes_are_outlined_and_weak_ones_are_not():
    truth = np.array([[1.0, 1, 6, 6, 1]])
    found = np.array([[1.0, 1, 6, 6, 0, 0.9], [0.0, 0, 8, 8, 1, 0.29]])
    drawn = BOXES.draw({"image": IMAGE}, truth, found, LEGEND)
    assert [255, 255, 0] == drawn.parts["truth"][1, 3].tolist()
    assert [0, 0, 255] == drawn.parts["prediction"][1, 3].tolist()
    assert [7, 7, 7] == drawn.parts["prediction"][0, 0].tolist()


def test_classes_stand_in_words_beside_the_image():
    drawn = CLASS.draw({"image": IMAGE}, 0, 1, LEGEND)
    assert {"truth": "water", "prediction": "road"} == drawn.words
    assert {8} == {part.shape[0] for part in drawn.parts.values()}
