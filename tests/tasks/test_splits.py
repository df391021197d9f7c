"""Splits divide every sample once, in the ratio asked for."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import DataError
from tasks.labels.image_class import LABEL as CLASS
from tasks.protocol_parts import Split
from tasks.protocols import load_protocol
from tasks.splits import check_lists, divide


def _data(names, sources=None, parts=None, places=None):
    return SimpleNamespace(
        names=names, sources=sources or names, parts=parts or [None] * len(names), places=places, path="set"
    )


@given(st.integers(10, 300), st.integers(0, 5))
def test_every_sample_is_in_exactly_one_part_and_parts_have_the_ratio(count, seed):
    names = [f"slice-{number}" for number in range(count)]
    parts = divide(Split(by="slice", ratio=(3, 1, 1), seed=seed), _data(names))
    assert sorted(parts.train + parts.val + parts.test) == list(range(count))
    assert abs(len(parts.train) - count * 3 / 5) <= 1
    assert abs(len(parts.val) - count / 5) <= 1


@given(st.integers(0, 5))
def test_slices_of_one_image_stay_together_when_images_are_drawn(seed):
    sources = [f"image-{number // 4}" for number in range(80)]
    names = [f"{source}@{number}" for number, source in enumerate(sources)]
    parts = divide(Split(by="image", ratio=(3, 1, 1), seed=seed), _data(names, sources))
    of = [{sources[at] for at in part} for part in (parts.train, parts.val, parts.test)]
    assert not of[0] & of[1]
    assert not of[0] & of[2]
    assert not of[1] & of[2]


@given(st.integers(0, 5), st.integers(3, 12))
def test_all_images_of_one_place_stay_together_and_no_part_is_empty(seed, count):
    places = [f"place-{number % count}" for number in range(60)]
    data = _data([f"image-{number}" for number in range(60)], places=places)
    parts = divide(Split(by="place", ratio=(18, 1, 1), seed=seed), data)
    of = [{places[at] for at in part} for part in (parts.train, parts.val, parts.test)]
    assert (count - 2, 1, 1) == tuple(map(len, of))
    assert count == len(of[0] | of[1] | of[2])
    assert 60 == len(parts.train) + len(parts.val) + len(parts.test)


def test_fewer_places_than_parts_are_refused():
    with pytest.raises(DataError, match="has 2 places, which cannot be divided into 3 parts"):
        divide(Split(by="place", ratio=(3, 1, 1), seed=0), _data(list("abcd"), places=list("xyxy")))


def test_a_split_does_not_depend_on_the_order_of_the_samples():
    names = [f"slice-{number}" for number in range(50)]
    split = Split(by="slice", ratio=(3, 1, 1), seed=1)
    forward = {names[at] for at in divide(split, _data(names)).train}
    backward = {names[::-1][at] for at in divide(split, _data(names[::-1])).train}
    assert forward == backward


def test_another_seed_is_another_split():
    names = [f"slice-{number}" for number in range(50)]
    trains = [divide(Split(by="slice", ratio=(3, 0, 1), seed=seed), _data(names)).train for seed in range(3)]
    assert len({tuple(train) for train in trains}) == 3


@pytest.mark.parametrize("by", ["slice", "stratum"])
def test_a_split_for_choosing_options_leaves_out_what_tables_score(by):
    data = _data([f"slice-{number}" for number in range(50)])
    data.label, data.class_counts = CLASS, np.eye(5, dtype=np.int64)[np.arange(50) % 5]
    scored = divide(Split(by=by, ratio=(8, 0, 2), seed=1), data)
    chosen = divide(Split(by=by, ratio=(6, 2, 2), seed=1, scored="val"), data)
    assert (len(chosen.train), chosen.val, len(chosen.test)) == (30, [], 10)
    assert sorted(chosen.train + chosen.test) == scored.train


def test_what_a_split_scores_enters_its_protocol_where_it_is_not_the_test_part():
    assert "scored" not in Split(by="given").model_dump()
    assert Split(by="given", scored="val").model_dump()["scored"] == "val"


def test_given_parts_are_taken_as_they_are():
    data = _data(list("abcd"), parts=["train", "test", "val", "train"])
    parts = divide(Split(by="given"), data)
    assert (parts.train, parts.val, parts.test) == ([0, 3], [2], [1])


def test_areas_are_taken_by_name_and_an_unnamed_image_is_refused():
    areas = {"train": ["a"], "val": ["b"], "test": ["c"]}
    data = _data(["a@0", "a@1", "b@0", "c@0"], sources=["a", "a", "b", "c"])
    parts = divide(Split(by="area", areas=areas), data)
    assert (parts.train, parts.val, parts.test) == ([0, 1], [2], [3])
    with pytest.raises(DataError, match="image d"):
        divide(Split(by="area", areas=areas), _data(["d@0"], sources=["d"]))


def test_an_empty_part_is_refused():
    with pytest.raises(DataError, match="no test samples"):
        divide(Split(by="given"), _data(["a"], parts=["train"]))


@given(st.lists(st.integers(2, 40), min_size=3, max_size=5), st.integers(0, 3))
def test_a_draw_by_stratum_takes_every_class_in_proportion_within_two(sizes, seed):
    classes = [number for number, size in enumerate(sizes) for _ in range(size)]
    data = _data([f"slice-{at}" for at in range(len(classes))])
    data.label, data.class_counts = CLASS, np.eye(len(sizes), dtype=np.int64)[classes]
    parts = divide(Split(by="stratum", ratio=(4, 0, 1), seed=seed), data)
    assert sorted(parts.train + parts.test) == list(range(len(classes)))
    for number, size in enumerate(sizes):
        assert abs(sum(classes[at] == number for at in parts.train) - size * 4 / 5) < 2


@pytest.fixture
def lists(tmp_path):
    """A split by two files of a user's, and the set in whose folder they lie."""
    texts = {"train": "c_1.jpg\nc_2.jpg\n", "test": "d_1.jpg\n\n"}
    for part, text in texts.items():
        (tmp_path / f"{part}.txt").write_text(text)
    sums = {part: hashlib.md5(text.encode()).hexdigest() for part, text in texts.items()}
    split = Split(
        by="list",
        lists={part: {"file": f"{part}.txt", "md5": sums[part]} for part in texts},
        lists_from="https://lists.example",
    )
    data = _data(["d/d_1@0", "c/c_2@0", "c/c_1@0"], sources=["d/d_1", "c/c_2", "c/c_1"])
    data.path = tmp_path
    return split, data


