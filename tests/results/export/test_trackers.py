"""Trackers hold what records say, each run once, by the real packages; a package that is absent is one line."""

import importlib.util
import sys

import pytest

from results import export

# 27 records and one pretraining.
RUNS = 28


def needs(*packages):
    absent = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(absent), reason=f"{', '.join(absent)} is not installed: an extra of this package")


def exported(run_bench, kind, store, out):
    done = run_bench("export", kind, "--store", str(store), "--out", str(out))
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()[-1]


@needs("mlflow", "sqlalchemy", "alembic")
@pytest.mark.nightly  # a new database of mlflow takes 15 s
def test_mlflow_holds_each_record_once_with_its_metrics_options_and_the_curve(
    run_bench, store, tmp_path, record_of, add_record
):
    assert f"{RUNS} runs added" == exported(run_bench, "mlflow", store, tmp_path / "out")
    add_record()
    assert f"1 runs added, {RUNS} were there already" == exported(run_bench, "mlflow", store, tmp_path / "out")
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path}/out/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("geokr-bench").experiment_id], max_results=100)
    keys = [run.data.tags["bench.key"] for run in runs]
    assert RUNS + 1 == len(keys) == len(set(keys))
    record = record_of("geokr", 0.1, 2)
    (run,) = [run for run in runs if run.data.tags["bench.key"] == record["key"]]
    assert record["metrics"]["miou/road"] == run.data.metrics["miou/road"]
    assert ("geokr", "100") == (run.data.params["method"], run.data.params["options.steps"])
    assert "geokr/resnet18/demo/city/10%/seed-2" == run.info.run_name
    (trained,) = [run for run in runs if run.data.tags["bench.kind"] == "pretraining"]
    points = client.get_metric_history(trained.info.run_id, "curve/landcover")
    assert [(0, 1.5), (1, 0.75), (2, 0.5)] == sorted((point.step, point.value) for point in points)
    assert "loss-constant" == trained.data.tags["bench.warnings"]


@needs("trackio")
def test_trackio_holds_each_record_once_with_its_metrics_and_the_curve(
    run_bench, store, tmp_path, record_of, add_record, monkeypatch
):
    for name in [name for name in sys.modules if name.partition(".")[0] == "trackio"]:
        monkeypatch.delitem(sys.modules, name)  # it reads its folder when it is imported
    assert f"{RUNS} runs added" == exported(run_bench, "trackio", store, tmp_path / "out")
    add_record()
    assert f"1 runs added, {RUNS} were there already" == exported(run_bench, "trackio", store, tmp_path / "out")
    from trackio import SQLiteStorage

    ids = [each["id"] for each in SQLiteStorage.get_run_records("geokr-bench")]
    assert RUNS + 1 == len(ids) == len(set(ids))
    record = record_of("moco", 1.0, 0)
    config = SQLiteStorage.get_all_run_configs("geokr-bench")[record["key"]]
    assert ("moco", record["weights"]) == (config["method"], config["weights"])
    (row,) = SQLiteStorage.get_logs("geokr-bench", "moco/resnet18/demo/city/100%/seed-0", run_id=record["key"])
    assert record["metrics"]["miou"] == row["miou"]
    logs = SQLiteStorage.get_logs("geokr-bench", "geokr/resnet18/pretraining/seed-11", run_id="weights-geokr")
    assert [1.5, 0.75, 0.5] == [each["curve/landcover"] for each in logs if "curve/landcover" in each]


@needs("wandb")
@pytest.mark.nightly  # an offline run takes a third of a second
def test_wandb_writes_one_offline_run_a_record(run_bench, store, tmp_path, add_record):
    assert f"{RUNS} runs added" == exported(run_bench, "wandb", store, tmp_path / "out")
    add_record()
    assert f"1 runs added, {RUNS} were there already" == exported(run_bench, "wandb", store, tmp_path / "out")
    files = list((tmp_path / "out").glob("wandb/offline-run-*/run-*.wandb"))
    keys = {path.stem.removeprefix("run-") for path in files}
    assert RUNS + 1 == len(files) == len(keys)
    assert "weights-geokr" in keys
    assert b"landcover" in next(path for path in files if "weights-geokr" in path.name).read_bytes()


@pytest.mark.parametrize("spec", export.registry.all().values(), ids=lambda spec: spec.name)
def test_a_package_that_is_absent_is_one_line_that_says_how_to_install_it(
    spec, run_bench, store, tmp_path, monkeypatch
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    done = run_bench("export", spec.name, "--store", str(store), "--out", str(tmp_path / "out"))
    assert 2 == done.returncode
    assert f"uv pip install 'geokr-bench[{spec.extra}]'" in done.stderr
    assert 1 == len(done.stderr.splitlines())
    assert not (tmp_path / "out").exists()


def test_an_unknown_kind_is_one_line_with_those_that_exist(run_bench, store):
    done = run_bench("export", "excel", "--store", str(store))
    assert 2 == done.returncode
    assert "choose from mlflow, wandb, trackio, parquet, huggingface" in done.stderr


def test_a_study_without_records_is_refused_with_those_that_have_some(run_bench, store, tmp_path):
    out = str(tmp_path / "out")
    done = run_bench("export", "parquet", "--store", str(store), "--study", "other", "--out", out)
    assert 2 == done.returncode
    assert "no record of study other: it has synthetic" in done.stderr
