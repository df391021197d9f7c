import json
from pathlib import Path

import pandas as pd
import pytest
from pydantic import ValidationError

from bench.core.errors import StoreError
from results import frame, load


def test_a_store_loads_as_one_row_a_record_with_the_documented_columns(store):
    table = load(store)
    assert list(frame.COLUMNS) == list(table.columns)
    assert 27 == len(table)
    pd.testing.assert_frame_equal(table, load(str(store)))
    row = table[(table["method"] == "geokr") & (table["fraction"] == 1.0) & (table["seed"] == 2)].iloc[0]
    assert (202, 100, 12.5) == (row["train_seed"], row["n_train"], row["train_seconds"])


def test_a_store_without_records_folder_is_an_error_that_names_it(tmp_path):
    with pytest.raises(StoreError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_an_empty_store_is_an_empty_frame_with_all_columns(tmp_path):
    (tmp_path / "records").mkdir()
    assert list(frame.COLUMNS) == list(load(tmp_path).columns)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("torn.json", '{"schema": 1, "key": "torn", "meth', "torn.json cannot be read"),
        ("list.json", "[1, 2]", "list.json must hold keys and values"),
        ("binary.json", b"\xff\xfe\x00", "binary.json cannot be read"),
        ("newer.json", '{"schema": 99}', "schema 99"),
        ("deep.json", "[" * 100_000, "deep.json"),
        ("notes.txt", "hello", "notes.txt is not a record"),
    ],
)
def test_a_damaged_foreign_or_newer_file_is_named_and_the_rest_stands(store, name, content, said):
    path = store / "records" / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    problems = []
    assert 27 == len(load(store, on_problem=problems.append))
    assert 1 == len(problems)
    assert said in problems[0]


def test_a_newer_schema_written_as_text_is_not_taken_for_ours(store, make_record):
    value = make_record(key="sly").to_json() | {"schema": "99"}
    (store / "records" / "sly.json").write_text(json.dumps(value))
    problems = []
    assert 27 == len(load(store, on_problem=problems.append))
    assert "has schema 99, this version reads up to 6: upgrade" in problems[0]


def test_a_record_with_nan_is_left_out(store, make_record):
    value = make_record().to_json()
    value["metrics"]["miou"] = float("nan")
    (store / "records" / f"{value['key']}.json").write_text(json.dumps(value))
    problems = []
    assert 27 == len(load(store, on_problem=problems.append))
    assert "metrics.miou" in problems[0]


def test_a_record_copied_under_another_name_is_foreign_so_that_no_score_counts_twice(store):
    path = next((store / "records").iterdir())
    (store / "records" / "copy.json").write_bytes(path.read_bytes())
    problems = []
    assert 27 == len(load(store, on_problem=problems.append))
    assert "copy.json is foreign" in problems[0]


def test_files_that_are_being_written_are_not_looked_at(store):
    (store / "records" / ".abc.json.x.part").write_text("{")
    assert 27 == len(frame.scan(store).records)
    assert [] == frame.scan(store).problems


def test_of_two_records_of_one_cell_the_newer_code_stands_and_the_other_is_named(tmp_path, make_record, write_store):
    old, new = (
        make_record(key=key, provenance={"code": {"method": version, "task": 1}}, metrics={"miou": score})
        for key, version, score in (("zz-old", 1, 0.1), ("aa-new", 2, 0.9))
    )
    write_store(tmp_path, [new, old])
    problems = []
    assert [0.9] == list(load(tmp_path, on_problem=problems.append)["score"])
    assert ["zz-old.json is superseded by aa-new.json" in problem for problem in problems] == [True]


