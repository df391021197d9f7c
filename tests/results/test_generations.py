"""Of several records of one cell, the one of the newest code stands."""

import os

import pytest
from synthetic_records import synthetic_record

from bench.store.records import Record
from results.generations import newest


def found(folder, key, *, method=1, task=1, age=0, **changes):
    """A record and its file, `age` seconds old."""
    code = {"code": {"method": method, "task": task}} if method is not None else {}
    path = folder / f"{key}.json"
    path.write_text("{}")
    os.utime(path, (1_000_000 - age, 1_000_000 - age))
    return path, synthetic_record(key=key, provenance=code, **changes)


def keys(standing) -> list[str]:
    return [record.key for _, record in standing]


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"method": 1}, {"method": 2}),
        ({"task": 1}, {"task": 2}),
        ({"method": 1, "task": 9}, {"method": 2, "task": 1}),
        ({"age": 9}, {"age": 1}),
        ({"method": None}, {"method": 1, "age": 99}),
        ({"task": 9}, {"task": 10}),
    ],
)
def test_the_higher_version_stands_and_then_the_later_file(tmp_path, older, newer):
    pair = [found(tmp_path, "a", **newer), found(tmp_path, "b", **older)]
    standing, aside = newest(pair)
    assert ["a"] == keys(standing)
    assert [f"{tmp_path / 'b.json'} is superseded by a.json (same cell, newer code or data): delete it"] == aside
    assert ["a"] == keys(newest(pair[::-1])[0])


@pytest.mark.parametrize(
    "change",
    [
        {"method": "moco"},
        {"backbone": "resnet50"},
        {"protocol": "demo/other"},
        {"protocol_hash": "bbbb1111bbbb2222"},
        {"dataset": "demo-other"},
        {"fraction": 0.5},
        {"seed": 1},
        {"options": {"init": "imagenet"}},
        {"corpus": "dddd4444"},
        {"pretrain": 12},
    ],
)
def test_what_differs_in_anything_but_the_code_is_another_cell(tmp_path, change):
    one, other = synthetic_record(key="a"), synthetic_record(key="b", **change)
    paths = [tmp_path / "a.json", tmp_path / "b.json"]
    for path in paths:
        path.write_text("{}")
    standing, aside = newest(list(zip(paths, [one, other], strict=True)))
    assert (["a", "b"], []) == (keys(standing), aside)


def test_the_name_of_a_row_makes_no_other_cell(tmp_path):
    pair = [found(tmp_path, "a", method=1), found(tmp_path, "b", method=2, row="mine")]
    assert ["b"] == keys(newest(pair)[0])


def test_of_three_generations_one_stands_and_the_others_keep_their_order(tmp_path):
    several = [
        found(tmp_path, "a", task=1),
        found(tmp_path, "x", seed=5),
        found(tmp_path, "b", task=3),
        found(tmp_path, "c", task=2),
    ]
    standing, aside = newest(several)
    assert ["x", "b"] == keys(standing)
    assert ["a.json", "c.json"] == [line.split(" is superseded")[0].rsplit("/", 1)[1] for line in aside]


def test_versions_that_are_no_numbers_count_as_none(tmp_path):
    path, record = found(tmp_path, "a")
    odd = Record.model_validate(
        record.to_json() | {"key": "b", "provenance": {"code": {"method": "new", "task": None}}}
    )
    (tmp_path / "b.json").write_text("{}")
    assert ["a"] == keys(newest([(path, record), (tmp_path / "b.json", odd)])[0])


def test_nothing_found_is_nothing():
    assert ([], []) == newest([])
