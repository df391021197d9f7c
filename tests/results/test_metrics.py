"""Tables of another metric than the headline, by our names or the field's, and what cannot be known."""

import numpy as np
import pytest
from synthetic_records import synthetic_record, write_records

from bench.metrics.classified import ImageOutcomes
from bench.store.outcomes import Evidence
from bench.store.store import Store
from results.metrics import choose, field_name

NAMES = ["beach", "field"]


def scene(store, seed, **changes):
    """A record of scenes, with outcomes beside it."""
    draw = np.random.default_rng(seed)
    outcomes = ImageOutcomes(NAMES, draw.integers(0, 2, 40), draw.integers(0, 2, 40), draw.random(40))
    key = f"scene{seed}"
    digest = Store(store).write_outcomes(key, Evidence(outcomes, range(40), [f"i{at}" for at in range(40)]))
    fields = {"key": key, "task": "cls", "protocol": "demo/scenes", "dataset": "demo-scenes", "seed": seed, "schema": 4}
    metrics = {"metric": "mean_class_accuracy", "metrics": outcomes.scores(), "outcomes": digest, "trivial": 0.5}
    return synthetic_record(**fields | metrics | changes), outcomes


@pytest.fixture
def measured(tmp_path):
    """Three records of scenes with outcomes, and one of a city that keeps none."""
    store = tmp_path / "store"
    Store(store).open_for_writing()
    records, outcomes = zip(*(scene(store, seed) for seed in range(3)), strict=True)
    city = synthetic_record(key="city", metric="mIoU", metrics={"mIoU": 0.5, "aAcc": 0.75})
    return write_records(store, [*records, city]), outcomes


def test_a_metric_of_outcomes_replaces_the_headline(measured):
    store, outcomes = measured
    chosen = choose(store, "kappa", pytest.fail)
    assert ["kappa"] * 3 == list(chosen.frame["metric"])
    assert [each.further()["kappa"] for each in outcomes] == list(chosen.frame["score"])
    assert chosen.frame["trivial"].isna().all()
    assert {} == chosen.unknown


def test_a_metric_is_found_by_the_fields_name_too(measured):
    """OA is the share of the images that are right, and of the pixels."""
    store, outcomes = measured
    frame = choose(store, "oa", pytest.fail).frame
    assert {"overall_accuracy", "aAcc"} == set(frame["metric"])
    assert {each.scores()["overall_accuracy"] for each in outcomes} | {0.75} == set(frame["score"])


def test_the_headline_itself_keeps_what_is_trivial(measured):
    frame = choose(measured[0], "AA", pytest.fail).frame
    assert [0.5] * 3 == list(frame["trivial"])


def test_tables_say_of_how_many_records_a_metric_is_not_known(measured, run_bench):
    store, _ = measured
    (store / "outcomes" / "scene1.npz").unlink()
    write_records(store, [scene(store, 7, key="old", outcomes=None, method="moco")[0]])
    (store / "outcomes" / "scene7.npz").unlink()
    done = run_bench("table", "--store", str(store), "--metric", "F1_macro", "--format", "markdown")
    assert 0 == done.returncode, done.stderr
    assert "scene1.npz is missing" in done.stderr
    said = "macro is not known of 2 of 4 records: they keep no outcomes to compute it from."
    assert said in done.stdout
    done = run_bench("table", "--store", str(store), "--metric", "F1_macro", "--format", "csv")
    assert said in done.stderr


def test_a_metric_that_no_record_has_is_refused_with_those_there_are(measured, run_bench):
    done = run_bench("table", "--store", str(measured[0]), "--metric", "AP75")
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "has no record with the metric 'AP75': choose from F1_macro, aAcc, kappa, mIoU" in done.stderr
    assert "1 records keep no outcomes from which more could be computed" in done.stderr


def test_a_table_names_its_metric_as_the_field_does(measured, run_bench):
    store = str(measured[0])
    done = run_bench("table", "--store", store, "--names", "field", "--format", "markdown")
    assert "resnet18: AA in %" in done.stdout
    done = run_bench("table", "--store", store, "--metric", "overall_accuracy", "--names", "field", "--format", "csv")
    assert ",OA," in done.stdout
    assert "mean_class_accuracy" in run_bench("table", "--store", store, "--format", "csv").stdout


@pytest.mark.parametrize(
    ("name", "called"),
    [("overall_accuracy", "OA"), ("IoU/car", "IoU (car)"), ("VOC07_AP50/ship", "VOC07 AP50 (ship)"), ("mIoU", "mIoU")],
)
def test_names_of_the_field(name, called):
    assert called == field_name(name)
