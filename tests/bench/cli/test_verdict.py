"""`bench verdict`, `bench calibrate` and what `bench plan` says of differences, as commands."""

import json

import pytest
from click.testing import CliRunner
from synthetic_records import synthetic_record

from bench.cli.calibrate import command
from results import calibration, sequential
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
    for name in ("ROWS", "COLUMNS"):
        monkeypatch.setattr(sequential, name, (2,))
    out, table = tmp_path / "report.md", tmp_path / "table.csv"
    options = ["--draws", "40", "--store", str(store), "--out", str(out), "--table", str(table)]
    done = CliRunner().invoke(command, options)
    assert done.exit_code in (0, 1), done.output
    assert "# What the intervals err" == out.read_text().splitlines()[0]
    assert "## Seeds added until intervals are narrow" in out.read_text().splitlines()
    assert 1 + len(ERRORS) == len(table.read_text().splitlines())


def test_calibrate_counts_in_an_a_a_store_and_simulates_nothing(tmp_path, write_store):
    records = [
        synthetic_record(
            method="random",
            row=f"r{row}",
            weights=f"{row}{seed}",
            pretrain=10 * row + seed,
            seed=seed,
            metrics={"miou": score},
        )
        for row, shift in enumerate((0.0, 0.3))
        for seed, score in enumerate((0.5 + shift, 0.51 + shift, 0.49 + shift))
    ]
    out = tmp_path / "equal.md"
    done = CliRunner().invoke(command, ["--aa", str(write_store(tmp_path / "aa", records)), "--out", str(out)])
    assert 0 == done.exit_code, done.output  # one study that goes wrong proves nothing
    assert "| 2 | 3 | 1 | 1 | 1 | 100.0% |" in out.read_text()
