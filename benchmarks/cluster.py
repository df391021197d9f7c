"""Ten thousand cells on a Ray cluster of many nodes that is simulated on one machine: how busy does scheduling keep them?

    python -m benchmarks.cluster results/leaderboard --nodes 32 --repeats 25 --pace 25

Every job of study `leaderboard` with so many repeats goes through the runner and the Ray engine as it would; in place of
its work it sleeps as long as such a job took in the committed records, divided by the pace. Efficiency is what the nodes
slept over what they could have in the time from the first job to the last. Nodes are processes of one machine, whose cores
they share with the scheduler, and the pace leaves short jobs shorter than a call: it is a lower bound.
"""

import json
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import click

from bench.engines.engine import Call, EngineOptions
from bench.engines.local import LocalEngine, LocalOptions
from bench.engines.ray import RayEngine, RayOptions
from bench.store.store import Store
from bench.studies import runner
from bench.studies.inputs import Inputs
from bench.studies.jobs import Answer, Cell, PretrainJob
from bench.studies.loading import load_study
from bench.studies.plan import Plan, make_plan


def pretend(_report: Any, *, seconds: float) -> Answer:
    """Be at work so long."""
    time.sleep(seconds)
    return Answer.DONE


class Pretending:
    """An engine whose calls sleep.

    Attributes:
        seconds: of each job, by key; none where it is not named.
    """

    seconds: dict[str, float]

    def submit(self, call: Call) -> None:
        """Start a call that sleeps as long as this job would take."""
        arguments = {"seconds": self.seconds.get(call.name, 0.0)}
        super().submit(replace(call, function="benchmarks.cluster:pretend", arguments=arguments))  # type: ignore[misc]


class OnRay(Pretending, RayEngine):
    """The Ray engine."""


class Here(Pretending, LocalEngine):
    """The local engine."""


class Quiet:
    """A watcher that counts."""

    def __init__(self) -> None:
        self.ended = 0

    def begin(self, job: runner.Job) -> None:
        """Nothing."""

    def advance(self, job: runner.Job, done: int, total: int, text: str) -> None:
        """Nothing."""

    def wait(self, job: runner.Job, holder: str) -> None:
        """Nothing."""

    def end(self, job: runner.Job, error: str | None) -> None:
        """Count."""
        del job
        assert error is None, error
        self.ended += 1


def durations(plan: Plan, committed: Path, pace: float) -> dict[str, float]:
    """Seconds of each job by key, as the committed records of its row and protocol took, divided by the pace."""
    of_cells, of_trainings = defaultdict(list), defaultdict(list)
    for path in (committed / "records").glob("*.json"):
        record = json.loads(path.read_text())
        cost = record["cost"]
        of_cells[record["protocol"]].append(cost["train_seconds"] + cost["eval_seconds"])
        of_trainings[record["method"]].append(cost.get("pretrain_seconds", 0.0))
    cells = {cell.key: mean(of_cells[cell.protocol.id]) / pace for cell in plan.cells}
    return cells | {job.key: mean(of_trainings[job.method] or [0.0]) / pace for job in plan.pretrains}


def go(engine: Any, options: EngineOptions, store: Store, pretrains: list[PretrainJob], cells: list[Cell]) -> float:
    """Seconds that the runner takes for some jobs."""
    view = Quiet()
    begun = time.monotonic()
    runner._Run(engine, store, options, view, 0).go(pretrains, cells)
    assert view.ended == len(pretrains) + len(cells)
    return time.monotonic() - begun


def overhead(repeats: int) -> dict[str, float]:
    """Milliseconds that the runner and two warm local workers take for a cell that does nothing."""
    cells = list({cell.key: cell for cell in _plan(repeats).cells}.values())
    options = LocalOptions(workers=2, device="cpu")
    with tempfile.TemporaryDirectory() as folder, Here(options) as engine:
        engine.seconds = {}
        store = Store(Path(folder) / "store")
        go(engine, options, store, [], cells[:10])
        return {"cells": len(cells), "ms_per_cell": 1000 * go(engine, options, store, [], cells) / len(cells)}


def _plan(repeats: int) -> Plan:
    return make_plan(load_study("leaderboard", {"seeds": repeats}), Inputs(click.echo))


@click.command()
@click.argument("committed", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--nodes", default=32, show_default=True)
@click.option("--repeats", default=25, show_default=True, help="Of study leaderboard, 392 cells each.")
@click.option("--pace", default=25.0, show_default=True, help="How many times faster than in the records.")
def main(committed: Path, nodes: int, repeats: int, pace: float) -> None:
    """Measure the efficiency of scheduling."""
    from ray.cluster_utils import Cluster

    plan = _plan(repeats)
    cells = list({cell.key: cell for cell in plan.cells}.values())
    seconds = durations(plan, committed, pace)
    # Every node starts a process before time is taken.
    first = [plan.pretrains[0].model_copy(update={"key": f"first-{number}"}) for number in range(2 * nodes)]
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    for _ in range(nodes):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    options = RayOptions(kind="ray", address=cluster.address, device="cpu")
    try:
        with tempfile.TemporaryDirectory() as folder, OnRay(options) as engine:
            engine.seconds = seconds | {job.key: 2.0 for job in first}
            store = Store(Path(folder) / "store")
            go(engine, options, store, first, [])
            took = go(engine, options, store, plan.pretrains, cells)
    finally:
        cluster.shutdown()
    jobs = len(plan.pretrains) + len(cells)
    ideal = sum(seconds[key] for key in {job.key for job in [*plan.pretrains, *cells]}) / nodes
    figures = {
        "nodes": nodes,
        "jobs": jobs,
        "mean_seconds": round(ideal * nodes / jobs, 4),
        "ideal_seconds": round(ideal, 1),
        "seconds": round(took, 1),
        "efficiency": round(ideal / took, 3),
    }
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
