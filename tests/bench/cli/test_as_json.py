"""Every reading command prints one document with --json, and nothing else on stdout; commands that write have no --json.

`READING` and `WRITING` name each command of the harness once, so that a new one has to be put into one of them.
"""

import csv
import dataclasses
import importlib.util
import itertools
import json
import math
import shutil
from pathlib import Path

import click
import foreign_checkpoints as made
import numpy as np
import pytest
from click.testing import CliRunner
from synthetic_records import synthetic_record, write_records
from textured_corpus import write_corpus

from bench.cli import COMMANDS, as_json, cli
from bench.cli.data import data

ROOT = Path(__file__).resolve().parents[3]
_eurosat = importlib.util.spec_from_file_location("generator_eurosat", ROOT / "tests" / "data" / "eurosat.py")
_generator = importlib.util.module_from_spec(_eurosat)
_eurosat.loader.exec_module(_generator)
write_eurosat = _generator.write_eurosat
BOARD = ROOT / "results" / "leaderboard"
# What is taken of the committed board: one protocol, the rows that it compares, all repeats.
PROTOCOL, ROWS = "demo/scenes", ("random", "geokr", "moco")

# Arguments by command, with what its document must hold: keys of an object, or of the first of a list. `{store}` is a
# subset of the committed board, `{axes}` a store of a study with axes, `{corpus}` and `{images}` what a user has.
READING = {
    "plan": (["--study", "demo", "--store", "{none}"], {"study", "cells", "pretrainings", "seconds", "open_cells"}),
    "table": (["--store", "{store}"], {"cells", "copied", "submissions"}),
    "verify": (["--store", "{store}"], {"sound", "problems", "records", "computed_again", "notes"}),
    "compare": (["--store", "{store}", "--published", "geokr-2021"], {"source", "pairs", "differences", "open"}),
    "stats": (["--store", "{store}"], {"pairwise", "standing", "robustness", "variance"}),
    "verdict": (["--store", "{store}"], {"answers", "across", "notes"}),
    "axes": (["--store", "{axes}"], {"study", "columns", "whole", "sentences", "notes", "untrained"}),
    "labels-to-match": (["--store", "{store}", "--method", "geokr", "--reference", "random"], {"demo-scenes"}),
    "leaderboard check": (
        ["--committed", "{store}", "--fresh", "{store}"],
        {"ok", "cells", "moved", "missing", "stale"},
    ),
    "methods": ([], {"geokr", "moco"}),
    "methods list": ([], {"geokr", "moco"}),
    "methods show": (["geokr"], {"name", "summary", "options"}),
    "methods augmentations": ([], {"geokr", "moco"}),
    "backbones": ([], {"resnet18"}),
    "backbones list": ([], {"resnet18"}),
    "backbones show": (["resnet18"], {"name", "channels", "options"}),
    "tasks": ([], {"seg", "cls"}),
    "tasks list": ([], {"seg", "cls"}),
    "tasks show": (["seg"], {"name", "protocols"}),
    "heads": ([], {"fcn", "upernet"}),
    "heads list": ([], {"fcn", "upernet"}),
    "heads show": (["fcn"], {"name", "options"}),
    "engines": ([], {"local"}),
    "engines list": ([], {"local"}),
    "engines show": (["local"], {"name", "options"}),
    "products": ([], {"globeland30"}),
    "products list": ([], {"globeland30"}),
    "products show": (["globeland30"], {"name", "resolution"}),
    "data": ([], {"eurosat", "demo-city"}),
    "data list": ([], {"eurosat", "demo-city"}),
    "data show": (["eurosat"], {"name", "licence"}),
    "data verify": (["--folder", "{prepared}"], {"folder", "slices", "hash"}),
    "data subsets": (
        ["eurosat/random-80-20", "--folder", "{prepared}", "--seeds", "1", "--labels", "1shot"],
        {"protocol", "counted_by", "subsets"},
    ),
    "data split": (
        ["eurosat/random-80-20", "--folder", "{prepared}", "--part", "test"],
        {"protocol", "part", "images"},
    ),
    "data describe": (["{images}"], {"kind", "task", "images", "classes", "near_duplicates", "suggested"}),
    "corpus check": (["{corpus}"], {"folder", "tiles", "hash", "sound"}),
    "corpus info": (["{corpus}"], {"folder", "hash", "tiles", "counts", "bands"}),
    "weights list": (["--store", "{store}"], {"key", "method", "backbone", "seed"}),
    "weights inspect": (["{checkpoint}", "--backbone", "{network}"], {"file", "form", "places", "fit"}),
    "store info": (["--store", "{store}"], {"records", "weights"}),
    "tune": (["--show"], {"tuning", "trials", "options"}),
}
# Those whose code says what they found.
CHECKS = {"leaderboard check"}
# Tried in tests of their own: with weights and runs of real trainings, and on machines with something amiss.
ELSEWHERE = {"probe", "leaderboard replay", "doctor", "store gc", "watch"}
WRITING = {
    *(
        "run",
        "pretrain",
        "prefetch",
        "submit",
        "report",
        "calibrate",
        "figures",
        "import",
        "completion",
        "export",
        "paper",
    ),
    *("leaderboard page", "leaderboard build", "leaderboard accept"),
    *(
        "corpus build",
        "corpus fetch",
        "corpus merge",
        "corpus filter",
        "corpus split",
        "corpus sample",
        "corpus report",
    ),
    *("data prepare", "data download", "weights export", "weights fetch", "weights publish"),
}


