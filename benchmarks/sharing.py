"""Twenty cells of the board that stand on one pretraining: one run, against a process a cell, as many as cores at a time.

    python -m benchmarks.sharing

A process of a cell imports, pretrains for itself or takes weights that are there, and does its cell by the harness' own
code; what the run gains is that weights are made once, and that imports and features of a test set are shared.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from bench.engines.engine import Call, perform
from bench.engines.local import LocalOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import Plan, make_plan
from bench.studies.runner import as_sent, execute

ASKED = {"methods": ["geokr"], "references": [], "tasks": ["seg", "probe", "probe-seg"]}


def plan() -> Plan:
    """All cells of the board's first GeoKR network on demo/scenes (probes) and demo/city."""
    return make_plan(load_study("leaderboard", ASKED), Inputs(click.echo)).of_repeat(0)


def one_run(store: Path) -> None:
    """All of them, as `bench run` does."""
    from benchmarks.cluster import Quiet

    made = Store(store)
    made.open_for_writing()
    execute(plan(), made, LocalOptions(workers=len(os.sched_getaffinity(0)), device="cpu"), Quiet())


def one_cell(key: str, store: Path) -> None:
    """One of them in this process, and its pretraining where the store does not have it."""
    (cell,) = [each for each in plan().cells if each.key == key]
    common = {"store": str(store), "device": "cpu", "threads": 1}
    log = str(store / "log.txt")
    for kind, arguments in (
        ("pretrain", {"job": as_sent(cell.pretrain), "processes": 1}),
        ("fine_tune", {"cell": as_sent(cell), "predictions": 0}),
    ):
        event = perform(Call(key, f"bench.studies.work:{kind}", common | arguments, log), lambda *_: None)
        assert event.kind == "returned", event.value


def _timed(*asked: str) -> float:
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-m", "benchmarks.sharing", *asked], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def _apart(keys: list[str], folder: Path, weights: Path | None) -> float:
    """Seconds of a process a cell, as many at a time as there are cores; copies of `weights` are there before."""
    for key in keys:
        Store(folder / key).open_for_writing()
        if weights:
            shutil.copytree(weights, folder / key / "weights" / weights.name)
    begun = time.perf_counter()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        list(pool.map(lambda key: _timed("--cell", key, "--store", str(folder / key)), keys))
    return time.perf_counter() - begun


def measure(folder: Path) -> dict[str, float]:
    """Seconds of all three."""
    keys = [cell.key for cell in plan().cells]
    ours = _timed("--store", str(folder / "run"))
    (weights,) = (folder / "run" / "weights").iterdir()
    shared = _apart(keys, folder / "shared", weights)
    alone = _apart(keys, folder / "alone", None)
    return {
        "cells": len(keys),
        "one_run_s": ours,
        "process_a_cell_s": alone,
        "ratio": alone / ours,
        "with_shared_weights_s": shared,
        "ratio_with_shared_weights": shared / ours,
    }


@click.command()
@click.option("--store", type=click.Path(path_type=Path), hidden=True)
@click.option("--cell", hidden=True)
def main(store: Path | None, cell: str | None) -> None:
    """Measure, and print as JSON."""
    if store and cell:
        one_cell(cell, store)
    elif store:
        one_run(store)
    else:
        with tempfile.TemporaryDirectory() as folder:
            click.echo(json.dumps(measure(Path(folder)), indent=1))


if __name__ == "__main__":
    main()
