"""Any number of classes of an image: stored as 0 and 1, counted, joined, divided into strata and drawn."""

import numpy as np

from bench.core import files
from tasks import labels
from tasks.labels.multilabel import LABEL
from tasks.prepared import Prepared
from tasks.writing import SliceWriter, verify

LEGEND = [("water", (0, 0, 255)), ("road", (255, 255, 0))]


def test_a_set_of_it_is_found_by_its_kind_and_counts_its_classes(tmp_path):
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 2, 4, ["water", "road"], LABEL)
        for name, flags in (("a", [0, 1]), ("b", [1, 1])):
            writer.add(np.zeros((4, 4, 3), np.uint8), np.array(flags, np.uint8), name)
        writer.finish({"palette": [[0, 0, 255], [255, 255, 0]]})
    data = Prepared.open(tmp_path / "set")
    assert LABEL is data.label is labels.find("multilabel", 1)
    assert ([0, 1], [[0, 1], [1, 1]]) == (data.label_at(0).tolist(), data.class_counts.tolist())
    assert 2 == data.counts()["slices of road"]
    verify(data)


def test_a_joined_class_is_there_where_one_of_its_own_is_and_ignored_ones_are_not():
    lookup = np.full(256, 255, np.uint8)
    lookup[[0, 2]] = 0
    assert [1] == LABEL.target(np.array([1, 1, 1]), lookup, 1)["label"].tolist()
    assert [0] == LABEL.target(np.array([0, 1, 0]), lookup, 1)["label"].tolist()


def test_strata_have_a_bit_a_class_and_a_sample_counts_for_all_that_it_has():
    counts = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    assert [0, 1, 2, 3] == LABEL.strata(counts)
    assert counts.tolist() == LABEL.membership(counts).tolist()


def test_classes_stand_below_each_other_beside_the_image_and_none_is_said():
    image = np.full((64, 64, 3), 7, np.uint8)
    drawn = LABEL.draw({"image": image}, np.array([1, 1]), np.array([0, 0]), LEGEND)
    assert {"truth": "water, road", "prediction": "none"} == drawn.words
    assert ["image", "truth", "prediction"] == list(drawn.parts)
    assert (drawn.parts["truth"] != drawn.parts["prediction"]).any()
