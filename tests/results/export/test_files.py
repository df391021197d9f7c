"""Parquet holds what records say, and the data set for the hub is laid out as the hub reads it."""

import pandas as pd
import pytest
import yaml

from results.export.content import unique

pytest.importorskip("pyarrow", reason="pyarrow is not installed: an extra of this package")


def test_parquet_holds_records_metrics_verdicts_and_curves(run_bench, store, tmp_path, record_of):
    out = tmp_path / "out"
    assert 0 == run_bench("export", "parquet", "--store", str(store), "--out", str(out)).returncode
    frames = {path.stem: pd.read_parquet(path) for path in out.iterdir()}
    assert {"records", "metrics", "verdicts", "curves"} == set(frames)
    record = record_of("geokr", 0.01, 1)
    (row,) = frames["records"][frames["records"]["key"] == record["key"]].to_dict("records")
    assert (record["metrics"]["miou"], "geokr", 1) == (row["score"], row["variant"], row["seed"])
    metrics = frames["metrics"][frames["metrics"]["key"] == record["key"]].set_index("metric")["value"]
    assert record["metrics"] == metrics.to_dict()
    assert [1.5, 0.75, 0.5] == list(frames["curves"]["value"])
    pairs = set(frames["verdicts"][["a", "b"]].itertuples(index=False, name=None))
    assert {frozenset(pair) for pair in pairs} >= {frozenset({"geokr", "random"}), frozenset({"geokr", "moco"})}
    assert frames["verdicts"]["sentence"].str.contains("geokr").any()


def test_an_export_of_equal_records_is_equal_to_the_byte(run_bench, store, tmp_path):
    for name in ("one", "two"):
        run_bench("export", "parquet", "--store", str(store), "--out", str(tmp_path / name))
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_data_set_has_a_configuration_a_protocol_and_files_that_are_there(run_bench, store, tmp_path):
    out = tmp_path / "out"
    done = run_bench("export", "huggingface", "--store", str(store), "--out", str(out), "--licence", "cc-by-4.0")
    assert 0 == done.returncode, done.stderr
    front = yaml.safe_load((out / "README.md").read_text().split("---")[1])
    assert "cc-by-4.0" == front["license"]
    found = {each["config_name"]: each["data_files"][0]["path"] for each in front["configs"]}
    assert {"demo-city", "verdicts", "curves"} == set(found)
    frame = pd.read_parquet(out / found["demo-city"])
    assert 27 == len(frame)
    assert list(frame["score"]) == list(frame["metric/miou"])


def test_a_data_set_is_sent_to_the_hub_as_one(run_bench, store, hub, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run_bench("export", "huggingface", "--store", str(store), "--to", "hub:me/mine", "--licence", "cc0-1.0")
    assert 0 == done.returncode, done.stderr
    assert {"README.md", "data/demo-city.parquet", "data/verdicts.parquet"} <= set(hub.files)
    assert any("/datasets/me/mine/commit/" in path for path, _, _ in hub.asked)
    assert "hf_secret" not in done.stdout + done.stderr
    assert not list(tmp_path.glob("huggingface"))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("huggingface", "--to", "hub:me/mine"), "a data set without a licence may be used by nobody"),
        (("huggingface", "--to", "hub:me"), "write it as hub:USER/NAME"),
        (("parquet", "--to", "hub:me/mine"), "are of data sets for the hub"),
        (("huggingface", "--private"), "--private goes with --to"),
    ],
)
def test_what_does_not_go_together_is_one_line(arguments, line, run_bench, store):
    done = run_bench("export", *arguments, "--store", str(store))
    assert 2 == done.returncode
    assert line in done.stderr


def test_names_that_would_become_one_are_numbered():
    assert {"a&b": "a-b", "a|b": "a-b-2", "c": "c"} == unique(["a&b", "a|b", "c"], r"[^\w]")
