"""Figures at the widths of journals' columns, as vector PDF with embedded TrueType fonts."""

import io
import textwrap
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from results.figures.drawing import STYLE

# One column and two, in mm (IEEE: 88.9 and 182; Elsevier: 90 and 190; Nature: 88 and 180).
WIDTHS = (88, 181)
# Points of the usual text at each width; names and ticks are a little smaller. Journals ask for 5 to 7 at least.
_POINTS = {88: 7.0, 181: 8.0}
# Characters that a line below a figure has room for.
_LINE = {88: 44, 181: 90}
# Points at which the figures are designed (`results.figures.drawing`).
_DESIGNED = 10.0
_MM = 25.4

CAPTIONS = {
    "effects": "Differences with their simultaneous 95% intervals; filled marks are called",
    "curves": "Mean score over the labels used, with 95% intervals over seeds",
    "compute": "Score over the FLOPs of the pretraining",
    "heatmap": "Every row at the smallest amount of labels of each protocol",
    "ranking": "Average ranks with 95% bootstrap intervals, and Nemenyi's critical difference",
}


def caption_of(name: str, figure: Figure) -> str:
    """The caption of a figure of `results.figures.draw`; its title, which captions replace, is taken out of it."""
    said = figure.get_suptitle()
    if said:
        figure.suptitle("")
    elif len(figure.axes) == 1:
        said = figure.axes[0].get_title()
        figure.axes[0].set_title("")
    caption = CAPTIONS[name.partition("-")[0]]
    shown = said.replace(r"\$", "$").replace("\u200a", "")
    return f"{caption}: {shown}." if shown else f"{caption}."


def as_pdf(figure: Figure, width: int) -> bytes:
    """Render at a width of `WIDTHS`, mm: text at the size of print, all else in its proportion.

    The figure is changed; a later call brings it to another width. Fonts are Type 42, which journals take and editors
    can edit, and equal figures are equal files.
    """
    scale = _POINTS[width] / _size(figure)
    _rescale(figure, scale)
    for axes in figure.axes:
        axes.set_xlabel("\n".join(textwrap.wrap(" ".join(axes.get_xlabel().split()), _LINE[width])))
        crowded = width == WIDTHS[0] and sum(len(each.get_text()) for each in axes.get_xticklabels()) > _LINE[width]
        for each in axes.get_xticklabels():
            if each.get_rotation() in {0, 90}:  # a heat map's are slanted already
                each.set(rotation=90 if crowded else 0)
    _, height = figure.get_size_inches()
    figure.set_size_inches(width / _MM, height * scale)
    stream = io.BytesIO()
    with mpl.rc_context(STYLE | {"pdf.fonttype": 42}):
        figure.savefig(stream, format="pdf", metadata={"CreationDate": None, "Producer": None, "Creator": None})
    return stream.getvalue()


def _size(figure: Figure) -> float:
    """Points of the usual text of a figure as it is now."""
    return float(getattr(figure, "_bench_points", _DESIGNED))


def _rescale(figure: Figure, scale: float) -> None:
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            ticks = axis.get_ticklabels()
            if ticks:
                axis.set_tick_params(labelsize=scale * float(ticks[0].get_fontsize()))
    ticked = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in axis.get_ticklabels()}
    for each in figure.findobj(Text):
        drawn: Any = each
        if id(drawn) not in ticked:
            drawn.set_fontsize(scale * drawn.get_fontsize())
    for found in figure.findobj(Line2D):
        line: Any = found
        line.set_markersize(scale * line.get_markersize())
        line.set_linewidth(scale * line.get_linewidth())
    figure._bench_points = _size(figure) * scale  # type: ignore[attr-defined]  # noqa: SLF001 - a figure has no place of its own
