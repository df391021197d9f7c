"""Runs in a local project of Trackio, by its own storage: no dashboard is started, and nothing leaves the machine."""

import os
from pathlib import Path
from typing import Any

from bench.core.registry import load
from results.export import Exported
from results.export.content import Content, Run, Tick

PROJECT = "geokr-bench"


def export(content: Content, folder: Path, tick: Tick) -> Exported:
    """Add what is not there yet to project `geokr-bench` under `folder`; the id of a run is its key."""
    folder.mkdir(parents=True, exist_ok=True)
    # Trackio reads its folder once, when it is imported, and `trackio.utils` is where it keeps it.
    os.environ["TRACKIO_DIR"] = str(folder.resolve())
    storage = load("trackio:SQLiteStorage")
    storage.init_db(PROJECT)
    there = {each["id"] for each in storage.get_run_records(PROJECT)}
    for number, run in enumerate(content.runs, start=1):
        if run.key not in there:
            _add(storage, run)
        tick(number, len(content.runs))
    added = sum(run.key not in there for run in content.runs)
    return Exported([Path(storage.get_project_db_path(PROJECT))], added, len(content.runs) - added)


def _add(storage: Any, run: Run) -> None:
    steps: list[dict[str, float]] = [
        {f"curve/{name}": values[step] for name, values in run.curves.items() if step < len(values)}
        for step in range(max(map(len, run.curves.values()), default=0))
    ]
    rows = [*steps, run.metrics]
    storage.bulk_log(
        PROJECT,
        run.name,
        rows,
        steps=list(range(len(rows))),
        config=run.params | run.tags | {"key": run.key, "kind": run.kind, "study": run.study},
        log_ids=[f"{run.key}-{step}" for step in range(len(rows))],
        run_id=run.key,
    )
