"""`bench store` says what a store holds and deletes what it listed, when it is told to."""

import io
import json

import pytest
from synthetic_records import synthetic_record

from bench.store.store import Store


@pytest.fixture
def root(tmp_path):
    store = Store(tmp_path / "store")
    store.open_for_writing()
    store.write_record(synthetic_record(key="cell", weights="used", schema=6))
    for key in ("used", "unused"):
        store.weights(key).mkdir(parents=True)
        (store.weights(key) / "card.json").write_text("{}")
        (store.weights(key) / "backbone.safetensors").write_bytes(bytes(4096))
    return store.root


def test_info_counts_records_and_weights(root, run_bench):
    lines = run_bench("store", "info", "--store", str(root)).stdout.splitlines()
    assert ["1", "records"] == [lines[0].split()[0], lines[0].split()[-1]]
    assert ["2", "weights"] == [lines[1].split()[0], lines[1].split()[-1]]
    assert lines[-1].endswith("in all")
    told = json.loads(run_bench("store", "info", "--store", str(root), "--json").stdout)
    assert 2 == told["weights"]["entries"]


def test_a_dry_run_lists_and_deletes_nothing(root, run_bench):
    done = run_bench("store", "gc", "--store", str(root), "--days", "0", "--dry-run")
    assert 0 == done.returncode
    assert "weights: no record rests on them" in done.stdout
    assert "unused" in done.stdout
    assert (root / "weights" / "unused").is_dir()


def test_without_a_yes_nothing_is_deleted(root, run_bench, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert 0 != run_bench("store", "gc", "--store", str(root), "--days", "0").returncode
    assert (root / "weights" / "unused").is_dir()


def test_with_yes_what_was_listed_goes_and_records_stay(root, run_bench):
    done = run_bench("store", "gc", "--store", str(root), "--days", "0", "--yes")
    assert (0, True) == (done.returncode, "deleted " in done.stdout)
    assert ["used"] == [path.name for path in (root / "weights").iterdir()]
    assert ["cell.json"] == [path.name for path in (root / "records").iterdir()]


def test_a_folder_that_is_none_is_one_line(tmp_path, run_bench):
    for command in ("info", "gc"):
        done = run_bench("store", command, "--store", str(tmp_path / "nowhere"))
        assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
