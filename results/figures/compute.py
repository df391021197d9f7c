"""Score against the compute of the pretraining."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import floors, scales, warned
from results.budgets import Spent
from results.figures.drawing import GREY, Name, beside, footed, height_for, panels, plain, style
from results.looks import Look


def score_by_compute(
    title: str, metric: str, found: dict[str, list[Spent]], trivial: dict[str, float], looks: Mapping[str, Look]
) -> Figure:
    """Draw one panel an amount of labels: each row at its FLOPs, log axis, with a 95% t interval over seeds.

    A row without a pretraining has no place on a log axis: its mean is a line across. The trivial score is dotted.

    Args:
        title: protocol and backbone.
        metric: name of the headline metric.
        found: of `results.budgets.score_against_compute`, by what each amount is called.
        trivial: trivial score by amount.
        looks: of each row.
    """
    most = max(map(len, found.values())) + 1
    figure, all_axes = panels(4.6 * len(found), height_for(most), len(found))
    for axes, (amount, rows) in zip(all_axes, found.items(), strict=True):
        named = [_mark(axes, row, looks[row.variant]) for row in rows]
        ends = [end for row in rows for end in scales.bar(row.score)]
        if amount in trivial:
            axes.axhline(100 * trivial[amount], linestyle=":", color=GREY, zorder=0)
            named.append(Name(floors.NAME, 100 * trivial[amount], None))
            ends.append(trivial[amount])
        costs = [row.flops for row in rows if row.flops > 0]
        limits, places = scales.costs(min(costs), max(costs))
        axes.set_xscale("log")
        axes.set_xlim(*limits)
        axes.set_xticks(places, [scales.power(cost) for cost in places])
        axes.minorticks_off()
        room = 4 * max(max(ends) - min(ends), 0.01)
        axes.set_ylim(100 * min(ends) - room, 100 * max(ends) + room)
        axes.set_title(plain(amount), fontsize="medium")
        beside(axes, named)
    all_axes[0].set_ylabel(plain(f"{metric}, %"))
    marked = any(row.warned for rows in found.values() for row in rows)
    figure.supxlabel(footed("FLOPs of the pretraining, forward and backward", marked), fontsize="medium")
    figure.suptitle(plain(title), fontsize="medium")
    return figure


def _mark(axes: Axes, row: Spent, look: Look) -> Name:
    middle, (low, high) = 100 * row.score.estimate, scales.bar(row.score)
    if row.flops > 0:
        reach = [[middle - 100 * low], [100 * high - middle]]
        axes.errorbar([row.flops], [middle], yerr=reach, capsize=2, **style(look) | {"linestyle": "none"})
    else:
        axes.axhline(middle, linewidth=1.2, **style(look) | {"marker": ""})
    return Name(plain(f"{row.variant}{warned.mark('yes' if row.warned else '')}"), middle, look)
