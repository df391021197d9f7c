"""Runs of Weights & Biases in its offline mode: files that `wandb sync` sends when and where the user wants it.

A run's id is the key of its record, so a run that was sent before is the same run when it is sent again.
"""

import os
from pathlib import Path

from bench.core.registry import load
from results.export import Exported
from results.export.content import Content, Run, Tick, unique

PROJECT = "geokr-bench"
# The service takes names that start with a letter or an underscore, and tags of 64 characters.
_FORBIDDEN, _MOST_TAG = r"[^/\w.\- ]", 64
_DONE = ".exported"


def export(content: Content, folder: Path, tick: Tick) -> Exported:
    """Add an offline run under `folder/wandb` for each that is not there yet."""
    os.environ |= {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    place = folder / "wandb"
    place.mkdir(parents=True, exist_ok=True)
    # wandb's own folder of a run that was cut short looks as one that was not: what is done is marked.
    there = {path.read_text() for path in place.glob(f"offline-run-*/{_DONE}")}
    for number, run in enumerate(content.runs, start=1):
        if run.key not in there:
            _add(folder, run)
        tick(number, len(content.runs))
    added = sum(run.key not in there for run in content.runs)
    return Exported([place], added, len(content.runs) - added)


def _add(folder: Path, run: Run) -> None:
    settings = load("wandb:Settings")(
        silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True, x_disable_meta=True
    )
    marks = [name for name, value in run.tags.items() if value == "yes"]
    marks += [f"warning {name}" for name in run.tags["warnings"].split(", ") if name]
    made = load("wandb:init")(
        mode="offline",
        dir=str(folder),
        project=PROJECT,
        id=run.key,
        name=run.name,
        group=run.study,
        job_type=run.kind,
        tags=[mark[:_MOST_TAG] for mark in marks],
        config=run.params | {f"tag.{name}": value for name, value in (run.tags | {"key": run.key}).items()},
        settings=settings,
    )
    curves = unique((f"curve/{name}" for name in run.curves), _FORBIDDEN)
    for step in range(max(map(len, run.curves.values()), default=0)):
        made.log({curves[f"curve/{name}"]: values[step] for name, values in run.curves.items() if step < len(values)})
    named = unique(run.metrics, _FORBIDDEN)
    made.summary.update({named[name]: value for name, value in run.metrics.items()})
    done = Path(made.dir).parent / _DONE
    made.finish()
    done.write_text(run.key)
