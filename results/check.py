"""Whether a study run again gives the numbers that were committed: bit for bit, or within the seeds' own spread."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, variance
from typing import NamedTuple

import pandas as pd
from scipy.special import stdtrit

from bench.core.errors import StoreError
from bench.store.records import Record
from results.frame import Scan, scan
from results.labels import percent
from results.losses import compare_losses
from results.machines import differing
from results.variants import label, options_text, own_name

# Chance of one false alarm in the whole report, where bits cannot be compared.
FALSE_ALARM = 0.01


class CheckedCell(NamedTuple):
    """What a cell is, apart from the code that computed it; `row` is the study's name, None for the method's own."""

    method: str
    options: str
    row: str | None
    backbone: str
    protocol: str
    fraction: float

    @property
    def place(self) -> tuple[str, str, float]:
        """Within which scores over seeds are pooled: backbone, protocol and fraction."""
        return self.backbone, self.protocol, self.fraction


@dataclass(frozen=True)
class CellReport:
    """One cell of both stores.

    Attributes:
        cell: which.
        name: the cell in words.
        bitwise: whether both were made on one kind of machine, so that equal bits are asked.
        kind: provenance fields in which the machines differ; empty for bitwise.
        committed: seed -> committed score.
        fresh: seed -> fresh score.
        tolerance: largest allowed difference of one score; 0 for bitwise.
        mean_tolerance: largest allowed difference of the mean over seeds; 0 for bitwise.
        moved: what moved, one line each.
    """

    cell: CheckedCell
    name: str
    bitwise: bool
    kind: list[str]
    committed: dict[int, float]
    fresh: dict[int, float]
    tolerance: float
    mean_tolerance: float
    moved: list[str]

    def line(self) -> str:
        """The cell in one line: what was asked of it, and how far it moved."""
        furthest = max(
            abs(self.fresh[seed] - self.committed[seed]) for seed in self.committed.keys() & self.fresh.keys()
        )
        asked = "equal bits" if self.bitwise else f"within ±{self.tolerance:.4f}, mean ±{self.mean_tolerance:.4f}"
        return f"{self.name}: {asked}; largest difference {furthest:.6f}"


@dataclass(frozen=True)
class Report:
    """The outcome of a check.

    Attributes:
        cells: one report a cell that both stores have.
        missing: committed records without a fresh one.
        extra: fresh records without a committed one.
        problems: files that could not be read.
        pretrainings: pretrainings whose losses were compared.
        losses: pretrainings that moved, one line each.
    """

    cells: list[CellReport]
    missing: list[str]
    extra: list[str]
    problems: list[str]
    pretrainings: int
    losses: list[str]

    @property
    def ok(self) -> bool:
        """Whether nothing moved, nothing is missing, and nothing is new."""
        return not (self.moved or self.missing or self.extra or self.problems)

    @property
    def moved(self) -> list[str]:
        """What moved, one line each."""
        return [*self.losses, *(f"{report.name}: {line}" for report in self.cells for line in report.moved)]


class Block(NamedTuple):
    """One repeat of a study, from 0, and of each protocol how many subsets it draws in a repeat; 1 where it is absent."""

    repeat: int
    subsets: Mapping[str, int]

    def has(self, record: Record) -> bool:
        """Whether a record is of this repeat."""
        return record.seed // self.subsets.get(record.protocol, 1) == self.repeat

    def __str__(self) -> str:
        return f"repeat {self.repeat}"


class Chosen(NamedTuple):
    """Cells by key."""

    keys: frozenset[str]

    def has(self, record: Record) -> bool:
        """Whether a record is of one of these cells."""
        return record.key in self.keys

    def __str__(self) -> str:
        return "the cells that were drawn"


Part = Block | Chosen


def compare(committed: Path, fresh: Path, part: Part | None = None) -> Report:
    """Compare a freshly made store with committed records, record by record, and the losses that pretraining ended with.

    Records are matched by method, options, row, backbone, protocol, fraction and seed, not by key, so that a change of
    code is judged by what it does to the numbers. On one kind of machine (`results.machines`) all metrics, counts,
    seeds and names of warnings must be equal. Elsewhere the headline score may differ by what training again with
    another seed would do: with s the pooled standard deviation over seeds of the committed cells of the same protocol,
    backbone and fraction, one score may move by t s sqrt(2) and a mean over n seeds by t s sqrt(2 / n), t being
    Student's quantile at the level `FALSE_ALARM` divided by the number of comparisons (Bonferroni).

    Args:
        committed: folder with the `records` that are held to.
        fresh: store of the new run.
        part: what is held to; None for all. What else a store holds is left alone.

    Raises:
        StoreError: one of the folders is no store, or nothing is committed, of this part.
    """
    old, new = scan(committed), scan(fresh)
    if not old.records:
        raise StoreError(f"{committed} holds no usable record to hold to: make it with `bench leaderboard build`")
    before, after = _by_cell(old.records, part), _by_cell(new.records, part)
    if part and not before:
        raise StoreError(f"{committed} holds no record of {part}: choose another")
    shared = [cell for cell in before if before[cell].keys() & after.get(cell, {}).keys()]
    comparisons = sum(len(before[cell].keys() & after[cell].keys()) + 1 for cell in shared)
    spreads = _pooled(_by_cell(old.records, None), comparisons)
    names = _names([*before, *after])
    reports = [_compare(cell, names[cell], before[cell], after[cell], spreads[cell.place]) for cell in shared]
    losses, pretrainings = compare_losses(committed, fresh)
    return Report(
        cells=reports,
        missing=[f"{names[cell]}, seed {seed}" for cell, seed in _unmatched(before, after)],
        extra=[f"{names[cell]}, seed {seed}" for cell, seed in _unmatched(after, before)],
        problems=[*old.problems, *old.superseded, *new.problems, *new.superseded, *_twins(old), *_twins(new)],
        pretrainings=pretrainings,
        losses=losses,
    )


def _by_cell(records: Iterable[Record], part: Part | None) -> dict[CheckedCell, dict[int, Record]]:
    cells: dict[CheckedCell, dict[int, Record]] = defaultdict(dict)
    for record in records:
        if part is None or part.has(record):
            cells[_cell(record)][record.seed] = record
    return dict(cells)


def _cell(record: Record) -> CheckedCell:
    row = own_name(record.row, record.method)
    return CheckedCell(
        record.method, options_text(record.options), row, record.backbone, record.protocol, record.fraction
    )


def _twins(found: Scan) -> list[str]:
    """Records that no comparison can tell apart: only one of them would be compared."""
    keys: dict[tuple[CheckedCell, int], list[str]] = defaultdict(list)
    for record in found.records:
        keys[_cell(record), record.seed].append(record.key)
    return [
        f"records {' and '.join(same)} are one cell and seed of {cell.row or cell.method}: name their rows apart"
        for (cell, _), same in keys.items()
        if len(same) > 1
    ]


def _names(cells: list[CheckedCell]) -> dict[CheckedCell, str]:
    """Each cell in words; a method's options are named where the two stores hold several."""
    columns = ["backbone", "method", "options", "corpus", "row"]
    rows = pd.DataFrame([(cell.backbone, cell.method, cell.options, None, cell.row) for cell in cells], columns=columns)
    variants = label(rows)
    return {
        cell: f"{variant} {cell.backbone} {cell.protocol} at {percent(cell.fraction)}"
        for cell, variant in zip(cells, variants, strict=True)
    }


