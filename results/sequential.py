"""The section of the calibration report on studies that add seeds until their intervals are narrow."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from results.stats.simulation import ERRORS, Design, Errors, draw_errors
from results.stats.stopping import LEVEL, Stopped, simulate_until

ROWS, COLUMNS, FIRST, MOST = (2, 3, 10), (1, 5), 3, 20
# Widths in standard deviations of one score: from some that nearly all seeds are needed for to one that few are.
WIDTHS = (0.6, 0.8, 1.0, 1.4, 2.0, 2.8)
KINDS: tuple[Errors, ...] = tuple(kind for kind in ERRORS if kind != "scales")
LEAST_SINGLE = 0.94


@dataclass(frozen=True)
class Sequence:
    """One design with one kind of errors, and what was measured at each width."""

    design: Design
    errors: Errors
    measured: dict[float, Stopped]

    @property
    def worst(self) -> tuple[float, Stopped]:
        """The width at which most studies go wrong."""
        return max(self.measured.items(), key=lambda each: each[1].error)

    @property
    def limit(self) -> float:
        """The most that may err, in [0, 1]: what a design of a stated number of seeds may."""
        return 0.08 if self.errors == "unequal" else 0.055


def measure(draws: int) -> list[Sequence]:
    """Simulate the grid: rows x columns x kinds of errors, each at every width.

    Args:
        draws: studies of each kind.
    """
    found = []
    for number, (rows, columns, errors) in enumerate(product(ROWS, COLUMNS, KINDS)):
        design = Design(rows, FIRST, columns)
        at = simulate_until(design, MOST, WIDTHS, draw_errors(errors), draws, seed=number)
        found.append(Sequence(design, errors, dict(zip(WIDTHS, at, strict=True))))
    return found


def missed(found: Iterable[Sequence]) -> list[Sequence]:
    """Those that err more than their limit at some width, or whose single intervals cover less than 94%."""
    return [
        each
        for each in found
        if each.worst[1].error > each.limit or min(at.single for at in each.measured.values()) < LEAST_SINGLE
    ]


def section(found: list[Sequence]) -> str:
    """The section as Markdown."""
    lines = [
        "## Seeds added until intervals are narrow\n",
        _TEXT.format(first=FIRST, most=MOST, level=100 * (1 - LEVEL), widths=", ".join(map(str, WIDTHS))),
        "| rows | columns | errors | error | uncorrected | single | at width | seeds | uncorrected | at the cap |",
        "|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in found:
        width, at = each.worst
        plain = max(other.plain for other in each.measured.values())
        single = min(other.single for other in each.measured.values())
        error = f"**{_percent(at.error)}**" if each in missed([each]) else _percent(at.error)
        lines.append(
            f"| {each.design.rows} | {each.design.columns} | {each.errors} | {error} | {_percent(plain)} | "
            f"{_percent(single)} | {width:g} | {at.seeds:.1f} | {at.plain_seeds:.1f} | {100 * at.capped:.0f}% |"
        )
    return "\n".join([*lines, ""])


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


_TEXT = """`bench run --until` adds seeds, one at a time from {first} to at most {most}, until no interval of rows against one
reaches further than a width to either side. Intervals are of {level:g}% at each look, so that they err in 5% at the stop;
*uncorrected* they are of 95%. Widths of {widths} standard deviations of one score were tried;
*error*, *uncorrected* and *single* are those of the worst width, and the rest is of the width with the largest error:
mean seeds at the stop, corrected and not, and studies that ended with the most seeds. Limits: 5.5%, and 8% where rows
are unequal.
"""
