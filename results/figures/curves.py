"""Label-efficiency curves: score against the label fraction."""

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from results import floors, labels, scales, warned
from results.figures.drawing import GREY, Name, beside, canvas, footed, height_for, plain, style
from results.looks import Look
from results.stats.intervals import t_interval

# Marks of one amount are set apart by up to this much of the way to the next amount.
_DODGE = 0.16


def label_efficiency(board: pd.DataFrame, looks: Mapping[str, Look], asides: Collection[str] = ()) -> Figure:
    """Draw the mean score of each variant over the labels used, with 95% t intervals over seeds.

    The trivial score, where the records know it, is a dotted line.

    Args:
        board: records of one protocol and backbone.
        looks: of each variant, in the order wanted.
        asides: variants that are drawn thin.
    """
    rows = [row for row in looks if row in set(board["variant"])]
    figure, axes = canvas(6.4, height_for(len(rows) + 1))
    over, places, blind = labels.shares(board), labels.ticks(board), floors.trivial(board)
    shift = np.linspace(-0.5, 0.5, len(rows)) if len(rows) > 1 else np.zeros(1)
    step = _DODGE * _nearest(sorted(places))
    named, reached = [], list(blind.values())
    for row, moved in zip(rows, shift, strict=True):
        mine = board[board["variant"] == row]
        found = {float(str(at)): t_interval(group["score"].to_numpy()) for at, group in mine.groupby("fraction")}
        x = np.exp(np.log([over[row, at] for at in found]) + moved * step)
        middle = np.array([each.estimate for each in found.values()])
        ends = np.array([scales.bar(each) for each in found.values()])
        reached += [float(ends.min()), float(ends.max())]
        thin = row in asides
        axes.errorbar(
            x,
            100 * middle,
            yerr=100 * np.abs(ends - middle[:, None]).T,
            capsize=2,
            linewidth=1.0 if thin else 1.8,
            elinewidth=1.0,
            **style(looks[row]),
        )
        said = warned.mark(warned.names(mine["warning_texts"]))
        named.append(Name(plain(f"{row}{said}"), 100 * float(middle[-1]), looks[row], thin))
    if blind:
        at = [min(over[key] for key in over if key[1] == fraction) for fraction in blind]
        axes.plot(at, [100 * score for score in blind.values()], ":", color=GREY, zorder=0)
        named.append(Name(floors.NAME, 100 * list(blind.values())[-1], None))
    axes.set_xscale("log")
    axes.set_xticks(list(places), [plain(text) for text in places.values()])
    axes.minorticks_off()
    room = 0.04 * max(100 * (max(reached) - min(reached)), 1.0)
    axes.set_ylim(100 * min(reached) - room, 100 * max(reached) + room)
    below = "\n".join([labels.axis(board), *labels.curve_notes(board)])
    axes.set_xlabel(footed(below, bool((board["warnings"] != "").any())))
    axes.set_ylabel(plain(f"{board['metric'].iloc[0]}, %"))
    axes.set_title(plain(f"{board['protocol'].iloc[0]}, {board['backbone'].iloc[0]}"))
    beside(axes, named)
    return figure


def _nearest(places: list[float]) -> float:
    """Smallest distance of two places on a logarithmic axis."""
    return float(np.diff(np.log(places)).min()) if len(places) > 1 else 1.0
