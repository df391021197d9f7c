"""Where the seconds of a study go, by one command: imports, data, views, forward, backward, optimiser, evaluation, files.

    python -m benchmarks.where demo
    python -m benchmarks.where leaderboard --methods geokr,moco,simclr
    python -m benchmarks.where real-transfer --set corpus=eurosat-corpus --set budget.views=6400

One job of each kind (a method; a protocol and amount of labels) is done in this process, on one core, under Python's
profiler, and counts as often as the study has such jobs. Where the study trains longer than was done here (`--set
budget.views`), what a step costs is multiplied. The profiler slows Python code and not torch's, so that what is Python
looks larger than it is.
"""

import contextlib
import cProfile
import json
import pstats
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from bench.cli.study import overrides_of
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.jobs import Cell, PretrainJob
from bench.studies.loading import load_study
from bench.studies.plan import Plan, make_plan
from bench.studies.runner import as_sent

# What a category is made of: ends of file names and functions, of which none is called by another of the table.
FUNCTIONS = {
    "imports": [("importlib._bootstrap>", "_find_and_load")],
    "data": [("pretraining/loop.py", "feed"), ("utils/data/dataloader.py", "__next__")],
    "views": [("augment/views.py", "__call__")],
    "backward": [("torch/_tensor.py", "backward")],
    "optimiser": [
        ("torch/optim/optimizer.py", "wrapper"),
        ("torch/optim/optimizer.py", "zero_grad"),
        ("optim/lr_scheduler.py", "step"),
        ("methods/", "after_step"),
    ],
    "checks": [
        ("pretraining/diagnostics.py", "note"),
        ("pretraining/diagnostics.py", "read"),
        ("pretraining/diagnostics.py", "check_weights"),
        ("pretraining/loop.py", "_features"),
    ],
    "evaluation": [("tasks/training.py", "score")],
    "features": [("tasks/frozen.py", "_kept")],
    "flops": [("pretraining/flops.py", "measure")],
    "files": [
        ("bench/core/files.py", "write_bytes"),
        ("backbones/weights.py", "load"),
        ("backbones/weights.py", "save"),
    ],
}
# Loops whose remainder is the forward pass and the loss.
LOOPS = [("pretraining/loop.py", "_train"), ("tasks/training.py", "train")]
IN_LOOPS = ("data", "views", "backward", "optimiser")
COLUMNS = (*FUNCTIONS, "forward", "other", "waiting")


def seconds(profile: cProfile.Profile, wall: float, processor: float) -> dict[str, float]:
    """Seconds of each category of one job."""
    table: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # pstats declares no fields

    def of(places: Iterable[tuple[str, str]]) -> float:
        wanted = list(places)
        return sum(
            float(row[3])
            for (file, _, name), row in table.items()
            if any(
                name == function and (file.endswith(end) or (end.endswith("/") and f"/{end}" in file))
                for end, function in wanted
            )
        )

    found = {name: of(places) for name, places in FUNCTIONS.items()}
    inside = sum(found[name] for name in (*IN_LOOPS, "checks"))
    found["forward"] = max(0.0, of(LOOPS) - inside)
    found["waiting"] = max(0.0, wall - processor)
    found["other"] = max(0.0, processor - sum(found[name] for name in found if name != "waiting"))
    return found


def run(job: PretrainJob | Cell, store: Path) -> dict[str, float]:
    """Do a job here and now, and say where its seconds went."""
    profile = cProfile.Profile(time.process_time)
    wall, processor = time.perf_counter(), time.process_time()
    profile.enable()
    from bench.studies import work

    function = work.pretrain if isinstance(job, PretrainJob) else work.fine_tune
    name = "job" if isinstance(job, PretrainJob) else "cell"
    with contextlib.redirect_stdout(sys.stderr):
        function(lambda *_: None, **{name: as_sent(job)}, store=str(store), device="cpu", threads=1)  # type: ignore[operator]
    profile.disable()
    return seconds(profile, time.perf_counter() - wall, time.process_time() - processor)


def kinds(plan: Plan) -> tuple[dict[Any, PretrainJob], dict[Any, Cell], Counter[Any]]:
    """The first job of each kind, and how often each kind is there."""
    trainings: dict[Any, PretrainJob] = {}
    cells: dict[Any, Cell] = {}
    many: Counter[Any] = Counter()
    for job in plan.pretrains:
        trainings.setdefault((job.method, job.backbone), job)
        many[job.method, job.backbone] += 1
    done = {job.key for job in trainings.values()}
    for cell in plan.cells:
        kind = cell.protocol.id, cell.amount
        many[kind] += 1
        if cell.pretrain.key in done:
            cells.setdefault(kind, cell)
    return trainings, cells, many


def measure(study: str, overrides: dict[str, Any], stretch: float) -> list[dict[str, Any]]:
    """A row of seconds for each part of a study: all its pretrainings, and all cells of each task."""
    plan = make_plan(load_study(study, overrides), Inputs(lambda text: click.echo(text, err=True)))
    trainings, cells, many = kinds(plan)
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        Store(store).open_for_writing()
        for kind, job in [*trainings.items(), *cells.items()]:
            part = "pretraining" if isinstance(job, PretrainJob) else f"cells: {job.protocol.task}"
            click.echo(f"{part}: {' '.join(map(str, kind))}", err=True)
            for name, spent in run(job, store).items():
                times = stretch if part == "pretraining" and name in (*IN_LOOPS, "forward") else 1
                # Imports are made once a worker, by the first job that needs them, and features once for all amounts.
                often = {"imports": 1, "features": len({each.key for each in plan.pretrains})}.get(name, many[kind])
                parts[part][name] += spent * times * often
            parts[part]["jobs"] += many[kind]
    return [{"part": part, **dict(found)} for part, found in parts.items()]


@click.command()
@click.argument("study")
@click.option("--methods", help="Comma-separated methods.")
@click.option("--tasks", help="Comma-separated tasks.")
@click.option("--set", "settings", multiple=True, metavar="KEY.PATH=VALUE", help="Change a study's value.")
@click.option("--stretch", default=1.0, show_default=True, help="How many times longer the study itself pretrains.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
def main(
    study: str, methods: str | None, tasks: str | None, settings: tuple[str, ...], stretch: float, as_json: bool
) -> None:
    """Measure, and print shares of the processor's seconds."""
    overrides = overrides_of(settings)
    overrides |= {name: value.split(",") for name, value in (("methods", methods), ("tasks", tasks)) if value}
    rows = measure(study, overrides, stretch)
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    shown = [name for name in COLUMNS if any(row.get(name, 0) > 0 for row in rows)]
    click.echo("| part | jobs | core minutes | " + " | ".join(shown) + " |")
    click.echo("|---" * (len(shown) + 3) + "|")
    for row in rows:
        total = sum(row.get(name, 0.0) for name in shown)
        shares = " | ".join(f"{row.get(name, 0.0) / total:.1%}" for name in shown)
        click.echo(f"| {row['part']} | {row['jobs']} | {total / 60:.1f} | {shares} |")


if __name__ == "__main__":
    main()
