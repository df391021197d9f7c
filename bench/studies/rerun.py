"""Running a few cells of somebody's results again: from their weights, or with the pretraining."""

from pathlib import Path

from bench.core.errors import StoreError
from bench.core.seeding import shuffled
from bench.store.store import Store
from bench.studies.jobs import Cell
from bench.studies.plan import Plan
from bench.studies.replay import drawn, make_again
from bench.studies.runner import Watcher, execute
from bench.studies.study import Study


def choose(plan: Plan, folder: Path, count: int, seed: int, *, pretrain: bool) -> list[Cell]:
    """Draw cells that have a record: all of them where they are pretrained again, else those with weights.

    Raises:
        StoreError: there is no such cell.
    """
    if not pretrain:
        return drawn(plan, folder, count, seed)
    cells = [cell for cell in plan.cells if (folder / "records" / f"{cell.key}.json").is_file()]
    if not cells:
        raise StoreError(f"{folder} holds no cell of this study: is it this study's, on the same corpus and data?")
    return [cells[at] for at in shuffled([cell.key for cell in cells], seed)[:count]]


def run(cells: list[Cell], folder: Path, store: Store, study: Study, view: Watcher, *, pretrain: bool) -> None:
    """Run cells into a new store."""
    if not pretrain:
        make_again(cells, folder, store, study.engine, view)
        return
    store.open_for_writing()
    jobs = list({cell.pretrain.key: cell.pretrain for cell in cells}.values())
    execute(Plan(jobs, cells), store, study.engine, view)
