"""What all figures share: fonts, colours, and bytes that are the same for the same numbers."""

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import warned
from results.tables.text import visible

# Okabe and Ito (2008), told apart by readers with any colour vision; black stands for the first, `random`.
COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7A6A00")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "geokr-bench",
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure with one set of axes; sizes in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, figure.add_subplot()


def panels(width: float, height: float, number: int) -> tuple[Figure, list[Axes]]:
    """An empty figure with some axes side by side; sizes in inches."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        return figure, list(figure.subplots(1, number, squeeze=False)[0])


def plain(name: str) -> str:
    r"""A name as matplotlib text: `$` would start mathematics, and a leading underscore hides a legend entry."""
    shown = visible(name).replace("$", r"\$")
    return f"\u200a{shown}" if shown.startswith("_") else shown


def footed(text: str, marked: bool) -> str:
    """The text below an axis, followed by what the mark of a warning means where the figure bears one."""
    return f"{text}\n{warned.READING}" if marked else text


def style(number: int) -> dict[str, Any]:
    """Colour and marker of the variant with this number."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def as_bytes(figure: Figure, form: str) -> bytes:
    """Render as `png` or `svg`, without a date, so that equal figures are equal files."""
    stream = io.BytesIO()
    metadata = {"Date": None} if form == "svg" else {"Software": None}
    with mpl.rc_context(_STYLE):
        figure.savefig(stream, format=form, dpi=200, metadata=metadata)
    return stream.getvalue()
