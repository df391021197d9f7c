"""A run as a user starts it, on a small world: real methods, real processes, real fine-tuning."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
from running import COMMAND, ROOT, WIDE, bench, records

from bench.store.outcomes import read_outcomes
from bench.store.records import read_record


def test_every_cell_has_a_record_that_says_where_it_comes_from(finished):
    store, _ = finished
    found = [read_record(path) for path in (store / "records").glob("*.json")]
    cells = {(record.method, record.fraction, record.seed) for record in found}
    methods = ("random", "geokr", "moco")
    assert {(m, f, s) for m in methods for f in (0.2, 1.0) for s in (0, 1)} == cells
    (corpus,) = {record.corpus for record in found}
    assert corpus, "random too: it takes its batch norm's statistics there"
    for record in found:
        assert record.metric == "mean_class_accuracy"
        assert 0 <= record.score <= 1
        assert record.counts["steps"] == 3
        assert record.counts["train"] == (record.counts["train_all"] if record.fraction == 1 else 8)
        assert record.synthetic
        assert record.cost["train_seconds"] > 0


def test_every_record_and_card_says_which_revision_of_the_code_made_it(finished):
    commands = ["git", "rev-parse", "--short=12", "HEAD"], ["git", "status", "--porcelain", "--untracked-files=no"]
    head, changes = (subprocess.run(c, cwd=ROOT, capture_output=True, text=True, check=True).stdout for c in commands)
    expected = head.strip() + ("+" if changes else "")
    found = [*finished[0].glob("records/*.json"), *finished[0].glob("weights/*/card.json")]
    assert {expected} == {json.loads(path.read_text())["provenance"]["revision"] for path in found}


def test_every_metric_is_computed_again_from_outcomes_that_name_each_test_sample(finished):
    store, _ = finished
    kept = records(store)
    done = bench("verify", "--store", store)
    said = f"the metrics of {len(kept)} were computed again from their outcomes, 0 keep none"
    assert said in done.stdout, done.stdout
    found = {path.stem: read_outcomes(path) for path in (store / "outcomes").glob("*.npz")}
    assert kept.keys() == found.keys()
    # One test part for all cells, and every picture of it is a source of its own.
    ((samples, sources),) = {(tuple(each.samples), tuple(each.sources)) for each in found.values()}
    assert {len(samples)} == {len(set(sources))} == {record["counts"]["test"] for record in kept.values()}
    assert sorted(set(samples)) == list(samples)


def test_seeds_are_the_same_for_every_method(finished):
    found = records(finished[0]).values()
    pairs = {(r["method"], r["seed"]): (r["seeds"]["subset"], r["seeds"]["train"]) for r in found}
    for seed in (0, 1):
        assert len({pairs[method, seed] for method in ("random", "geokr", "moco")}) == 1
    assert pairs["random", 0] != pairs["random", 1]


def test_subsets_are_stored_once_for_all_methods_and_nested(finished):
    manifests = [json.loads(path.read_text()) for path in (finished[0] / "subsets").glob("*.json")]
    assert len(manifests) == 4
    by_seed = {}
    for manifest in manifests:
        by_seed.setdefault(manifest["subset_seed"], {})[manifest["fraction"]] = set(manifest["samples"])
    for samples in by_seed.values():
        assert samples[0.2] < samples[1.0]


def test_the_table_is_printed_and_written_in_every_format(finished):
    store, printed = finished
    assert "random" in printed
    assert "geokr" in printed
    for name in ("table.csv", "table.tex", "table.md"):
        assert str(store / "tables" / "small" / name) in printed
        assert (store / "tables" / "small" / name).stat().st_size > 0
    rows = list(csv.reader((store / "tables" / "small" / "table.csv").read_text().splitlines()))
    assert {"random", "geokr", "moco"} <= {cell for row in rows for cell in row}


def test_a_second_run_does_nothing_twice(finished, study):
    store, printed = finished
    before = {path: path.stat().st_mtime_ns for path in (store / "records").iterdir()}
    again = bench("run", "--study", study, "--store", store, env=WIDE)
    assert again.returncode == 0
    assert "everything is done already" in again.stderr
    assert again.stdout == printed
    assert before == {path: path.stat().st_mtime_ns for path in (store / "records").iterdir()}


def test_a_plan_says_what_is_done(finished, study):
    text = bench("plan", "--study", study, "--store", finished[0], "--seeds", "3").stdout
    assert "6 of 18 cells to do" in text
    assert "from this store's own times" in text


def test_a_killed_run_goes_on_and_ends_with_the_same_records(finished, study, tmp_path):
    store = tmp_path / "killed"
    command = [sys.executable, "-c", COMMAND, "run", "--study", str(study), "--store", str(store), "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(lambda: len(records_written(store)) >= 2)
        process.kill()
    before = {path.name: path.stat().st_mtime_ns for path in records_written(store)}
    assert 2 <= len(before) < 12
    again = bench("run", "--study", study, "--store", store)
    assert again.returncode == 0, again.stderr
    assert before.items() <= {path.name: path.stat().st_mtime_ns for path in records_written(store)}.items()
    assert records(finished[0]) == records(store)


def test_two_runs_on_one_store_share_the_work(finished, study, tmp_path):
    store = tmp_path / "shared"
    command = [sys.executable, "-c", COMMAND, "run", "--study", str(study), "--store", str(store), "--workers", "1"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    errors = [run.communicate()[1] for run in runs]
    assert [0, 0] == [run.returncode for run in runs], errors
    assert records(finished[0]) == records(store)


def test_curves_for_tensorboard_change_no_record(finished, study, tmp_path):
    store, curves = tmp_path / "drawn", tmp_path / "curves"
    options = ["--methods", "moco", "--seeds", "1"]
    done = bench("run", "--study", study, "--store", store, *options, "--tensorboard", curves)
    assert done.returncode == 0, done.stderr
    drawn = records(store)
    assert {("random", 0), ("moco", 0)} == {(record["method"], record["seed"]) for record in drawn.values()}
    assert drawn.items() <= records(finished[0]).items()
    kept = {folder.name.rpartition("-")[2] for folder in curves.iterdir() if list(folder.rglob("events.out.*"))}
    # At 100% of the labels three steps are over before the first point, which is drawn at the tenth or after an epoch.
    few = [record for record in drawn.values() if record["fraction"] == 0.2]
    assert {record["key"][:8] for record in few} | {r["weights"][:8] for r in few if r["method"] == "moco"} == kept


def test_ctrl_c_stops_in_one_line_and_leaves_nothing_torn(study, tmp_path):
    store = tmp_path / "stopped"
    # A shell starts background jobs deaf to Ctrl-C, and these tests may be one.
    heard = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {COMMAND}"
    command = [sys.executable, "-c", heard, "run", "--study", str(study), "--store", str(store)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: any(store.glob("jobs/*/claim")))
        process.send_signal(signal.SIGINT)
        error = process.communicate()[1]
    assert process.returncode == 130
    assert error.splitlines()[-1].startswith("bench: stopped; what is finished is kept")
    assert "Traceback" not in error
    for path in store.rglob("*.json"):
        json.loads(path.read_text())


@pytest.fixture
def damaged(finished, tmp_path):
    """A store whose MoCo weights are broken, with one cell of MoCo and one of GeoKR still to do."""
    store = tmp_path / "damaged"
    shutil.copytree(finished[0], store)
    for method in ("moco", "geokr"):
        record = next(r for r in records(store).values() if r["method"] == method)
        (store / "records" / f"{record['key']}.json").unlink()
        if method == "moco":
            (store / "weights" / record["weights"] / "backbone.safetensors").write_bytes(b"torn")
    return store


def test_a_failing_cell_is_recorded_and_does_not_stop_the_others(damaged, finished, study):
    done = bench("run", "--study", study, "--store", damaged)
    assert done.returncode == 1
    assert "are not what was trained (their hash is another)" in done.stderr
    (failure,) = damaged.glob("jobs/*/failure.json")
    assert json.loads(failure.read_text())["job"]["pretrain"]["method"] == "moco"
    missing = records(finished[0]).keys() - records(damaged).keys()
    assert {failure.parent.name} == missing


def records_written(store: Path) -> list[Path]:
    return [path for path in (store / "records").glob("*.json") if not path.name.startswith(".")]


def wait_for(condition, seconds=240):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def test_pretraining_alone_makes_the_weights_that_a_run_takes(study, finished, tmp_path):
    alone = bench("pretrain", "--study", study, "--methods", "random", "--set", "pretrain_seeds=2", "--store", tmp_path)
    assert alone.returncode == 0, alone.stderr
    made = {path.name for path in (tmp_path / "weights").iterdir()}
    assert len(made) == 2
    assert made == _printed_keys(alone)
    assert not (tmp_path / "records").exists()
    again = bench("pretrain", "--study", study, "--store", finished[0])
    assert "everything is done already" in again.stderr
    assert {path.name for path in (finished[0] / "weights").iterdir()} == _printed_keys(again)
    assert made < _printed_keys(again), "its draws are the run's own, one a repeat"


def _printed_keys(done):
    return {line.split()[0] for line in done.stdout.splitlines()}


def test_the_page_of_the_store_names_every_file_of_a_finished_one(finished):
    """What docs/store.md says of a store's files."""
    store, _ = finished
    table = (ROOT / "docs" / "store.md").read_text().partition("## What can be deleted")[0]
    named = [re.sub(r"<\w+>", "*", file) for file in re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE)]
    made = [str(file.relative_to(store)) for file in store.rglob("*") if file.is_file()]
    assert {"store.json"} < set(made)
    assert [] == [file for file in made if not any(fnmatch(file, pattern) for pattern in named)]


def test_a_finished_store_has_no_checkpoint_and_no_failure_left(finished):
    store, _ = finished
    assert [] == [file.name for file in store.rglob("*") if file.name in {"checkpoint.pt", "failure.json"}]
