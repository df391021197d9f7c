"""Cells that were tried and failed, so that a hole can say why it is one."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from results.variants import options_text, own_name


@dataclass(frozen=True)
class Failure:
    """A failed fine-tuning: what it was, and the last line of why; `row` is the study's name, None for the method's."""

    method: str
    row: str | None
    options: str
    corpus: str | None
    backbone: str
    protocol: str
    fraction: float
    seed: int
    error: str

    @property
    def name(self) -> str:
        """The row in words."""
        row = own_name(self.row, self.method)
        return self.method if row is None else f"{row} ({self.method})"


def read_failures(store: Path, done: set[str]) -> list[Failure]:
    """Read `jobs/*/failure.json` of the cells that have no record.

    Args:
        store: the store's folder.
        done: keys of cells that have a record.
    """
    found = []
    for path in sorted(store.glob("jobs/*/failure.json")):
        try:
            value = json.loads(path.read_text())
            if path.parent.name not in done and "pretrain" in value["job"]:
                found.append(_failure(value))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a torn failure note belongs to a job that is being written again
    return found


def _failure(value: dict[str, Any]) -> Failure:
    cell, pretrain = value["job"], value["job"]["pretrain"]
    row = cell.get("row")
    return Failure(
        method=str(pretrain["method"]),
        row=None if row is None else str(row),
        options=options_text(pretrain["identity"]),
        corpus=pretrain["corpus_hash"],
        backbone=str(pretrain["backbone"]),
        protocol=str(cell["protocol"]["id"]),
        fraction=float(cell["fraction"]),
        seed=int(cell["seed"]),
        error=str(value["error"]).strip().splitlines()[-1] if str(value["error"]).strip() else "no message",
    )