def commands():
    """Every command by what is typed after `bench`; a group is one of them where it does something alone."""
    context = click.Context(cli)
    found = {}
    for name in COMMANDS:
        command = cli.get_command(context, name)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            found[name] = command
        if isinstance(command, click.Group):
            found |= {f"{name} {each}": command.commands[each] for each in command.commands}
    return found


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    """What the arguments name, each made once."""
    folder = tmp_path_factory.mktemp("things")
    images = write_eurosat(folder / "images")
    checkpoints = folder / "checkpoints"
    checkpoints.mkdir()
    prepare = ["prepare", "eurosat", "--source", str(images), "--out", str(folder / "prepared")]
    done = CliRunner().invoke(data, prepare)
    assert 0 == done.exit_code, done.output
    return {
        "none": folder / "none",
        "store": a_part_of_the_board(folder / "store"),
        "axes": write_records(folder / "axes", crossed()),
        "corpus": write_corpus(folder / "corpus", rows=4, columns=4, size=64).path,
        "images": images,
        "prepared": folder / "prepared",
        "checkpoint": made.moco(made.state_of(), checkpoints),
        "network": made.NETWORK,
    }


def a_part_of_the_board(store):
    """Committed records, questions and cards as a store."""
    (store / "records").mkdir(parents=True)
    (store / "store.json").write_text(json.dumps({"schema": 1}))
    shutil.copytree(BOARD / "questions", store / "questions")
    for path in (BOARD / "records").glob("*.json"):
        record = json.loads(path.read_text())
        if record["protocol"] == PROTOCOL and record["method"] in ROWS:
            shutil.copy(path, store / "records")
    for card in sorted((BOARD / "weights").glob("*/card.json"))[:3]:
        shutil.copytree(card.parent, store / "weights" / card.parent.name)
    return store


def crossed():
    """Records of two corpora x two methods, two repeats each, and no two scores alike."""
    for at, (corpus, method, repeat) in enumerate(itertools.product(("a", "b"), ("moco", "geokr"), (0, 1))):
        levels = {"methods": method, "backbones": "resnet18", "corpora": corpus}
        key, score = f"{corpus}-{method}-{repeat}", 0.4 + 0.03 * at + 0.01 * (at % 3)
        yield synthetic_record(
            key=key,
            method=method,
            corpus=corpus,
            axes=levels,
            seed=repeat,
            weights=key,
            metrics={"miou": score},
            schema=5,
        )


def test_every_command_reads_or_writes():
    known = commands().keys()
    assert READING.keys() | ELSEWHERE | WRITING == known
    assert not (READING.keys() | ELSEWHERE) & WRITING


def test_a_command_takes_json_where_it_reads_and_nowhere_else():
    takes = {name for name, command in commands().items() if any("--json" in each.opts for each in command.params)}
    assert READING.keys() | ELSEWHERE == takes


@pytest.mark.parametrize("name", READING)
def test_one_document_is_printed_and_nothing_else(name, things, run_bench):
    arguments, keys = READING[name]
    done = run_bench(*name.split(), *(each.format(**things) for each in arguments), "--json")
    assert done.returncode in ({0, 1} if name in CHECKS else {0}), done.stderr
    document = json.loads(done.stdout, parse_constant=lambda value: pytest.fail(f"{value} is no JSON"))
    first = document[0] if isinstance(document, list) else document
    assert keys <= first.keys()


@pytest.mark.parametrize(
    "name", ["table", "verdict", "stats", "verify", "axes", "plan", "corpus info", "data describe"]
)
def test_a_mistake_is_still_one_line_on_stderr_and_code_2(name, run_bench, tmp_path):
    (tmp_path / "other.txt").touch()
    named = [str(tmp_path)] if " " in name else ["--store", str(tmp_path)]
    done = run_bench(*name.split(), *named, "--json")
    assert (2, "") == (done.returncode, done.stdout)
    assert done.stderr.startswith("bench: ")
    assert 1 == len(done.stderr.splitlines())


def test_json_and_another_form_are_not_printed_at_once(run_bench, store):
    for arguments in (["table", "--format", "csv"], ["axes", "--format", "csv"], ["plan", "--slurm", "2"]):
        done = run_bench(*arguments, "--store", str(store), "--json")
        assert (2, "") == (done.returncode, done.stdout)
        assert f"--json and {arguments[1]} both say what is printed: leave one of them out" in done.stderr


def test_numbers_of_the_table_are_those_of_its_csv(run_bench, store):
    cells = json.loads(run_bench("table", "--store", str(store), "--json").stdout)["cells"]
    rows = list(csv.DictReader(run_bench("table", "--store", str(store), "--format", "csv").stdout.splitlines()))
    assert len(rows) == len(cells)
    assert [(row["variant"], float(row["fraction"])) for row in rows] == [
        (cell["variant"], cell["fraction"]) for cell in cells
    ]
    assert [float(row["mean"]) for row in rows] == pytest.approx([cell["mean"] for cell in cells], rel=1e-14)


def test_damage_is_named_in_the_document_and_the_code_is_1(run_bench, store):
    path = next((store / "records").iterdir())
    path.write_text("{")
    done = run_bench("verify", "--store", str(store), "--json")
    document = json.loads(done.stdout)
    assert (1, False, 1) == (done.returncode, document["sound"], len(document["problems"]))
    assert path.name in document["problems"][0]


@dataclasses.dataclass
class Thing:
    """Something with fields."""

    share: float
    where: Path


def test_what_is_no_number_is_null_and_what_is_no_json_has_a_plain_form():
    value = [Thing(math.nan, Path("a/b")), np.float64(0.1), np.int64(3), np.float32("inf"), {1: ("é",)}]
    assert [{"share": None, "where": "a/b"}, 0.1, 3, None, {"1": ["é"]}] == json.loads(as_json.text(value))
    assert "é" in as_json.text(value)
