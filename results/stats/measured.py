"""The error of the intervals as it was measured for designs like the one at hand (`bench calibrate`)."""

import csv
from functools import cache
from pathlib import Path

from results.stats.simultaneous import Family

TABLE = Path(__file__).with_name("calibration.csv")
# Where more than this share of studies goes wrong, a sentence suggests and does not state.
TRUSTED = 0.08
_DESIGN = ("rows", "seeds", "columns")
Place = tuple[int, int, int]


def measured_error(rows: int, seeds: int, family: Family) -> float:
    """Share of studies without any difference in which an interval of the family misses 0.

    The worst of the kinds of errors that were simulated, and of the designs of the grid that lie around this one; beyond
    the grid its edge.

    Args:
        rows: methods compared in a column.
        seeds: units of repetition, at least 2.
        family: the primary questions.
    """
    table, grid = _measured()
    stars = all(shape.kind == "star" for shapes, _ in family.shapes for shape in shapes)
    around = [_around(values, at) for values, at in zip(grid, (rows, seeds, family.columns), strict=True)]
    first, second, third = around
    return max(table[a, b, c][int(stars)] for a in first for b in second for c in third)


def _around(values: list[int], at: int) -> list[int]:
    """The values of the grid next to one."""
    below = [value for value in values if value <= at]
    above = [value for value in values if value >= at]
    return [below[-1], above[0] if above else below[-1]]


@cache
def _measured() -> tuple[dict[Place, tuple[float, float]], list[list[int]]]:
    """By design: the worst error of all pairs, and of all rows against one; and the values of the grid."""
    worst: dict[Place, tuple[float, float]] = {}
    with TABLE.open(newline="") as file:
        for line in csv.DictReader(file):
            rows, seeds, columns = (int(line[name]) for name in _DESIGN)
            pairs, reference = worst.get((rows, seeds, columns), (0.0, 0.0))
            found = max(pairs, float(line["error"])), max(reference, float(line["error_reference"]))
            worst[rows, seeds, columns] = found
    return worst, [sorted(set(values)) for values in zip(*worst, strict=True)]
