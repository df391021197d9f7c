"""Charts of scores on two axes: over the labels used, and over the compute of the pretraining.

Names stand to the right of the frame, each at the height of its line or mark and moved only as far as they must be not
to touch; a thin line leads to it. The frame holds every interval whole.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from results import floors, labels, scales, warned
from results.budgets import Spent
from results.looks import Look
from results.page import plane
from results.stats.intervals import Interval, t_interval

_LEFT, _TOP, _BELOW = 34, 10, 40
# Between two names; from the frame to them.
_GAP, _LEAD = 14.0, 26
# Marks of rows at one place are set apart by this much in all, so that their intervals do not cover each other; by less
# where that would take more than this share of the way to the next place.
_DODGE, _SHARE = 54.0, 0.4

# The same on an axis of costs, where a place says something.
_SPENT_DODGE = 6.0


@dataclass(frozen=True)
class Mark:
    """A mean score with the ends of its interval; the ends equal the mean where there is none."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Tag:
    """A name beside the frame, at `y`, and the height that it belongs to."""

    text: str
    y: float
    anchor: float


@dataclass(frozen=True)
class Line:
    """One row's marks, joined by a line.

    Attributes:
        variant: the row's label.
        look: None for the trivial score.
        aside: whether the row is a control, a floor or a ceiling, and drawn thin.
        marks: from left to right.
        tag: its name beside the frame.
        level: whether it is a line across, of a row that has no place on the horizontal axis.
    """

    variant: str
    look: Look | None
    aside: bool
    marks: list[Mark]
    tag: Tag
    level: bool = False

    @property
    def path(self) -> str:
        """SVG path through the means."""
        return "M" + " L".join(f"{mark.x:g} {mark.y:g}" for mark in self.marks)


@dataclass(frozen=True)
class Chart:
    """A chart, with ticks as (place, label), and a sentence that stands for it.

    Attributes:
        lines: rows, those that stand aside first, so that the others are drawn above.
        axis: what the horizontal axis says.
        notes: sentences below.
        amount: amount of labels of all its marks; '' for curves over labels.
    """

    lines: list[Line]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    description: str
    axis: str
    left: float
    right: float
    top: float
    bottom: float
    notes: list[str] = field(default_factory=list)
    amount: str = ""

    @property
    def height(self) -> float:
        """Height of the drawing."""
        return self.bottom + _BELOW


@dataclass(frozen=True)
class _Frame:
    """Where values stand: a logarithmic axis between two values, and scores between the outer of `scores`."""

    ends: tuple[float, float]
    scores: list[float]
    right: float
    bottom: float
    dodge: float

    def x(self, value: float) -> float:
        room = 8 + self.dodge / 2
        return plane.logarithmic(value, self.ends, (_LEFT + room, self.right - room))

    def y(self, score: float) -> float:
        return plane.linear(score, (self.scores[0], self.scores[-1]), (self.bottom, _TOP))

    def shifts(self, number: int) -> list[float]:
        """Where the marks of each row stand beside their place."""
        return [round(self.dodge * ((at + 0.5) / number - 0.5), 1) for at in range(number)]

    def mark(self, value: float, score: Interval, shift: float) -> Mark:
        low, high = scales.bar(score)
        return Mark(round(self.x(value) + shift, 1), self.y(score.estimate), self.y(low), self.y(high))


def _frame(
    places: list[float], scores: list[Interval], blind: list[float], names: list[str], most: float = _DODGE
) -> _Frame:
    """A frame that holds all intervals, as far as a score can go, and beside which all names have room.

    Args:
        places: values on the horizontal axis, from the least to the most.
        scores: all of them.
        blind: trivial scores.
        names: as they will stand beside it.
        most: how far the marks of one place may be set apart.
    """
    reached = _reached(scores) + blind
    heights = scales.ticks(max(min(reached), 0.0), min(max(reached), 1.0))
    right = plane.WIDTH - _LEAD - 8 - plane.width_of(names)
    ends = (places[0], places[-1])
    nearest = min((math.log(b / a) for a, b in pairwise(places)), default=0.0) / math.log(ends[1] / ends[0])
    dodge = min(most, _SHARE * nearest * (right - _LEFT))
    return _Frame(ends, heights, right, _TOP + max(250.0, _GAP * len(names)), dodge)


def _reached(scores: Iterable[Interval]) -> list[float]:
    return [end for score in scores for end in scales.bar(score)]


def _near(blind: Collection[float], scores: Iterable[Interval]) -> bool:
    """Whether trivial scores are drawn: one far below all others would press them together."""
    reached = _reached(scores)
    least, most = min(reached), max(reached)
    return all(least - score <= (most - least) / 2 for score in blind)


def _beyond(blind: Collection[float]) -> str:
    """What is said below a frame that leaves the trivial scores out."""
    told = sorted({f"{100 * score:.1f}" for score in blind})
    return f"{floors.NAME.capitalize()}, below the frame: {', '.join(told)}."


