"""Heat map of methods and protocols: what each method adds to random at the smallest label fraction."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from results import warned
from results.figures.drawing import canvas, footed, plain
from results.labels import amounts
from results.variants import order

# Columns whose names have room side by side.
_UPRIGHT = 3


def method_by_task(records: pd.DataFrame) -> Figure:
    """Draw points above `random`, or plain scores where there is no such row, at each protocol's smallest fraction.

    Args:
        records: records of one backbone.
    """
    smallest = records.groupby("protocol")["fraction"].transform("min")
    table = records[records["fraction"] == smallest].pivot_table(
        index="variant", columns="protocol", values="score", aggfunc="mean"
    )
    table = 100 * table.reindex(sorted(table.index, key=order(records)))
    relative = "random" in table.index and bool(table.loc["random"].notna().all())
    if relative:
        table = (table - table.loc["random"]).drop(index="random") if len(table) > 1 else table - table.loc["random"]
    values = table.to_numpy()
    said = records.groupby("variant")["warning_texts"].agg(warned.names)
    figure, axes = canvas(2.5 + 1.3 * len(table.columns), 1.6 + 0.4 * len(table))
    largest = float(np.nanmax(np.abs(values))) or 1.0
    scale = {"cmap": "RdBu", "vmin": -largest, "vmax": largest} if relative else {"cmap": "viridis"}
    axes.imshow(values, aspect="auto", **scale)
    for (row, column), value in np.ndenumerate(values):
        text = "-" if np.isnan(value) else f"{value:+.1f}" if relative else f"{value:.1f}"
        axes.text(
            column, row, text, ha="center", va="center", bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        )
    named = {str(name): next(iter(amounts(rows).values())) for name, rows in records.groupby("protocol")}
    slanted = len(table.columns) > _UPRIGHT
    between = " at " if slanted else "\n"
    labels = [f"{plain(str(name))}{between}{plain(named[str(name)])}" for name in table.columns]
    axes.set_xticks(range(len(table.columns)), labels)
    if slanted:
        axes.tick_params(axis="x", labelrotation=40)
        for label in axes.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(table)), [plain(f"{name}{warned.mark(said[name])}") for name in table.index])
    axes.set_xlabel(footed("-: no result." if np.isnan(values).any() else "", any(said)))
    what = f"points above random{warned.mark(said['random'])}" if relative else "score, %"
    axes.set_title(plain(f"{what}, {records['backbone'].iloc[0]}"))
    return figure
