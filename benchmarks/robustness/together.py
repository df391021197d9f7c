"""Many runs on one store: is a cell done twice, or not at all, and do they wait for each other for ever?

python -m benchmarks.robustness.together --runs 16 --repeats 50

Runs of one worker each begin at the same time on an empty store; the study has eight cells a repeat, which probe frozen
random networks. The store is watched meanwhile: a record that is written a second time is another file.
"""

import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import click
import psutil

from benchmarks.robustness import show, stores
from benchmarks.robustness.processes import Run
from benchmarks.robustness.world import make_world, many_cells

# Seconds between two looks at the store, and after which runs that have not ended count as stuck.
LOOK, HANGING = 0.2, 1500.0


def memory_of(runs: list[Run]) -> float:
    """MiB that the processes of all runs hold; what several share is counted once."""
    total = 0
    for run in runs:
        for member in run.members():
            with suppress(psutil.Error):
                total += member.memory_full_info().pss
    return total / 2**20


def watch(store: Path, written: dict[str, set[tuple[int, int]]]) -> None:
    """Note every file that a record was."""
    for path in store.glob("records/*.json"):
        with suppress(FileNotFoundError):
            seen = path.stat()
            written.setdefault(path.stem, set()).add((seen.st_ino, seen.st_mtime_ns))


@click.command()
@click.option("--runs", default=16, show_default=True, help="That share the store.")
@click.option("--repeats", default=50, show_default=True, help="Of the study, eight cells each.")
@click.option("--json", "as_json", type=click.Path(path_type=Path), help="Write the figures to this file too.")
def main(runs: int, repeats: int, as_json: Path | None) -> None:
    """Let many runs share a store; exit code 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_world(folder)
        study, store = many_cells(folder, repeats), folder / "store"
        begun = time.monotonic()
        arguments = ["run", "--study", study, "--store", store, "--workers", "1"]
        started = [Run(arguments, folder / f"printed-{number}.txt") for number in range(runs)]
        written: dict[str, set[tuple[int, int]]] = {}
        most, looked = 0.0, 0.0
        while any(run.process.poll() is None for run in started) and time.monotonic() - begun < HANGING:
            watch(store, written)
            if time.monotonic() - looked > 10:
                most, looked = max(most, memory_of(started)), time.monotonic()
            time.sleep(LOOK)
        stuck = sum(run.process.poll() is None for run in started)
        seconds = time.monotonic() - begun
        left = sum(run.gone_after(10) is None for run in started)
        for run in started:
            run.end()
        codes = Counter(run.process.returncode for run in started)
        records = sum(1 for _ in store.glob("records/*.json"))
        figures: dict[str, object] = {
            "runs": runs,
            "cells": 8 * repeats,
            "records": records,
            "records lost": 8 * repeats - records,
            "records written twice": sum(len(files) > 1 for files in written.values()),
            "runs that never ended": stuck,
            "runs that left a process": left,
            "exit codes": {str(code): count for code, count in codes.items()},
            "bench verify": stores.verify(store) or "sound",
            "failures": sum(1 for _ in store.glob("jobs/*/failure.json")),
            "minutes": round(seconds / 60, 1),
            "memory of all, MiB": round(most),
        }
    show(figures, as_json)
    good = records == 8 * repeats and figures["records written twice"] == 0 and set(codes) == {0} and not left
    raise SystemExit(not (good and figures["bench verify"] == "sound"))


if __name__ == "__main__":
    main()
