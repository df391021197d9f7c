import pandas as pd
import pytest

from results import load
from results.cache import load_cached

pytest.importorskip("pyarrow", reason="the Parquet cache is an extra: geokr-bench[parquet]")


def test_the_cached_frame_equals_the_frame(store):
    first, second = load_cached(store), load_cached(str(store))
    for table in (first, second):
        pd.testing.assert_frame_equal(load(store), table, check_dtype=False)
    assert 1 == len(list((store / ".cache").glob("*.parquet")))


def test_a_record_that_came_or_changed_or_went_is_noticed(store, make_record, write_store):
    assert 27 == len(load_cached(store))
    write_store(store, [make_record(key="new", method="byol")])
    assert 28 == len(load_cached(store))
    write_store(store, [make_record(key="new", method="byol", metrics={"miou": 0.125})])
    assert 0.125 in set(load_cached(store)["score"])
    (store / "records" / "new.json").unlink()
    assert 27 == len(load_cached(store))
    assert 1 == len(list((store / ".cache").glob("*.parquet")))


def test_damage_is_named_every_time(store):
    (store / "records" / "torn.json").write_text("{")
    for _ in range(2):
        problems = []
        load_cached(store, on_problem=problems.append)
        assert 1 == len(problems)
