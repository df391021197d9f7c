"""A record is read whole and valid, or refused in one line that says what to do."""

import json

import pytest
from synthetic_records import synthetic_record

from bench.core.errors import StoreError
from bench.store.records import SCHEMA, Record, read_record


def written(folder, value):
    path = folder / "key.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def record(**changes):
    return synthetic_record(key="key").to_json() | changes


def test_a_record_survives_writing_and_reading(tmp_path):
    before = synthetic_record(warnings={"late": "step 3"}, pretraining={"steps": 30.0}, row="mine", corpus=None)
    assert before == read_record(written(tmp_path, before.to_json()))


def test_the_score_is_the_headline_metric():
    assert 0.25 == synthetic_record(metric="F1", metrics={"F1": 0.25, "mIoU": 0.75}).score


def test_a_record_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        synthetic_record().fraction = 0.5


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"fraction": 0}, "fraction: Input should be greater than 0"),
        ({"fraction": 1.5}, "fraction: Input should be less than or equal to 1"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"more": 1}, "unknown key 'more'"),
        ({"metrics": {"miou": "high"}}, "metrics.miou: Input should be a valid number"),
        ({"cost": {"train_seconds": float("inf")}}, "cost.train_seconds: is not a finite number"),
        ({"pretraining": {"start_left": float("nan")}}, "pretraining.start_left: is not a finite number"),
        ({"metric": "F1"}, "metrics has no 'F1'"),
        ({"seeds": {"train": 1.5}}, "seeds.train: Input should be a valid integer"),
    ],
)
def test_a_value_that_cannot_be_is_named_by_its_place(tmp_path, change, said):
    with pytest.raises(StoreError) as caught:
        read_record(written(tmp_path, record(**change)))
    assert f"{tmp_path / 'key.json'} is not a record: {said}" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["key", "method", "fraction", "metrics", "seeds", "provenance", "cost", "corpus"])
def test_a_missing_value_is_named(tmp_path, name):
    value = record()
    del value[name]
    with pytest.raises(StoreError, match=f"is not a record: {name}: Field required"):
        read_record(written(tmp_path, value))


@pytest.mark.parametrize("content", ["", "{", '{"key": "a"', "\x00", "[" * 100_000])
def test_a_torn_file_says_that_its_cell_can_be_run_again(tmp_path, content):
    with pytest.raises(StoreError, match=r"key\.json cannot be read .*: delete it and run the study again"):
        read_record(written(tmp_path, content))


@pytest.mark.parametrize("content", ["[]", "3", "null", '"text"'])
def test_json_of_something_else_is_no_record(tmp_path, content):
    with pytest.raises(StoreError, match=r"key\.json must hold keys and values: delete it"):
        read_record(written(tmp_path, content))


@pytest.mark.parametrize("schema", [SCHEMA + 1, 99, "99"])
def test_a_newer_schema_asks_for_an_upgrade_and_not_for_deleting(tmp_path, schema):
    with pytest.raises(
        StoreError, match=rf"has schema {schema}, this version reads up to {SCHEMA}: upgrade geokr-bench"
    ):
        read_record(written(tmp_path, record(schema=schema, something="new")))


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_record_of_schema_1_is_read_with_what_its_provenance_said(tmp_path, synthetic):
    value = record(schema=1, provenance={"device": "cpu", "synthetic": synthetic})
    del value["synthetic"]
    found = read_record(written(tmp_path, value))
    assert (5, synthetic, {"device": "cpu"}) == (found.schema_version, found.synthetic, found.provenance)


def test_schema_1_without_that_word_was_real(tmp_path):
    value = record(schema=1, provenance={"device": "cpu"})
    del value["synthetic"]
    assert read_record(written(tmp_path, value)).synthetic is False


def test_what_later_versions_added_may_be_absent():
    value = record()
    for name in ("row", "pretraining", "warnings", "synthetic", "synthetic_corpus"):
        value.pop(name, None)
    found = Record.model_validate(value)
    assert (None, {}, {}, False, None) == (
        found.row,
        found.pretraining,
        found.warnings,
        found.synthetic,
        found.synthetic_corpus,
    )


def sealed_record(**changes):
    """A record as this version writes it."""
    return synthetic_record(key="key", schema=SCHEMA, **changes).to_json()


def test_a_record_of_this_version_bears_a_digest_and_is_read_with_it(tmp_path):
    value = sealed_record()
    assert value["digest"] == read_record(written(tmp_path, value)).digest


@pytest.mark.parametrize("name", sorted(set(sealed_record()) - {"schema", "digest"}))
def test_a_change_of_any_value_of_a_record_is_refused(tmp_path, name):
    other = {
        str: "other",
        float: 0.5,
        int: 7,
        bool: True,
        dict: {"more": "0.5"},
        type(None): "other",
    }
    value = sealed_record(fraction=0.25)
    changed = other[type(value[name])]
    assert changed != value[name]
    with pytest.raises(StoreError, match=r"key\.json was changed after it was written .*: restore it, or delete it"):
        read_record(written(tmp_path, value | {name: changed}))


@pytest.mark.parametrize(
    "change", [{"digest": None}, {"digest": "0" * 32}, {"schema": 5}, {"cost": {"s": float("nan")}}]
)
def test_a_digest_that_is_none_is_another_or_is_of_an_older_schema_is_refused(tmp_path, change):
    with pytest.raises(StoreError, match="was changed after it was written"):
        read_record(written(tmp_path, sealed_record() | change))


def test_a_record_of_before_bears_no_digest_and_is_written_again_as_it_was():
    before = synthetic_record(key="key").to_json()
    assert (5, False) == (before["schema"], "digest" in before)
