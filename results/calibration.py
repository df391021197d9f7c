"""The calibration report: what the intervals err, and what they find, over a grid of designs and on a board's residuals."""

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from itertools import product

import numpy as np
import pandas as pd

from results.stats.block_model import COLUMN, scores_by_block
from results.stats.intervals import Floats
from results.stats.simulation import ERRORS, SCALES, SPREAD, Design, Draw, Errors, Measured, draw_errors, simulate
from results.variants import apart

ROWS, SEEDS, COLUMNS = (2, 3, 4, 10, 20), (2, 3, 5, 10), (1, 2, 10)
PRETRAININGS = ((1, 4), (2, 4), (3, 6), (5, 10))
_PRETRAINED = ((3, 2), (10, 2))
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class Cell:
    """One design with one kind of errors, and what was measured."""

    design: Design
    errors: Errors
    measured: Measured


@dataclass(frozen=True)
class Shared:
    """One design whose repeats share pretrainings.

    Attributes:
        design: the design.
        judged: what our intervals err, about methods; about these weights where there is one pretraining.
        repeats: what they would err about methods if repeats were counted as independent.
    """

    design: Design
    judged: Measured
    repeats: Measured


@dataclass(frozen=True)
class Residuals:
    """A board's own errors: what the intervals err where they are drawn from its residuals."""

    name: str
    design: Design
    alike: Measured
    unlike: Measured


def measure(draws: int, progress: Progress = lambda _done, _all: None) -> list[Cell]:
    """Simulate the grid: rows x seeds x columns x kinds of errors."""
    grid = list(product(ROWS, SEEDS, COLUMNS, ERRORS))
    found = []
    for number, (rows, seeds, columns, errors) in enumerate(grid):
        design = Design(rows, seeds, columns)
        found.append(Cell(design, errors, simulate(design, draw_errors(errors), draws, seed=number)))
        progress(number + 1, len(grid))
    return found


def measure_pretrainings(draws: int) -> list[Shared]:
    """Simulate studies whose repeats share pretrainings, which spread as much as repeats of one do."""
    found, draw = [], draw_errors("equal")
    for (rows, columns), (pretrainings, seeds) in product(_PRETRAINED, PRETRAININGS):
        design = Design(rows, seeds, columns, pretrainings)
        ours = simulate(design, draw, draws, seed=seeds, about_weights=pretrainings == 1)
        repeats = simulate(design, draw, draws, seed=seeds, judged=Design(rows, seeds, columns))
        found.append(Shared(design, ours, repeats))
    return found


def measure_board(name: str, frame: pd.DataFrame, draws: int) -> Residuals | None:
    """Simulate studies whose errors are drawn from a board's residuals; None where too few rows share too few seeds.

    Args:
        name: of the board.
        frame: its records.
        draws: number of studies.
    """
    columns = _complete(frame[~frame["variant"].isin(apart(frame))])
    if not columns or columns[0].shape[1] < 2:
        return None
    design = Design(columns[0].shape[0], columns[0].shape[1], len(columns))
    if design.rows < 2:
        return None
    alike, unlike = (simulate(design, _from_residuals(columns, rows), draws) for rows in (False, True))
    return Residuals(name, design, alike, unlike)


def _complete(frame: pd.DataFrame) -> list[Floats]:
    """Scores of the rows that all columns share, over as many blocks as all have: one (rows, seeds) a column."""
    tables = [scores_by_block(column) for _, column in frame.groupby(COLUMN, sort=True)]
    shared = sorted(set.intersection(*(set(table.columns) for table in tables))) if tables else []
    full = [table[shared].dropna().to_numpy().T for table in tables]
    seeds = min((each.shape[1] for each in full), default=0)
    return [each[:, :seeds] for each in full] if shared else []


def _from_residuals(columns: list[Floats], own_rows: bool) -> Draw:
    """Errors as wide as each column's, or as each of its rows', with the shape of all standardised residuals."""
    pool, widths = [], []
    for scores in columns:
        rows, seeds = scores.shape
        residual = scores - scores.mean(axis=0) - scores.mean(axis=1, keepdims=True) + scores.mean()
        width = math.sqrt((residual**2).sum() / ((rows - 1) * (seeds - 1)))
        by_row = residual.std(axis=1, ddof=1)[:, None] * math.sqrt(rows / (rows - 1))
        if width:
            pool.append(residual.ravel() / residual.std())
        widths.append(by_row if own_rows else np.full_like(by_row, width))
    everything, wide = np.concatenate(pool), np.stack(widths)
    return lambda random, shape: random.choice(everything, shape) * wide


