"""Some cells of a study made again from weights that were committed, so that a number can be held to its weights.

A committed folder is no store: it has no `store.json`, so that nothing is run into it.
"""

import shutil
from pathlib import Path

from bench.backbones.weights import FILE
from bench.core.errors import StoreError
from bench.core.seeding import shuffled
from bench.engines.engine import EngineOptions
from bench.store.store import Store
from bench.studies.jobs import Cell
from bench.studies.plan import Plan
from bench.studies.runner import Watcher, execute


def drawn(plan: Plan, committed: Path, count: int, seed: int) -> list[Cell]:
    """Draw cells that have a committed record and committed weights.

    Args:
        plan: of the study.
        committed: folder of `bench leaderboard build --weights-of`.
        count: how many are drawn; all, where there are fewer.
        seed: of the draw.

    Raises:
        StoreError: there is no such cell.
    """
    cells = [
        cell
        for cell in plan.cells
        if (committed / "records" / f"{cell.key}.json").is_file() and (_weights(committed, cell) / FILE).is_file()
    ]
    if not cells:
        raise StoreError(
            f"{committed} holds no cell of this study with its weights: is it this study's, on the same corpus and data?"
        )
    return [cells[at] for at in shuffled([cell.key for cell in cells], seed)[:count]]


def make_again(cells: list[Cell], committed: Path, store: Store, engine: EngineOptions, view: Watcher) -> None:
    """Run cells into a new store, from weights that are copied from a committed folder."""
    store.open_for_writing()
    for weights in {_weights(committed, cell) for cell in cells}:
        shutil.copytree(weights, store.weights(weights.name))
    execute(Plan([], cells), store, engine, view)


def _weights(committed: Path, cell: Cell) -> Path:
    return committed / "weights" / cell.pretrain.key
