"""Label-efficiency curves: score against the label fraction."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from results import floors, labels, warned
from results.figures.drawing import canvas, footed, plain, style
from results.stats.intervals import t_interval
from results.variants import order


def label_efficiency(board: pd.DataFrame) -> Figure:
    """Draw the mean score of each variant over the labels used, with 95% t intervals over seeds.

    The trivial score, where the records know it, is a dashed line.

    Args:
        board: records of one protocol and backbone.
    """
    figure, axes = canvas(6.0, 3.8)
    over, places = labels.shares(board), labels.ticks(board)
    means = board.groupby(["variant", "fraction"])["score"].mean()
    for number, variant in enumerate(sorted(set(board["variant"]), key=order(board))):
        rows = board[board["variant"] == variant]
        intervals = {fraction: t_interval(group["score"].to_numpy()) for fraction, group in rows.groupby("fraction")}
        said = warned.names(rows["warning_texts"])
        x = np.array([over[variant, float(str(fraction))] for fraction in intervals], dtype=np.float64)
        middle = 100 * np.array([interval.estimate for interval in intervals.values()])
        reach = 100 * np.nan_to_num([interval.half_width for interval in intervals.values()])
        axes.errorbar(
            x,
            middle,
            yerr=reach,
            label=plain(f"{variant}{warned.mark(said)}"),
            capsize=3,
            linewidth=1.5,
            **style(number),
        )
    axes.set_xscale("log")
    axes.set_xticks(list(places), [plain(text) for text in places.values()])
    axes.minorticks_off()
    blind = floors.trivial(board)
    if blind:
        at = [min(over[key] for key in over if key[1] == fraction) for fraction in blind]
        axes.plot(at, [100 * score for score in blind.values()], "--", color="#777777", label=floors.NAME, zorder=0)
    # An interval from two or three seeds can be wider than all scores together: the means set the frame.
    low, high = min(means.min(), *blind.values(), 1), max(means.max(), *blind.values(), 0)
    room = 0.15 * max(100 * (high - low), 1.0)
    axes.set_ylim(100 * low - room, 100 * high + room)
    first = board.iloc[0]
    below = "\n".join([labels.axis(board), *labels.curve_notes(board)])
    axes.set_xlabel(footed(below, bool((board["warnings"] != "").any())))
    axes.set_ylabel(plain(f"{first['metric']}, %"))
    axes.set_title(plain(f"{first['protocol']}, {first['backbone']}"))
    axes.legend(frameon=False, fontsize="small")
    return figure
