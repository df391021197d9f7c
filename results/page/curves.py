"""Geometry of the page's charts; the template draws them as SVG in the page's own colours."""

import math
from dataclasses import dataclass, field

import pandas as pd

from results import floors, labels
from results.budgets import Spent
from results.stats.intervals import Interval, t_interval

WIDTH, HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 12, 42


@dataclass(frozen=True)
class Point:
    """A mean score with the ends of its interval, in pixels; the ends equal the mean where there is none."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One variant's curve; `slot` picks colour, dash and mark, `warned` says whether a point rests on a warned record."""

    variant: str
    slot: int
    warned: bool
    points: list[Point]

    @property
    def path(self) -> str:
        """SVG path through the means."""
        return "M" + " L".join(f"{point.x:.1f} {point.y:.1f}" for point in self.points)


@dataclass(frozen=True)
class Chart:
    """A chart in pixels, with ticks as (position, label), and a sentence that stands for it.

    Attributes:
        lines: curves; in a chart of compute, marks of one point each.
        levels: of rows that have no place on the horizontal axis: lines across the frame.
        trivial: path of the trivial score; '' where it is not known.
        axis: what the horizontal axis says.
        notes: sentences below.
        amount: amount of labels of all its points; '' for curves over labels.
    """

    lines: list[Line]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    description: str
    axis: str
    levels: list[Line] = field(default_factory=list)
    trivial: str = ""
    notes: list[str] = field(default_factory=list)
    amount: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


@dataclass(frozen=True)
class _Plane:
    """Values to pixels: a log axis from `first` to `last`, and scores between the outer `ticks`."""

    first: float
    last: float
    ticks: list[float]

    def x(self, value: float) -> float:
        share = math.log(value / self.first) / math.log(self.last / self.first)
        return round(_LEFT + 12 + share * (WIDTH - _LEFT - _RIGHT - 24), 1)

    def y(self, score: float) -> float:
        share = (score - self.ticks[0]) / (self.ticks[-1] - self.ticks[0])
        return round(HEIGHT - _BOTTOM - min(max(share, 0), 1) * (HEIGHT - _TOP - _BOTTOM), 1)

    def point(self, value: float, score: Interval) -> Point:
        mean = score.estimate
        ends = (mean, mean) if math.isnan(score.low) else (score.low, score.high)
        return Point(self.x(value), self.y(mean), self.y(ends[0]), self.y(ends[1]))

    @property
    def y_ticks(self) -> list[tuple[float, str]]:
        return [(self.y(tick), f"{100 * tick:g}") for tick in self.ticks]


def chart(board: pd.DataFrame, slots: dict[str, int]) -> Chart | None:
    """Lay out the curves of one protocol and backbone over the labels used; None where there is only one amount.

    Args:
        board: its records.
        slots: number of each variant, in the order of the page.
    """
    over = labels.shares(board)
    first, last = min(over.values()), max(over.values())
    fractions = [float(fraction) for fraction in sorted(board["fraction"].unique())]
    if len(fractions) < 2 or first == last:
        return None
    intervals = {
        (str(variant), float(str(fraction))): t_interval(group["score"].to_numpy())
        for (variant, fraction), group in board.groupby(["variant", "fraction"], sort=False)
    }
    blind = floors.trivial(board)
    means = [*(interval.estimate for interval in intervals.values()), *blind.values()]
    plane = _Plane(first, last, _nice_ticks(min(means), max(means)))
    lines = []
    for variant in sorted(set(board["variant"]), key=slots.__getitem__):
        keys = [(variant, fraction) for fraction in fractions if (variant, fraction) in intervals]
        warned = bool((board.loc[board["variant"] == variant, "warnings"] != "").any())
        lines.append(Line(variant, slots[variant], warned, [plane.point(over[key], intervals[key]) for key in keys]))
    nearest = {at: min(share for (_, fraction), share in over.items() if fraction == at) for at in blind}
    trivial = " L".join(f"{plane.x(nearest[at]):.1f} {plane.y(score):.1f}" for at, score in blind.items())
    return Chart(
        lines=lines,
        x_ticks=[(plane.x(place), text) for place, text in labels.ticks(board).items() if first <= place <= last],
        y_ticks=plane.y_ticks,
        description=_describe(board, fractions, blind),
        axis=f"{labels.axis(board)} (log scale)",
        trivial=f"M{trivial}" if trivial else "",
        notes=labels.curve_notes(board),
    )


