"""Charts with a line a row: effects with their intervals (a forest plot), and the single scores behind each mean."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from results import scales
from results.effects import Star
from results.looks import Look
from results.page import plane

# Height of a row, of a block's title, and of the axis below.
_ROW, _TITLE, _AXIS = 17.0, 26.0, 38
_NAMES, _FIGURES = 150, 46


@dataclass(frozen=True)
class Entry:
    """One row of a block.

    Attributes:
        variant: its label, `name` as it is drawn.
        marks: places of its marks.
        bar: the ends of its interval; None where there is none.
        sure: whether the marks are filled.
        figure: its number.
        spoken: what a screen reader says.
    """

    variant: str
    name: str
    look: Look
    aside: bool
    y: float
    marks: list[float]
    bar: tuple[float, float] | None
    sure: bool
    figure: str
    spoken: str


@dataclass(frozen=True)
class Block:
    """Rows at one amount of labels under a title, with a rule at each tick from `top` to `bottom`."""

    title: str
    y: float
    top: float
    bottom: float
    rows: list[Entry]


@dataclass(frozen=True)
class Listing:
    """A chart of blocks over one axis.

    Attributes:
        zero: where no difference stands; None where the axis is of scores.
    """

    blocks: list[Block]
    x_ticks: list[tuple[float, str]]
    zero: float | None
    axis: str
    height: float
    left: float
    right: float

    @property
    def description(self) -> str:
        """A sentence that stands for the chart."""
        said = [f"{block.title}: {', '.join(row.spoken for row in block.rows)}" for block in self.blocks]
        return f"{'; '.join(said)}."


@dataclass(frozen=True)
class _Row:
    variant: str
    scores: list[float]
    ends: tuple[float, float] | None
    sure: bool
    figure: str
    spoken: str


def forest(stars: list[Star], named: Mapping[float, str], looks: Mapping[str, Look], aside: set[str]) -> Listing | None:
    """Draw what each row differs by from the row that it is held against, with simultaneous intervals.

    Args:
        stars: of one protocol and backbone.
        named: what each fraction is called.
        looks: of each row, in the order of the page.
        aside: rows that are drawn pale.

    Returns:
        None where nothing was asked, or nothing is known of chance.
    """
    place = {row: at for at, row in enumerate(looks)}
    blocks: dict[str, list[_Row]] = {}
    for star in stars:
        effects = sorted((each for each in star.effects if each.known), key=lambda each: place[each.row])
        blocks[f"{named[star.fraction]}: points above {star.against}"] = [
            _Row(
                f"{each.row}",
                [each.difference],
                (each.low, each.high),
                each.sure,
                _signed(each.difference),
                f"{each.row} {_signed(each.difference)} [{100 * each.low:.1f}, {100 * each.high:.1f}]"
                f"{', called' if each.sure else ''}",
            )
            for each in effects
        ]
    blocks = {title: rows for title, rows in blocks.items() if rows}
    ends = [end for rows in blocks.values() for row in rows if row.ends for end in row.ends]
    if not ends:
        return None
    scale = scales.ticks(min(*ends, 0.0), max(*ends, 0.0), most=6)
    return _lay_out(blocks, scale, looks, aside, "difference in points, simultaneous 95% intervals", zero=True)


def _signed(difference: float) -> str:
    """A difference in points; what rounds to nothing has no sign."""
    shown = f"{100 * difference:+.1f}"
    return shown if float(shown) else "0.0"


def single_scores(
    board: pd.DataFrame, named: Mapping[float, str], looks: Mapping[str, Look], aside: set[str]
) -> Listing | None:
    """Draw every record's score beside those of its row, with the row's standard deviation; None with one repeat.

    Args:
        board: records of one protocol and backbone.
        named: what each fraction is called.
        looks: of each row, in the order of the page.
        aside: rows that are drawn pale.
    """
    if board.groupby(["variant", "fraction"]).size().max() < 2:
        return None
    place = {row: at for at, row in enumerate(looks)}
    blocks: dict[str, list[_Row]] = {}
    for fraction, column in board.groupby("fraction", sort=True):
        rows = []
        for variant, scores in sorted(column.groupby("variant")["score"], key=lambda each: place[str(each[0])]):
            sd = float(scores.std())
            figure = "" if len(scores) < 2 else f"{100 * sd:.1f}"
            spoken = f"{variant} {', '.join(f'{100 * score:.1f}' for score in sorted(scores))}"
            shown = [float(score) for score in scores]
            rows.append(_Row(str(variant), shown, ends=None, sure=True, figure=figure, spoken=spoken))
        blocks[f"{named[float(str(fraction))]}: s.d. on the right"] = rows
    scale = scales.ticks(float(board["score"].min()), float(board["score"].max()), most=6)
    return _lay_out(blocks, scale, looks, aside, f"{board['metric'].iloc[0]} in %, a mark a record", zero=False)


def _lay_out(
    blocks: dict[str, list[_Row]],
    scale: list[float],
    looks: Mapping[str, Look],
    aside: set[str],
    axis: str,
    *,
    zero: bool,
) -> Listing:
    names = [plane.shown(row.variant) for rows in blocks.values() for row in rows]
    left, right = min(_NAMES, plane.width_of(names) + 8) + 8, plane.WIDTH - _FIGURES - 8

    def at(value: float) -> float:
        return plane.linear(value, (scale[0], scale[-1]), (left, right))

    laid, y = [], 0.0
    for title, rows in blocks.items():
        top = y + _TITLE
        entries = [
            Entry(
                row.variant,
                plane.shown(row.variant),
                looks[row.variant],
                row.variant in aside,
                top + _ROW * (number + 0.5),
                [at(value) for value in row.scores],
                None if row.ends is None else (at(row.ends[0]), at(row.ends[1])),
                row.sure,
                row.figure,
                row.spoken,
            )
            for number, row in enumerate(rows)
        ]
        y = top + _ROW * len(rows) + 4
        laid.append(Block(title, top - 8, top, y, entries))
    ticks = [(at(tick), plane.points(tick)) for tick in scale]
    return Listing(laid, ticks, at(0.0) if zero else None, axis, y + _AXIS, left, right)
