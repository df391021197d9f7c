"""`bench verify` computes the metrics of every record again, and names what is damaged, foreign or missing."""

import json
import shutil

import numpy as np
import pytest
from synthetic_records import synthetic_record, write_records

from bench.metrics.classified import PixelOutcomes
from bench.store.outcomes import Evidence
from bench.store.store import Store
from results.publishing import publish
from results.verify import verify

CLASSES = ["road", "roof"]


def kept(store, key, seed=0, **changes):
    """A record with the metrics of outcomes that are kept beside it."""
    draw = np.random.default_rng(seed)
    outcomes = PixelOutcomes(CLASSES, draw.integers(1, 50, (5, 2, 2)))
    digest = Store(store).write_outcomes(key, Evidence(outcomes, range(5), ["m1", "m1", "m2", "m2", "m2"]))
    fields = {"key": key, "metric": "mIoU", "metrics": outcomes.scores(), "outcomes": digest, "schema": 4, "seed": seed}
    fields["counts"] = {"train": 100, "train_all": 100, "val": 10, "test": 5, "steps": 300}
    return synthetic_record(**fields | changes)


@pytest.fixture
def measured(tmp_path):
    store = tmp_path / "store"
    Store(store).open_for_writing()
    return write_records(store, [kept(store, "one"), kept(store, "two", 1), kept(store, "three", 2)])


def test_a_store_whose_metrics_come_out_again_is_sound(measured, run_bench):
    assert [] == verify(measured)
    done = run_bench("verify", "--store", str(measured))
    assert 0 == done.returncode
    assert "the metrics of 3 were computed again from their outcomes, 0 keep none" in done.stdout


def test_a_metric_that_is_off_by_the_last_digit_is_named(measured, run_bench):
    path = measured / "records" / "two.json"
    record = json.loads(path.read_text())
    right = record["metrics"]["IoU/roof"]
    record["metrics"]["IoU/roof"] = float(np.nextafter(right, 1))
    path.write_text(json.dumps(record))
    (problem,) = verify(measured)
    assert f"{path}: IoU/roof is {record['metrics']['IoU/roof']}, its outcomes give {right}" in problem
    assert 1 == run_bench("verify", "--store", str(measured)).returncode


def test_a_metric_that_outcomes_do_not_give_is_named(measured):
    path = measured / "records" / "two.json"
    record = json.loads(path.read_text())
    record["metrics"]["luck"] = 0.5
    path.write_text(json.dumps(record))
    (problem,) = verify(measured)
    assert "luck is 0.5, its outcomes give None" in problem


@pytest.mark.parametrize("damage", ["changed", "swapped", "cut", "missing"])
def test_damaged_outcomes_are_one_line_that_names_the_file(measured, damage):
    path = measured / "outcomes" / "two.npz"
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "swapped":
        shutil.copy(measured / "outcomes" / "one.npz", path)
    else:
        path.write_bytes(content[:-9] if damage == "cut" else content[:50] + b"?" + content[51:])
    (problem,) = verify(measured)
    assert str(path) in problem
    assert "\n" not in problem


def test_outcomes_that_no_record_has_are_foreign(measured):
    shutil.copy(measured / "outcomes" / "one.npz", measured / "outcomes" / "own.npz")
    (measured / "outcomes" / ".two.npz.x.part").write_text("being written")
    (problem,) = verify(measured)
    assert f"{measured / 'outcomes' / 'own.npz'} is foreign" in problem


def test_a_store_without_outcomes_still_works_and_says_so(measured, run_bench):
    shutil.rmtree(measured / "outcomes")
    assert [] == verify(measured)
    done = run_bench("verify", "--store", str(measured))
    assert "the metrics of 0 were computed again from their outcomes, 3 keep none" in done.stdout
    assert 0 == run_bench("table", "--store", str(measured)).returncode


def test_a_published_leaderboard_carries_its_outcomes(measured, tmp_path):
    folder = tmp_path / "board"
    publish(measured, folder)
    assert [] == verify(folder)
    assert {"one.npz", "two.npz", "three.npz"} == {path.name for path in (folder / "outcomes").iterdir()}
    for name in ("records/two.json", "outcomes/two.npz"):
        (measured / name).unlink()
    publish(measured, folder)
    assert {"one.npz", "three.npz"} == {path.name for path in (folder / "outcomes").iterdir()}


def test_a_record_that_counts_other_test_samples_than_its_outcomes_have_is_named(measured):
    path = measured / "records" / "two.json"
    value = json.loads(path.read_text())
    value["counts"]["test"] = 6
    path.write_text(json.dumps(value))
    (problem,) = verify(measured)
    assert f"{path}: 6 samples were tested, its outcomes are of 5" in problem
