"""Stores of every version that wrote records are read; those of versions to come are refused with the way out.

Each folder of `tests/data/stores` holds two real records, as they were committed when their schema was the newest, and
what was kept beside them then.
"""

import json
import shutil
from pathlib import Path

import pytest

from bench.core.errors import StoreError
from bench.store.contents import contents
from bench.store.records import OLDEST, SCHEMA
from bench.store.store import Store
from results.answers import answers, render, select
from results.frame import load, scan
from results.verify import verify

STORES = Path(__file__).resolve().parents[2] / "data" / "stores"
EVERY = sorted(path.name for path in STORES.iterdir())


def test_every_schema_so_far_has_a_store():
    assert EVERY == [f"schema-{number}" for number in range(OLDEST, SCHEMA + 1)]


@pytest.mark.parametrize("name", EVERY)
def test_its_records_are_of_that_schema(name):
    schemas = {json.loads(path.read_text())["schema"] for path in (STORES / name / "records").iterdir()}
    assert {int(name.removeprefix("schema-"))} == schemas


@pytest.mark.parametrize("name", EVERY)
def test_it_is_sound_and_is_read_whole(name):
    assert [] == verify(STORES / name)
    frame = load(STORES / name, on_problem=pytest.fail)
    assert (2, 0) == (len(frame), int(frame["score"].isna().sum()))
    cards = list(Store(STORES / name).cards())
    assert {card["key"] for card in cards} == {record.weights for record in scan(STORES / name).records}
    assert 2 == next(each.entries for each in contents(STORES / name) if each.name == "records")


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("form", ["text", "markdown", "latex", "json"])
def test_a_verdict_of_it_is_no_traceback_though_its_two_records_may_share_no_block(name, form):
    """A store in which nothing can be compared once lost the columns of its empty table."""
    found = answers(STORES / name, load(STORES / name), pytest.fail)
    assert isinstance(render(found, select(found, [], []), form), str)


@pytest.mark.parametrize(
    ("schema", "way_out"),
    [
        (SCHEMA + 1, "upgrade geokr-bench"),
        (0, "delete it and run the study again"),
        (None, "delete it and run the study again"),
    ],
)
def test_a_record_of_another_schema_is_left_out_with_the_way_out(tmp_path, schema, way_out):
    shutil.copytree(STORES / "schema-5", tmp_path / "store")
    path = min((tmp_path / "store" / "records").iterdir())
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": schema}))
    (problem,) = scan(tmp_path / "store").problems
    assert way_out in problem
    assert 1 == len(scan(tmp_path / "store").records)


@pytest.mark.parametrize(
    ("content", "way_out"),
    [({"schema": 2}, "upgrade geokr-bench"), ({}, "choose another --store"), ([], "choose another --store")],
)
def test_a_store_of_another_layout_is_refused_with_the_way_out(tmp_path, content, way_out):
    shutil.copytree(STORES / "schema-5", tmp_path / "store")
    (tmp_path / "store" / "store.json").write_text(json.dumps(content))
    with pytest.raises(StoreError, match=way_out):
        Store(tmp_path / "store")
