"""Geometry of the label-efficiency curves; the template draws them as SVG in the page's own colours."""

import math
from dataclasses import dataclass

import pandas as pd

from results.labels import percent
from results.stats.intervals import t_interval

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
    """A chart in pixels, with ticks as (position, label), and a sentence that stands for it."""

    lines: list[Line]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    description: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def chart(board: pd.DataFrame, slots: dict[str, int]) -> Chart | None:
    """Lay out the curves of one protocol and backbone; None where there is only one fraction.

    Args:
        board: its records.
        slots: number of each variant, in the order of the page.
    """
    fractions = sorted(board["fraction"].unique())
    if len(fractions) < 2:
        return None
    intervals = {
        (str(variant), float(str(fraction))): t_interval(group["score"].to_numpy())
        for (variant, fraction), group in board.groupby(["variant", "fraction"], sort=False)
    }
    ticks = _nice_ticks(min(i.estimate for i in intervals.values()), max(i.estimate for i in intervals.values()))

    def x(fraction: float) -> float:
        share = math.log(fraction / fractions[0]) / math.log(fractions[-1] / fractions[0])
        return round(_LEFT + 12 + share * (WIDTH - _LEFT - _RIGHT - 24), 1)

    def y(score: float) -> float:
        share = (score - ticks[0]) / (ticks[-1] - ticks[0])
        return round(HEIGHT - _BOTTOM - min(max(share, 0), 1) * (HEIGHT - _TOP - _BOTTOM), 1)

    lines = []
    for variant in sorted(set(board["variant"]), key=slots.__getitem__):
        points = []
        for fraction in fractions:
            interval = intervals.get((variant, float(fraction)))
            if interval is not None:
                mean = interval.estimate
                ends = (mean, mean) if math.isnan(interval.low) else (interval.low, interval.high)
                points.append(Point(x(fraction), y(mean), y(ends[0]), y(ends[1])))
        warned = bool((board.loc[board["variant"] == variant, "warnings"] != "").any())
        lines.append(Line(variant, slots[variant], warned, points))
    return Chart(
        lines=lines,
        x_ticks=[(x(fraction), percent(fraction)) for fraction in fractions],
        y_ticks=[(y(tick), f"{100 * tick:g}") for tick in ticks],
        description=_describe(board, fractions),
    )


def _nice_ticks(low: float, high: float) -> list[float]:
    """Four to ten round scores from below `low` to above `high`."""
    span = max(high - low, 0.01)
    step = next(s for s in (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2) if span / s <= 8 or s == 0.2)
    first, last = math.floor(low / step - 0.25), math.ceil(high / step + 0.25)
    return [round(i * step, 6) for i in range(first, last + 1)]


def _describe(board: pd.DataFrame, fractions: list[float]) -> str:
    means = board.groupby(["fraction", "variant"])["score"].mean()
    parts = []
    for fraction in (fractions[0], fractions[-1]):
        ordered = means.loc[fraction].sort_values(ascending=False)
        scores = ", ".join(f"{variant} {100 * score:.1f}" for variant, score in ordered.items())
        parts.append(f"at {percent(fraction)} of the labels: {scores}")
    return f"Mean score in percent against the share of the labels on a log scale; {'; '.join(parts)}."