def table(cells: Iterable[Cell]) -> str:
    """The grid as comma-separated values, from which `results.stats.measured` reads."""
    stream = io.StringIO()
    names = [field.name for field in fields(Measured)]
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["rows", "seeds", "columns", "errors", *names])
    for cell in cells:
        values = [f"{value:.4f}" for value in asdict(cell.measured).values()]
        writer.writerow([cell.design.rows, cell.design.seeds, cell.design.columns, cell.errors, *values])
    return stream.getvalue()


def report(
    cells: list[Cell], shared: list[Shared], board: Residuals | None, draws: int, more: Iterable[str] = ()
) -> str:
    """The report as Markdown, `more` sections among the others."""
    half = 100 * math.sqrt(0.05 * 0.95 / draws)
    head = _HEAD.format(draws=f"{draws:,}", doubt=f"{half:.2f}", spread=SPREAD, scales=SCALES)
    parts = [head, _limits(cells)]
    parts += ["## The grid\n", _GRID, _grid(cells), "## Power\n", _POWER, _power(cells)]
    parts += ["## Pretrainings that repeats share\n", _SHARED, _pretrained(shared)]
    if board:
        parts += ["## Errors of our own board\n", _board(board)]
    parts += [*more, "## Real rows that differ in nothing\n", _EQUAL]
    return "\n".join(parts).rstrip() + "\n"


_HEAD = """# What the intervals err

Written by `bench calibrate`. Studies without any difference are simulated, {draws} of each kind, and judged by the
functions that judge records (`results/stats/moderation.py`, `results/stats/simultaneous.py`). The *error* is the share
of studies in which one simultaneous 95% interval or more misses the truth; simultaneous coverage is what is left of
100%. It should be 5%. *Single* is the share of all single 95% intervals that hold the truth. The Monte-Carlo error of
an error of 5% is {doubt} points (one standard deviation).

Errors are *equal*: normal, of one standard deviation; *unequal*: normal, the standard deviation of each row drawn in
each column, log-normally with {spread} on the log scale; *skewed*: exponential; *outliers*: normal, a tenth four times
as wide; *scales*: equal within a column, log-normal with {scales} between columns. A column is one protocol at one
amount of labels. The family is all pairs of all columns, or all rows against one.
"""

_GRID = """Each entry: error of all pairs / of rows against one / single coverage, in %. Bold: over the limit.
"""

_POWER = """Share of differences of 3 and 5 standard deviations of one score that are called, between one row and all
others: the block model among all pairs and against one row; plain Tukey at 3, with the error that it makes; and the
exact sign-flip test with Holm's correction at 3 and 5.
"""

_SHARED = """Equal errors, and pretrainings of a row that spread as much as the repeats of one pretraining. *Ours* averages
the repeats of a pretraining first. *Repeats counted* is what taking each repeat as independent would err about methods.
With one pretraining nothing can be said about methods, and ours speaks of these weights.
"""


_EQUAL = """`bench calibrate --aa STORE` cuts the records of an A/A study into small studies, and counts those that call equal
rows different: see [equal rows](equal-rows.md).
"""


def limit(cell: Cell) -> float:
    """The most that a design may err, in [0, 1]; nothing is promised for two seeds and for columns of other scales."""
    if cell.design.seeds < 3 or cell.errors == "scales":
        return 1.0
    if cell.errors != "unequal":
        return 0.055
    if cell.design.seeds < 5:
        return 0.11
    return 0.055 if cell.design.rows >= 10 and cell.design.columns >= 10 else 0.08


LEAST_SINGLE = 0.94


def missed(cells: list[Cell]) -> list[Cell]:
    """The cells that err more than their limit, or whose single intervals cover less than 94%."""
    return [
        cell
        for cell in cells
        if max(cell.measured.error, cell.measured.error_reference) > limit(cell)
        or (cell.measured.single < LEAST_SINGLE and limit(cell) < 1)
    ]