def _unmatched(
    mine: dict[CheckedCell, dict[int, Record]], other: dict[CheckedCell, dict[int, Record]]
) -> list[tuple[CheckedCell, int]]:
    return [(cell, seed) for cell, seeds in mine.items() for seed in seeds if seed not in other.get(cell, {})]


def _pooled(cells: dict[CheckedCell, dict[int, Record]], comparisons: int) -> dict[tuple[str, str, float], float]:
    """Student's quantile times the pooled standard deviation over seeds, by (backbone, protocol, fraction)."""
    squares: dict[tuple[str, str, float], float] = defaultdict(float)
    freedom: dict[tuple[str, str, float], int] = defaultdict(int)
    for cell, seeds in cells.items():
        scores = [record.score for record in seeds.values()]
        if len(scores) > 1:
            squares[cell.place] += variance(scores) * (len(scores) - 1)
            freedom[cell.place] += len(scores) - 1
    spreads: dict[tuple[str, str, float], float] = defaultdict(float)  # no spread known: equality is asked
    for place, total in squares.items():
        quantile = float(stdtrit(freedom[place], 1 - FALSE_ALARM / (2 * max(1, comparisons))))
        spreads[place] = quantile * math.sqrt(total / freedom[place])
    return spreads


def _compare(
    cell: CheckedCell, name: str, before: dict[int, Record], after: dict[int, Record], spread: float
) -> CellReport:
    seeds = sorted(before.keys() & after.keys())
    kind = sorted({name for seed in seeds for name in differing(before[seed].provenance, after[seed].provenance)})
    tolerance, mean_tolerance = (0.0, 0.0) if not kind else (spread * math.sqrt(2), spread * math.sqrt(2 / len(seeds)))
    moved = []
    for seed in seeds:
        old, new = before[seed], after[seed]
        if not kind:
            moved += [f"seed {seed}: {what}" for what in _changed(old, new)]
        elif abs(new.score - old.score) > tolerance:
            moved.append(f"seed {seed}: {_move(old.metric, old.score, new.score)}, more than ±{tolerance:.4f}")
    old_mean, new_mean = (fmean(side[seed].score for seed in seeds) for side in (before, after))
    if kind and abs(new_mean - old_mean) > mean_tolerance:
        moved.append(f"mean of {len(seeds)}: {_move('score', old_mean, new_mean)}, more than ±{mean_tolerance:.4f}")
    return CellReport(
        cell=cell,
        name=name,
        bitwise=not kind,
        kind=kind,
        committed={seed: before[seed].score for seed in seeds},
        fresh={seed: after[seed].score for seed in seeds},
        tolerance=tolerance,
        mean_tolerance=mean_tolerance,
        moved=moved,
    )


# Counts that records from before there was a design cannot state; all others are held to.
_COUNTED_LATER = {"classes", "labels_used", "selection", "beyond"}


def _changed(old: Record, new: Record) -> list[str]:
    changes = []
    for part in ("metrics", "counts", "seeds"):
        was, now = getattr(old, part), getattr(new, part)
        names = (was | now).keys()
        if part == "counts" and not old.design:
            names = names - _COUNTED_LATER
        changes += [
            _move(name, was.get(name), now.get(name)) for name in sorted(names) if was.get(name) != now.get(name)
        ]
    warned, warns = (", ".join(sorted(record.warnings)) or "none" for record in (old, new))
    return changes if warned == warns else [*changes, f"warnings {warned} -> {warns}"]


def _move(name: str, old: float | None, new: float | None) -> str:
    step = "" if old is None or new is None else f" ({new - old:+.6g})"
    return f"{name} {old} -> {new}{step}"