def chart(board: pd.DataFrame, looks: Mapping[str, Look], aside: set[str]) -> Chart | None:
    """Lay out the curves of one protocol and backbone over the labels used; None where there is only one amount.

    Args:
        board: its records.
        looks: of each row, in the order of the page.
        aside: rows that are drawn thin.
    """
    over = labels.shares(board)
    fractions = [float(fraction) for fraction in sorted(board["fraction"].unique())]
    ticks = labels.ticks(board)
    if len(fractions) < 2 or min(over.values()) == max(over.values()):
        return None
    intervals = {
        (str(variant), float(str(fraction))): t_interval(group["score"].to_numpy())
        for (variant, fraction), group in board.groupby(["variant", "fraction"], sort=False)
    }
    blind = floors.trivial(board)
    near = _near(blind.values(), intervals.values())
    shown = blind if near else {}
    rows = [row for row in looks if any(variant == row for variant, _ in intervals)]
    doubtful = set(board.loc[board["warnings"] != "", "variant"])
    names = [_named(row, doubtful) for row in [*rows, *([floors.NAME] if shown else [])]]
    centres = [sum(over[key] for key in over if key[1] == at) / sum(key[1] == at for key in over) for at in fractions]
    places = [min(over.values()), *centres[1:-1], max(over.values())]
    frame = _frame(places, list(intervals.values()), list(shown.values()), names)
    drawn = {
        row: [frame.mark(over[row, at], intervals[row, at], shift) for at in fractions if (row, at) in intervals]
        for row, shift in zip(rows, frame.shifts(len(rows)), strict=True)
    }
    nearest = {at: min(share for (_, fraction), share in over.items() if fraction == at) for at in shown}
    if shown:
        drawn[floors.NAME] = [frame.mark(nearest[at], _exactly(score), 0) for at, score in shown.items()]
    return Chart(
        lines=_lines(drawn, frame, looks, aside, doubtful),
        x_ticks=[(frame.x(place), text) for place, text in ticks.items()],
        y_ticks=[(frame.y(tick), plane.points(tick)) for tick in frame.scores],
        description=_describe(board, fractions, blind),
        axis=f"{labels.axis(board)} (log scale)",
        left=_LEFT,
        right=frame.right,
        top=_TOP,
        bottom=frame.bottom,
        notes=labels.curve_notes(board) + ([] if near else [_beyond(blind.values())]),
    )


def compute_charts(
    found: dict[float, list[Spent]],
    named: dict[float, str],
    blind: dict[float, float],
    looks: Mapping[str, Look],
    aside: set[str],
) -> list[Chart]:
    """Lay out score against the FLOPs of the pretraining, one chart an amount of labels with at least two costs.

    Args:
        found: of `results.budgets.score_against_compute`.
        named: what each fraction is called.
        blind: trivial score by fraction.
        looks: of each row, in the order of the page.
        aside: rows that are drawn thin.
    """
    rows = {at: rows for at, rows in found.items() if any(row.flops > 0 for row in rows)}
    return [_compute(rows[at], named[at], blind.get(at), looks, aside) for at in rows]


def _compute(rows: list[Spent], amount: str, blind: float | None, looks: Mapping[str, Look], aside: set[str]) -> Chart:
    costs = [row.flops for row in rows if row.flops > 0]
    ends, round_costs = scales.costs(min(costs), max(costs))
    known = [] if blind is None else [blind]
    near = _near(known, [row.score for row in rows])
    floor = known if near else []
    doubtful = {row.variant for row in rows if row.warned}
    names = [_named(row.variant, doubtful) for row in rows] + [floors.NAME] * len(floor)
    frame = _frame(ends, [row.score for row in rows], floor, names, _SPENT_DODGE)
    drawn, levels = {}, {floors.NAME}
    for row, shift in zip(rows, frame.shifts(len(rows)), strict=True):
        if row.flops > 0:
            drawn[row.variant] = [frame.mark(row.flops, row.score, shift)]
        else:
            drawn[row.variant] = _across(frame, row.score.estimate)
            levels.add(row.variant)
    for score in floor:
        drawn[floors.NAME] = _across(frame, score)
    said = [f"{row.variant} {100 * row.score.estimate:.1f} at {row.flops:.3g}" for row in rows]
    return Chart(
        lines=_lines(drawn, frame, looks, aside, doubtful, levels),
        x_ticks=[(frame.x(cost), scales.power(cost)) for cost in round_costs],
        y_ticks=[(frame.y(tick), plane.points(tick)) for tick in frame.scores],
        description=f"Mean score in percent against FLOPs on a log scale: {', '.join(said)}.",
        axis="FLOPs of the pretraining (log scale)",
        left=_LEFT,
        right=frame.right,
        top=_TOP,
        bottom=frame.bottom,
        amount=amount,
        notes=[] if near else [_beyond(known)],
    )


def _lines(
    drawn: dict[str, list[Mark]],
    frame: _Frame,
    looks: Mapping[str, Look],
    aside: set[str],
    doubtful: set[str],
    levels: Collection[str] = (),
) -> list[Line]:
    """Lines with their names beside the frame, those that stand aside first."""
    heights = [marks[-1].y for marks in drawn.values()]
    places = scales.spread(heights, _GAP, _TOP + 4, frame.bottom)
    lines = []
    for (row, marks), height, place in zip(drawn.items(), heights, places, strict=True):
        look = looks.get(row)
        tag = Tag(_named(row, doubtful), round(place, 1), height)
        lines.append(Line(row, look, look is None or row in aside, marks, tag, row in levels))
    return sorted(lines, key=lambda line: not line.aside)


def _named(row: str, doubtful: set[str]) -> str:
    return f"{plane.shown(row)}{warned.mark('yes' if row in doubtful else '')}"


def _exactly(score: float) -> Interval:
    return Interval(score, math.nan, math.nan)


def _across(frame: _Frame, score: float) -> list[Mark]:
    """Both ends of a level line; it has no bar, for it has no place to stand."""
    level = frame.y(score)
    return [Mark(end, level, level, level) for end in (_LEFT, frame.right)]


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
