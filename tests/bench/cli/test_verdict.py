"""`bench verdict`, `bench calibrate` and what `bench plan` says of differences, as commands."""

import json
from itertools import product

import numpy as np
import pytest
from click.testing import CliRunner
from synthetic_records import synthetic_record, write_records

from bench.cli.calibrate import command
from bench.metrics.classified import PixelOutcomes
from bench.store.outcomes import Evidence
from bench.store.store import Store
from results import calibration, calibration_doubts, sequential
from results.planted import Spread
from results.stats.simulation import ERRORS


def test_the_primary_questions_are_answered_a_line_each(store, run_bench):
    done = run_bench("verdict", "--store", str(store))
    assert 0 == done.returncode
    lines = [line for line in done.stdout.splitlines() if line.startswith("On ")]
    assert 6 == len(lines)
    assert lines[0].startswith("On demo/city at 1%, these weights of geokr are 1")
    assert "simultaneous over 6 primary questions" in done.stdout


def test_a_question_outside_of_them_is_exploratory(store, run_bench):
    done = run_bench("verdict", "--store", str(store), "--question", "geokr>moco@0.01")
    assert ["On demo/city at 1%, exploratory: "] == [
        line[:33] for line in done.stdout.splitlines() if line.startswith("On ")
    ]


def test_json_has_the_numbers_that_stats_has(store, run_bench):
    asked = run_bench("verdict", "--store", str(store), "--baseline", "random", "--format", "json")
    whole = json.loads(run_bench("stats", "--store", str(store), "--json").stdout)["pairwise"]
    answered = json.loads(asked.stdout)["answers"]
    assert 6 == len(answered)
    for row in answered:
        row.pop("sentence")
        assert row in whole


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--question", "geokr"], "write it as ROW>ROW"),
        (["--baseline", "byol"], "no comparison with a row 'byol'"),
        (["--store", "nowhere"], "nowhere holds no records folder"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(store, run_bench, options, words):
    done = run_bench("verdict", "--store", str(store), *options)
    assert 2 == done.returncode
    assert words in done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_calibrate_writes_report_and_table(store, tmp_path, monkeypatch):
    for name, values in (("ROWS", (2,)), ("SEEDS", (3,)), ("COLUMNS", (1,)), ("PRETRAININGS", ((2, 4),))):
        monkeypatch.setattr(calibration, name, values)
    smaller = {"KINDS": ("images",), "IMAGES": (20,), "TASKS": (3,), "ROWS": (3,), "SPREADS": (Spread(1, 0.5),)}
    for name, chosen in smaller.items():
        monkeypatch.setattr(calibration_doubts, name, chosen)
    for name in ("ROWS", "COLUMNS"):
        monkeypatch.setattr(sequential, name, (2,))
    out, table = tmp_path / "report.md", tmp_path / "table.csv"
    options = ["--draws", "40", "--store", str(store), "--out", str(out), "--table", str(table)]
    done = CliRunner().invoke(command, options)
    assert done.exit_code in (0, 1), done.output
    assert "# What the intervals err" == out.read_text().splitlines()[0]
    assert "## Seeds added until intervals are narrow" in out.read_text().splitlines()
    assert "## Other test images" in out.read_text()
    assert 1 + len(ERRORS) == len(table.read_text().splitlines())


def test_what_cannot_be_known_without_outcomes_is_said(store, run_bench):
    said = run_bench("verdict", "--store", str(store)).stdout
    assert "what would hold on other test images cannot be known" in said
    assert "About these weights: " not in said


@pytest.fixture
def tested(tmp_path):
    """A store of four tasks whose cells keep outcomes of twelve mosaics."""
    folder = tmp_path / "tested"
    Store(folder).open_for_writing()
    sources = [f"mosaic{at:02d}" for at in range(12)]
    records = []
    for number, (task, method, seed) in enumerate(product(range(4), ("random", "geokr"), range(5))):
        draw = np.random.default_rng(number)
        right = np.rint(1000 * (0.6 + 0.2 * (method == "geokr") + draw.normal(0, 0.02, 12))).astype(np.int64)
        outcomes = PixelOutcomes(["road", "roof"], np.array([[[at, 1000 - at], [1000 - at, at]] for at in right]))
        digest = Store(folder).write_outcomes(f"k{number}", Evidence(outcomes, range(12), sources))
        named = {"protocol": f"demo/{task}", "dataset": f"demo-{task}", "metric": "mIoU", "metrics": outcomes.scores()}
        weights = {"weights": f"{method}{seed}", "method": method, "seed": seed}
        records.append(synthetic_record(schema=4, key=f"k{number}", outcomes=digest, fraction=0.1, **named, **weights))
    return write_records(folder, records)


def test_each_question_has_a_line_about_these_weights_and_all_tasks_follow(tested, run_bench):
    lines = run_bench("verdict", "--store", str(tested)).stdout.splitlines()
    assert "On demo/0 at 10%, geokr is " == lines[0][:27]
    assert lines[1].startswith("  About these weights: on other images geokr is ")
    assert "(12 images, mean of 5 seeds; in 5 of them alone). About methods, on other images: " in lines[1]
    (across,) = [
        at for at, line in enumerate(lines) if line.startswith("Across 4 tasks (demo-0, demo-1, demo-2, demo-3)")
    ]
    assert "For these tasks, nothing assumed of others: above: geokr +" in lines[across]
    assert lines[across + 1].startswith("For tasks like these, assumed to be a sample of them: above: geokr +")
    assert any(line.startswith("A sentence is about methods") for line in lines)


def test_every_form_has_both_claims(tested, run_bench):
    found = {
        form: run_bench("verdict", "--store", str(tested), "--format", form).stdout
        for form in ("json", "markdown", "latex")
    }
    whole = json.loads(found["json"])
    assert 12 == whole["answers"][0]["images"]["sources"]
    assert whole["answers"][0]["images"]["sentence"].startswith("About these weights: ")
    assert whole["across"][0].startswith("Across 4 tasks")
    assert "\n  - About these weights: " in found["markdown"]
    assert "About these weights: " in found["latex"]
    assert "Across 4 tasks" in found["latex"]


def test_one_question_says_nothing_of_all_tasks(tested, run_bench):
    said = run_bench("verdict", "--store", str(tested), "--question", "geokr>random@0.1").stdout
    assert "Across " not in said
