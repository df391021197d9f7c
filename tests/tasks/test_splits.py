"""Splits divide every sample once, in the ratio asked for."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import DataError
from tasks.protocols import Split
from tasks.splits import divide


def _data(names, sources=None, parts=None):
    return SimpleNamespace(names=names, sources=sources or names, parts=parts or [None] * len(names), path="set")


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