def test_lists_of_a_users_name_the_images_of_each_part_whatever_their_folder_and_ending(lists):
    split, data = lists
    check_lists(split, data)
    parts = divide(split, data)
    assert (parts.train, parts.val, parts.test) == ([1, 2], [], [0])


def test_a_missing_list_is_refused_with_where_to_get_it_and_where_to_put_it(lists):
    split, data = lists
    (data.path / "test.txt").unlink()
    for ask in (check_lists, divide):
        with pytest.raises(
            DataError, match=rf"test\.txt: get it from https://lists\.example and put it into {data.path}"
        ):
            ask(split, data)


def test_another_list_than_the_published_one_is_refused(lists):
    split, data = lists
    (data.path / "test.txt").write_text("c_1.jpg\nd_1.jpg\n")
    with pytest.raises(DataError, match=r"test\.txt is not the published list \(md5 "):
        check_lists(split, data)


def _with_images(data, *sources):
    changed = _data([f"{source}@0" for source in sources], sources=list(sources))
    changed.path = data.path
    return changed


def test_lists_of_other_images_than_the_set_has_are_refused(lists):
    split, data = lists
    with pytest.raises(DataError, match="has the image c_3, which no list names"):
        divide(split, _with_images(data, *data.sources, "c/c_3"))
    with pytest.raises(DataError, match="lacks the image c_2, which a list names"):
        divide(split, _with_images(data, "d/d_1", "c/c_1"))
    with pytest.raises(DataError, match="images of one name in several folders"):
        divide(split, _with_images(data, *data.sources, "d/c_1"))


def test_protocols_without_lists_keep_the_hash_that_they_had():
    """It is in the key of every record that was made before splits could be lists."""
    assert "f075180dce20817b" == load_protocol("geokr-2021/ucmerced").hash
