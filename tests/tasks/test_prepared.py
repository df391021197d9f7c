"""A prepared set is complete or absent, and says when it was touched."""

import json

import numpy as np
import pytest

from bench.core import files
from bench.core.errors import DataError
from tasks import datasets
from tasks.labels.boxes import LABEL as BOXES
from tasks.prepared import Prepared
from tasks.writing import SliceWriter, verify

PALETTE = {"palette": [[0, 0, 0], [255, 255, 255]]}


def _write(folder, names=("a", "b"), value=0):
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, len(names), 4, ["one", "two"])
        for number, name in enumerate(names):
            writer.add(np.full((4, 4, 3), number + value, np.uint8), np.full((4, 4), number % 2, np.uint8), name, 0, 4)
        writer.finish(PALETTE)
    return Prepared.open(folder)


def test_what_was_written_is_read_and_counted(tmp_path):
    data = _write(tmp_path / "set")
    assert (len(data), data.label.name, data.names) == (2, "mask", ["a@0,4", "b@0,4"])
    assert data.images[1].tolist() == np.ones((4, 4, 3)).tolist()
    assert data.class_counts.tolist() == [[16, 0], [0, 16]]
    assert data.counts() == {"images": 2, "slices": 2, "pixels of one": 16, "pixels of two": 16}
    verify(data)


def test_the_hash_follows_pixels_and_names(tmp_path):
    hashes = {
        _write(tmp_path / "1").hash,
        _write(tmp_path / "2", value=1).hash,
        _write(tmp_path / "3", names=("a", "c")).hash,
    }
    assert len(hashes) == 3
    assert _write(tmp_path / "4").hash == _write(tmp_path / "5").hash


def test_boxes_are_read_back_by_slice(tmp_path):
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 2, 4, ["one", "two"], BOXES)
        writer.add(np.zeros((4, 4, 3), np.uint8), np.empty((0, 5)), "empty")
        writer.add(np.zeros((4, 4, 3), np.uint8), np.array([[0, 1, 2, 3, 1]]), "full")
        writer.finish(PALETTE)
    data = Prepared.open(tmp_path / "set")
    assert data.label_at(0).shape == (0, 5)
    assert data.label_at(1).tolist() == [[0, 1, 2, 3, 1]]
    assert data.class_counts.tolist() == [[0, 0], [0, 1]]


def test_a_changed_a_missing_and_an_added_file_are_named(tmp_path):
    data = _write(tmp_path / "set")
    pixels = np.lib.format.open_memmap(tmp_path / "set" / "images.npy", mode="r+")
    pixels[0, 0, 0] = 9
    pixels.flush()
    with pytest.raises(DataError, match=r"images\.npy has changed"):
        verify(data)
    (tmp_path / "set" / "images.npy").unlink()
    with pytest.raises(DataError, match=r"images\.npy is missing"):
        verify(data)
    other = _write(tmp_path / "other")
    np.save(tmp_path / "other" / "extra.npy", np.zeros(1))
    with pytest.raises(DataError, match=r"extra\.npy does not belong"):
        verify(other)


def test_a_changed_index_is_noticed(tmp_path):
    data = _write(tmp_path / "set")
    file = tmp_path / "set" / "index.json"
    index = json.loads(file.read_text())
    index["classes"] = ["two", "one"]
    file.write_text(json.dumps(index))
    with pytest.raises(DataError, match=r"index\.json has changed"):
        verify(Prepared.open(data.path))


def test_what_the_registry_declares_is_no_part_of_the_hash(generators, prepared, tmp_path):
    raw = generators("scene_folders").write_ucmerced(tmp_path / "raw", size=40)
    real, drawn = (prepared(name, raw, tmp_path / name, 32) for name in ("ucmerced", "demo-scenes"))
    assert (False, "ucmerced") == (real.synthetic, real.index["dataset"])
    assert (True, "demo-scenes") == (drawn.synthetic, drawn.index["dataset"])
    assert real.hash == drawn.hash
    verify(drawn)


def test_the_demos_data_sets_and_no_others_are_declared_synthetic():
    declared = {name for name, spec in datasets.registry.all().items() if spec.synthetic}
    assert {"demo-city", "demo-scenes", "demo-objects", "demo-clouds", "demo-change", "demo-tags"} == declared


def test_a_set_of_schema_2_is_read_as_it_is(tmp_path):
    """It was written before sets said whether they are synthetic: a user need not prepare Potsdam again."""
    new = _write(tmp_path / "set")
    index = json.loads((new.path / "index.json").read_text())
    for name in ("synthetic", "duplicates", "dataset", "published"):
        index.pop(name, None)
    del index["digest"]  # which came later
    (new.path / "index.json").write_text(json.dumps(index | {"schema": 2}))
    old = Prepared.open(new.path)
    assert (new.hash, new.counts(), False, {}) == (old.hash, old.counts(), old.synthetic, old.repeats())
    verify(old)


