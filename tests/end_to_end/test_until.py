"""Seeds added until the intervals are narrow: a small study of two equal rows, run for real and killed amid a block."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import yaml
from running import COMMAND, WIDE, bench

from bench.store.questions import read_questions


@pytest.fixture(scope="module")
def quick(study, tmp_path_factory):
    """The small study with two rows of random initialisations, which need no pretraining."""
    values = yaml.safe_load(study.read_text())
    values |= {"name": "quick", "methods": [{"random": {"as": "other", "repeat_from": 100}}], "fractions": [1.0]}
    for key in ("budget", "pretrain", "options"):
        del values[key]
    path = tmp_path_factory.mktemp("quick") / "quick.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def seeds_done(store):
    found = [json.loads(path.read_text()) for path in (store / "records").glob("*.json")]
    return sorted((record["row"] or record["method"], record["seed"]) for record in found)


def both_rows(seeds):
    return sorted((row, seed) for row in ("random", "other") for seed in range(seeds))


def run(quick, store, *options):
    return bench("run", "--study", quick, "--store", store, *options, env=WIDE)


def test_seeds_are_added_to_the_cap_also_after_a_kill_and_the_verdict_says_how_they_were_chosen(quick, tmp_path):
    store, narrow = tmp_path / "store", ["--until", "0.001", "--most-seeds", "4"]
    command = [sys.executable, "-c", COMMAND, "run", "--study", quick, "--store", store, *narrow]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.DEVNULL, start_new_session=True) as killed:
        end = time.monotonic() + 300
        while len(seeds_done(store)) < 7:
            assert time.monotonic() < end, "it added no seed"
            time.sleep(0.01)
        os.killpg(killed.pid, signal.SIGKILL)

    again = run(quick, store, *narrow)
    assert 0 == again.returncode, again.stderr
    assert sorted((row, seed) for row in ("random", "other") for seed in range(4)) == seeds_done(store)
    assert "4 seeds: the widest interval is ±" in again.stderr
    assert "stopped at the most seeds, 4: the intervals are still wider" in again.stderr
    assert [(0.00001, 4, 0.02)] == [
        (each.until.width, each.until.most, each.until.level) for each in read_questions(store)
    ]
    assert "The number of seeds was chosen by the width of the intervals" in again.stdout

    wide = run(quick, store, "--until", "99")
    assert (0, "everything is done already") == (wide.returncode, wide.stderr.splitlines()[0])
    assert "±99 points are asked for" in wide.stderr.splitlines()[1]
    assert 8 == len(seeds_done(store))