def compute_charts(
    found: dict[float, list[Spent]], named: dict[float, str], blind: dict[float, float], slots: dict[str, int]
) -> list[Chart]:
    """Lay out score against the FLOPs of the pretraining, one chart an amount of labels with at least two costs.

    Args:
        found: of `results.budgets.score_against_compute`.
        named: what each fraction is called.
        blind: trivial score by fraction.
        slots: number of each variant, in the order of the page.
    """
    charts = []
    for fraction, rows in found.items():
        costs = [row.flops for row in rows if row.flops > 0]
        if not costs:
            continue
        means = [row.score.estimate for row in rows] + [blind[at] for at in blind if at == fraction]
        ends = _decades(min(costs), max(costs))
        plane = _Plane(ends[0], ends[-1], _nice_ticks(min(means), max(means)))
        marks = [_spent(plane, row, slots) for row in rows if row.flops > 0]
        across = [
            Line(row.variant, slots[row.variant], row.warned, _across(plane, row.score))
            for row in rows
            if not row.flops > 0
        ]
        level = plane.y(blind[fraction]) if fraction in blind else None
        said = [f"{row.variant} {100 * row.score.estimate:.1f} at {row.flops:.3g}" for row in rows]
        charts.append(
            Chart(
                lines=marks,
                levels=across,
                x_ticks=[(plane.x(end), f"{end:.0e}".replace("e+", "e")) for end in ends],
                y_ticks=plane.y_ticks,
                description=f"Mean score in percent against FLOPs on a log scale: {', '.join(said)}.",
                axis="FLOPs of the pretraining, forward and backward (log scale)",
                trivial="" if level is None else f"M{_LEFT} {level} L{WIDTH - _RIGHT} {level}",
                amount=named[fraction],
            )
        )
    return charts


def _spent(plane: _Plane, row: Spent, slots: dict[str, int]) -> Line:
    return Line(row.variant, slots[row.variant], row.warned, [plane.point(row.flops, row.score)])


def _across(plane: _Plane, score: Interval) -> list[Point]:
    """Both ends of a level line; it has no bar, for it has no place to stand."""
    level = plane.y(score.estimate)
    return [Point(end, level, level, level) for end in (_LEFT, WIDTH - _RIGHT)]


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten around two costs, at least one decade."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def _nice_ticks(low: float, high: float) -> list[float]:
    """Four to ten round scores from below `low` to above `high`."""
    span = max(high - low, 0.01)
    step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if span / s <= 8 or s == 0.2)
    first, last = math.floor(low / step - 0.25), math.ceil(high / step + 0.25)
    return [round(i * step, 6) for i in range(first, last + 1)]


def _describe(board: pd.DataFrame, fractions: list[float], blind: dict[float, float]) -> str:
    means, named = board.groupby(["fraction", "variant"])["score"].mean(), labels.amounts(board)
    parts = []
    for fraction in (fractions[0], fractions[-1]):
        ordered = means.loc[fraction].sort_values(ascending=False)
        scores = ", ".join(f"{variant} {100 * score:.1f}" for variant, score in ordered.items())
        floor = f", {floors.NAME} {100 * blind[fraction]:.1f}" if fraction in blind else ""
        at = named[fraction] if named[fraction] != labels.percent(fraction) else f"{named[fraction]} of the labels"
        parts.append(f"at {at}: {scores}{floor}")
    return f"Mean score in percent against the {labels.axis(board)} on a log scale; {'; '.join(parts)}."
