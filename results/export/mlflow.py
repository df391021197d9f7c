"""Runs in MLflow's own database file, by its client: no server runs, and nothing leaves the machine."""

import logging
import os
from pathlib import Path
from typing import Any

from bench.core.registry import load
from results.export import Exported
from results.export.content import Content, Run, Tick, unique

FILE = "mlflow.db"
KEY, EXPERIMENT = "bench.key", "geokr-bench"
# What MLflow takes in a name, and the most of each that one call takes (mlflow.utils.validation).
_FORBIDDEN = r"[^/\w.\- ]"
_MOST_METRICS, _MOST_PARAMS, _MOST_TEXT = 1000, 100, 500
_PAGE = 1000


def export(content: Content, folder: Path, tick: Tick) -> Exported:
    """Add what is not there yet to the experiment of `folder/mlflow.db`; a run bears its key as the tag `bench.key`."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    # It tells of every table of its new database.
    os.environ.setdefault("MLFLOW_CONFIGURE_LOGGING", "false")
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder.resolve() / FILE
    client = load("mlflow:MlflowClient")(f"sqlite:///{path}")
    found = client.get_experiment_by_name(EXPERIMENT)
    place = folder.resolve() / "artifacts"
    experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT, place.as_uri())
    there = _keys(client, experiment)
    for number, run in enumerate(content.runs, start=1):
        if run.key not in there:
            _add(client, experiment, run)
        tick(number, len(content.runs))
    added = sum(run.key not in there for run in content.runs)
    return Exported([path], added, len(content.runs) - added)


def _keys(client: Any, experiment: str) -> set[str]:
    """Keys of the finished runs; one that an export left half-written is deleted, and added anew."""
    keys, token = set(), None
    while True:
        page = client.search_runs([experiment], max_results=_PAGE, page_token=token)
        for run in page:
            if run.info.status == "FINISHED":
                keys.add(run.data.tags.get(KEY, ""))
            elif KEY in run.data.tags:
                client.delete_run(run.info.run_id)
        token = page.token
        if not token:
            return keys


def _add(client: Any, experiment: str, run: Run) -> None:
    metric, param = load("mlflow.entities:Metric"), load("mlflow.entities:Param")
    tags = {KEY: run.key, "bench.kind": run.kind, "bench.study": run.study}
    tags |= {f"bench.{name}": value for name, value in run.tags.items()}
    made = client.create_run(experiment, tags=tags, run_name=run.name).info.run_id
    named = unique([*run.metrics, *(f"curve/{name}" for name in run.curves)], _FORBIDDEN)
    metrics = [metric(named[name], value, 0, 0) for name, value in run.metrics.items()]
    for name, values in run.curves.items():
        metrics += [metric(named[f"curve/{name}"], value, 0, step) for step, value in enumerate(values)]
    words = unique(run.params, _FORBIDDEN)
    params = [param(words[name], str(value)[:_MOST_TEXT]) for name, value in run.params.items() if value is not None]
    for at in range(0, max(len(metrics), 1), _MOST_METRICS):
        client.log_batch(made, metrics=metrics[at : at + _MOST_METRICS])
    for at in range(0, len(params), _MOST_PARAMS):
        client.log_batch(made, params=params[at : at + _MOST_PARAMS])
    client.set_terminated(made)