def test_equal_slices_are_grouped_with_whether_their_labels_agree(tmp_path):
    draw = np.random.default_rng(0).integers(0, 255, (2, 4, 4, 3), dtype=np.uint8)
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 6, 4, ["one", "two"])
        for name, image, label, part in (
            ("a", draw[0], 0, "train"), ("b", draw[1], 0, "train"), ("c", draw[0], 1, "test"), ("d", draw[1], 0, "train"),
            ("e", np.zeros((4, 4, 3), np.uint8), 0, "train"), ("f", np.zeros((4, 4, 3), np.uint8), 0, "test"),
        ):  # fmt: skip
            writer.add(image, np.full((4, 4), label, np.uint8), name, part=part)
        writer.finish(PALETTE)
    data = Prepared.open(tmp_path / "set")
    assert data.index["duplicates"] == [
        {"slices": ["a@0,0", "c@0,0"], "same_label": False},
        {"slices": ["b@0,0", "d@0,0"], "same_label": True},
    ]
    assert data.repeats() == {
        "slices that repeat another": 2,
        "groups of equal slices with different labels": 1,
        "groups of equal slices in several parts": 1,
    }


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"no array"])
def test_an_array_that_is_empty_or_torn_is_named(tmp_path, content):
    data = _write(tmp_path / "set")
    (data.path / "images.npy").write_bytes(content)
    with pytest.raises(DataError, match=r"images\.npy cannot be read \(.*\): prepare the data set again"):
        _ = data.images


def _write_half(folder):
    with files.new_folder(folder) as work:
        writer = SliceWriter(work, 2, 4, ["one", "two"])
        writer.add(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8), "a")
        writer.finish(PALETTE)


def test_fewer_slices_than_announced_leave_nothing_behind(tmp_path):
    with pytest.raises(DataError, match="1 slices came, 2 were announced"):
        _write_half(tmp_path / "set")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "again"),
        ('{"schema": "3"}', "again"),
        ('{"schema": 1}', "this version reads from 2 on"),
        (None, "no prepared data set"),
        ("{", r"index\.json cannot be read .*: prepare the data set again"),
        ('{"schema": 99}', "upgrade"),
        ("{}", "again"),
    ],
)
def test_an_absent_torn_newer_or_older_index_is_refused_in_words(tmp_path, text, said):
    if text is not None:
        (tmp_path / "index.json").write_text(text)
    with pytest.raises(DataError, match=said):
        Prepared.open(tmp_path)


def test_a_set_that_would_fill_the_disk_is_refused_before_a_byte_is_written(tmp_path):
    with pytest.raises(DataError, match="choose another disk"):
        SliceWriter(tmp_path, 10**9, 256, ["one"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("slices", ["a"], "slices.0: Input should be a valid dictionary"),
        ("slices", [{"source": "a", "x": 0}], "slices.0.y: Field required"),
        ("slices", 3, "slices: "),
        ("classes", [], "classes: "),
        ("palette", [[]], "palette.0"),
        ("palette", [[0, 0, 256]], "palette.0.2"),
        ("footprints", [None], "1 footprints of 2 slices"),
        ("footprints", [[[0.0, 0.0]], None], "footprints.0"),
        ("duplicates", [{"slices": ["z@0,0"], "same_label": True}], "duplicates name 'z@0,0', which is no slice"),
        ("files", [], "files: "),
    ],
)
def test_an_index_whose_parts_are_not_what_they_must_be_is_one_line(tmp_path, part, value, said):
    """Found by fuzzing: each was a traceback of whoever read that part first."""
    data = _write(tmp_path / "set")
    (data.path / "index.json").write_text(json.dumps(data.index | {part: value}))
    with pytest.raises(DataError, match=r"index\.json is no index of a prepared set") as caught:
        Prepared.open(data.path)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_arrays_of_another_length_than_the_index_are_refused(tmp_path):
    data = _write(tmp_path / "set")
    (data.path / "index.json").write_text(json.dumps(data.index | {"slices": data.index["slices"][:1]}))
    with pytest.raises(DataError, match=r"images\.npy is \(2, 4, 4, 3\), its index has 1 slices of 2 classes"):
        _ = Prepared.open(data.path).images


@pytest.mark.parametrize("part", ["size", "palette", "kind", "duplicates"])
def test_a_changed_word_of_an_index_is_found_though_no_array_and_no_name_changed(tmp_path, part):
    data = _write(tmp_path / "set")
    other = {"size": 8, "palette": [[9, 9, 9]] * 2, "kind": "class", "duplicates": [{"slices": [], "same_label": True}]}
    (data.path / "index.json").write_text(json.dumps(data.index | {part: other[part]}))
    with pytest.raises(DataError, match=r"index\.json has changed since it was written"):
        verify(Prepared.open(data.path))
