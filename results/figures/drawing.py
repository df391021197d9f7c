"""What all figures share: fonts, colours, and bytes that are the same for the same numbers."""

import io
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path as MarkerPath

from results import scales, warned
from results.looks import DASHES, LIGHT, MARKERS, Look
from results.tables.text import visible

GREY = "#666666"
# Inches from one name beside a frame to the next.
_GAP = 0.17
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "geokr-bench",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one set of axes; sizes in inches."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot()


def panels(width: float, height: float, number: int) -> tuple[Figure, list[Axes]]:
    """An empty figure with some axes side by side; sizes in inches."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, list(figure.subplots(1, number, squeeze=False)[0])


def plain(name: str) -> str:
    r"""A name as matplotlib text: `$` would start mathematics, and a leading underscore hides a legend entry."""
    shown = visible(name).replace("$", r"\$")
    return f"\u200a{shown}" if shown.startswith("_") else shown


def footed(text: str, marked: bool) -> str:
    """The text below an axis, followed by what the mark of a warning means where the figure bears one."""
    return f"{text}\n{warned.READING}" if marked else text


def style(look: Look, *, hollow: bool = False) -> dict[str, Any]:
    """Colour, marker and dash of a row, as keywords of matplotlib's lines."""
    colour = LIGHT[look.slot]
    dash = DASHES[look.dash]
    return {
        "color": colour,
        "marker": MarkerPath([*MARKERS[look.marker], MARKERS[look.marker][0]], closed=True),
        "markersize": 7,
        "markeredgewidth": 1.0,
        "markerfacecolor": "white" if hollow else colour,
        "linestyle": (0, dash) if dash else "-",
    }


@dataclass(frozen=True)
class Name:
    """A row's name beside the frame of a chart; `look` is None for the trivial score."""

    text: str
    height: float
    look: Look | None
    aside: bool = False


def height_for(names: int) -> float:
    """Inches of a chart beside which so many names have room."""
    return max(3.6, 1.4 + _GAP * names)


def beside(axes: Axes, names: list[Name]) -> None:
    """Write names to the right of a frame, each with its mark, none touching another, and a line to what it names.

    Args:
        axes: with their limits set.
        names: the height of each in the units of the vertical axis.
    """
    low, high = axes.get_ylim()
    figure = axes.get_figure(root=True)
    assert figure is not None
    inches = float(figure.get_size_inches()[1]) - 1.2
    places = scales.spread([name.height for name in names], _GAP / inches * (high - low), low, high)
    across = axes.get_yaxis_transform()
    for name, place in zip(names, places, strict=True):
        colour = LIGHT[name.look.slot] if name.look else GREY
        anchor = min(max(name.height, low), high)
        axes.plot([1.01, 1.06], [anchor, place], color=colour, linewidth=0.6, clip_on=False, transform=across)
        if name.look:
            drawn = style(name.look) | {"linestyle": "none", "markersize": 5.5}
            axes.plot([1.075], [place], transform=across, clip_on=False, **drawn)
        tone = GREY if name.aside or not name.look else "black"
        axes.annotate(
            name.text, (1.1, place), xycoords=across, va="center", fontsize=8.5, color=tone, annotation_clip=False
        )
    axes.set_ylim(low, high)


def as_bytes(figure: Figure, form: str, dpi: int = 200) -> bytes:
    """Render as `png` of so many pixels an inch, or `svg`, without a date, so that equal figures are equal files."""
    stream = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    with mpl.rc_context(STYLE):
        figure.savefig(stream, format=form, dpi=dpi, metadata=metadata)
    return stream.getvalue()
