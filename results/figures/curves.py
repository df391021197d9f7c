"""Label-efficiency curves: score against the label fraction."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from results import warned
from results.figures.drawing import canvas, footed, plain, style
from results.stats.intervals import t_interval
from results.tables.layout import percent
from results.variants import order


def label_efficiency(board: pd.DataFrame) -> Figure:
    """Draw the mean score of each variant over the fractions, with 95% t intervals over seeds.

    Args:
        board: records of one protocol and backbone.
    """
    figure, axes = canvas(6.0, 3.8)
    fractions = sorted(board["fraction"].unique())
    means = board.groupby(["variant", "fraction"])["score"].mean()
    for number, variant in enumerate(sorted(set(board["variant"]), key=order(board))):
        rows = board[board["variant"] == variant]
        intervals = {fraction: t_interval(group["score"].to_numpy()) for fraction, group in rows.groupby("fraction")}
        said = warned.names(rows["warning_texts"])
        x = np.array(list(intervals), dtype=np.float64)
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
    axes.set_xticks(fractions, [percent(fraction) for fraction in fractions])
    axes.minorticks_off()
    # An interval from two or three seeds can be wider than all scores together: the means set the frame.
    room = 0.15 * max(100 * (means.max() - means.min()), 1.0)
    axes.set_ylim(100 * means.min() - room, 100 * means.max() + room)
    first = board.iloc[0]
    axes.set_xlabel(footed("share of the labels", bool((board["warnings"] != "").any())))
    axes.set_ylabel(plain(f"{first['metric']}, %"))
    axes.set_title(plain(f"{first['protocol']}, {first['backbone']}"))
    axes.legend(frameon=False, fontsize="small")
    return figure