def _limits(cells: list[Cell]) -> str:
    """The limits, and the worst that was measured under each."""
    groups: dict[str, list[Cell]] = {}
    names = {0.055: "5.5%", 0.08: "8%", 0.11: "11%"}
    for cell in cells:
        if limit(cell) < 1:
            kind = "unequal errors" if cell.errors == "unequal" else "equal, skewed and outlying errors"
            groups.setdefault(f"{kind}, at most {names[limit(cell)]}", []).append(cell)
    lines = ["| limit | worst error | where |", "|---|---:|---|"]
    for name, group in groups.items():
        worst = max(group, key=lambda cell: max(cell.measured.error, cell.measured.error_reference))
        error = max(worst.measured.error, worst.measured.error_reference)
        lines.append(f"| {name} | {_percent(error)} | {_named(worst)} |")
    least = min((cell for cell in cells if limit(cell) < 1), key=lambda cell: cell.measured.single)
    lines.append(f"| single intervals, at least 94% | {_percent(least.measured.single)} | {_named(least)} |")
    over = missed(cells)
    said = "Every design keeps its limits." if not over else f"Over their limit: {'; '.join(map(_named, over))}."
    return "\n".join([*lines, "", said, ""])


def _grid(cells: list[Cell]) -> str:
    found = {(cell.design, cell.errors): cell for cell in cells}
    lines = [f"| rows | seeds | columns | {' | '.join(ERRORS)} |", f"|---:|---:|---:|{'---:|' * len(ERRORS)}"]
    for design in dict.fromkeys(cell.design for cell in cells):
        entries = [_entry(found[design, errors]) for errors in ERRORS]
        lines.append(f"| {design.rows} | {design.seeds} | {design.columns} | {' | '.join(entries)} |")
    return "\n".join([*lines, ""])


def _entry(cell: Cell) -> str:
    found = cell.measured
    text = f"{100 * found.error:.1f} / {100 * found.error_reference:.1f} / {100 * found.single:.1f}"
    return f"**{text}**" if cell in missed([cell]) else text


def _power(cells: list[Cell]) -> str:
    found = {(cell.design, cell.errors): cell.measured for cell in cells}
    lines = [
        "| rows | seeds | columns | errors | pairs, 3 | pairs, 5 | one, 3 | one, 5 | Tukey, 3 (err) | old, 3 | old, 5 |",
        "|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for design in dict.fromkeys(cell.design for cell in cells):
        for errors in ("equal", "unequal"):
            each = found[design, errors]
            values = [each.power_3, each.power_5, each.reference_3, each.reference_5]
            shown = [f"{value:.2f}" for value in values]
            shown += [f"{each.tukey_3:.2f} ({100 * each.tukey:.1f})", f"{each.old_3:.2f}", f"{each.old_5:.2f}"]
            place = f"| {design.rows} | {design.seeds} | {design.columns} | {errors} |"
            lines.append(f"{place} {' | '.join(shown)} |")
    return "\n".join([*lines, ""])


def _pretrained(shared: list[Shared]) -> str:
    lines = [
        "| rows | columns | pretrainings | repeats | about | ours | single | repeats counted |",
        "|---:|---:|---:|---:|---|---:|---:|---:|",
    ]
    for each in shared:
        design = each.design
        about = "these weights" if design.pretrainings == 1 else "methods"
        place = f"| {design.rows} | {design.columns} | {design.pretrainings} | {design.seeds} | {about} |"
        shown = [each.judged.error, each.judged.single, each.repeats.error]
        lines.append(f"{place} {' | '.join(map(_percent, shown))} |")
    return "\n".join([*lines, ""])


def _board(board: Residuals) -> str:
    design = board.design
    what = f"{design.rows} rows, {design.seeds} seeds, {design.columns} columns"
    return (
        f"Errors drawn from the residuals of `{board.name}` ({what}).\n"
        "They are standardised in each column, and made as wide as the column's, or as each row's own few residuals are,\n"
        "which exaggerates how unequal rows are.\n\n"
        "| width | error, all pairs | against one | single |\n|---|---:|---:|---:|\n"
        + "".join(
            f"| {name} | {_percent(found.error)} | {_percent(found.error_reference)} | {_percent(found.single)} |\n"
            for name, found in (("of each column", board.alike), ("of each row", board.unlike))
        )
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _named(cell: Cell) -> str:
    design = cell.design
    return f"{design.rows} rows, {design.seeds} seeds, {design.columns} columns, {cell.errors}"