def test_many_superseded_records_are_one_line(tmp_path, make_record, write_store):
    write_store(tmp_path, [make_record(key=f"k{i}", seed=i // 2) for i in range(6)])
    problems = []
    assert 3 == len(load(tmp_path, on_problem=problems.append))
    assert ["and 2 more" in problem for problem in problems] == [True]


def test_two_pretrainings_or_subsets_of_one_method_are_not_generations(tmp_path, make_record, write_store):
    seeds = [{"pretrain": p, "subset": s, "train": 1} for p in (1, 2) for s in (1, 2)]
    write_store(tmp_path, [make_record(seeds=value) for value in seeds])
    assert 4 == len(load(tmp_path))


def test_a_record_with_a_cost_that_is_not_a_number_is_left_out(store, make_record):
    value = make_record(key="nan-cost").to_json()
    value["cost"]["train_seconds"] = float("nan")
    (store / "records" / "nan-cost.json").write_text(json.dumps(value))
    problems = []
    assert 27 == len(load(store, on_problem=problems.append))
    assert "cost" in problems[0]


def test_problems_warn_when_nobody_asks_for_them(store):
    (store / "records" / "torn.json").write_text("{")
    with pytest.warns(UserWarning, match=r"torn\.json"):
        load(store)


def test_records_of_every_schema_so_far_still_load(tmp_path):
    kept = Path(__file__).with_name("old_records")
    (tmp_path / "records").mkdir()
    for path in kept.iterdir():
        record = json.loads(path.read_text())
        (tmp_path / "records" / f"{record['key']}.json").write_bytes(path.read_bytes())
    assert ["schema1", "schema2", "schema3"] == list(load(tmp_path)["key"])


def test_the_guide_documents_every_column_as_the_code_does():
    guide = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    for name, meaning in frame.COLUMNS.items():
        assert f"| `{name}` | {meaning} |" in guide


def test_names_given_to_the_rows_override_those_in_the_records_and_a_record_may_stand_in_two(make_record):
    record = make_record(method="moco", row="of another study", metrics={"miou": 0.5})
    table = frame.from_records([record, record, record], rows=["a", "b", None])
    assert ["a", "b", "moco"] == list(table["variant"])
    assert ["of another study"] == list(frame.from_records([record])["variant"])


def test_a_record_that_comes_twice_in_one_row_counts_once(make_record):
    record = make_record(method="moco")
    assert 1 == len(frame.from_records([record, record], rows=["moco", None]))


def test_names_of_fewer_rows_than_records_are_refused(make_record):
    with pytest.raises(ValueError, match="shorter"):
        frame.from_records([make_record(seed=0), make_record(seed=1)], rows=["a"])


def test_warnings_stand_by_name_and_in_words(make_record):
    table = frame.from_records([make_record(warnings={"b": "two", "a": "one"}), make_record(seed=1)])
    assert ["a, b", ""] == list(table["warnings"])
    assert ['{"a":"one","b":"two"}', "{}"] == list(table["warning_texts"])


def test_what_is_synthetic_is_told_of_data_and_corpus_apart(make_record):
    made = [(True, None), (False, True), (False, False)]
    table = frame.from_records([make_record(seed=i, synthetic=s, synthetic_corpus=c) for i, (s, c) in enumerate(made)])
    assert [True, False, False] == list(table["synthetic"])
    assert [None, True, False] == [None if pd.isna(value) else value for value in table["synthetic_corpus"]]


def test_an_old_records_word_on_its_synthetic_data_set_is_kept(tmp_path):
    old = json.loads(Path(__file__).with_name("old_records").joinpath("schema1.json").read_text())
    old["provenance"]["synthetic"] = True
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "schema1.json").write_text(json.dumps(old))
    assert [True] == list(load(tmp_path)["synthetic"])


def test_a_row_of_another_name_is_superseded_by_newer_code_as_any_other(tmp_path, make_record, write_store):
    named = [("old", 1, "a"), ("new", 2, "b")]
    versions = [make_record(key=key, row=row, provenance={"code": {"method": code}}) for key, code, row in named]
    write_store(tmp_path, versions)
    assert ["b"] == list(load(tmp_path, on_problem=lambda _: None)["variant"])


def test_controls_that_differ_in_their_pretraining_seed_alone_both_stand(tmp_path, make_record, write_store):
    seeds = [("a", 1), ("b", 2)]
    controls = [make_record(row=row, seeds={"pretrain": seed, "subset": 1, "train": 1}) for row, seed in seeds]
    write_store(tmp_path, controls)
    assert {"a", "b"} == set(load(tmp_path)["variant"])


def test_a_record_holds_no_fact_that_is_not_a_number(make_record):
    with pytest.raises(ValidationError, match="is not a finite number"):
        make_record(pretraining={"start_left": float("nan")})
