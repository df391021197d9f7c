"""Score against the compute of the pretraining."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from results import floors, warned
from results.budgets import Spent
from results.figures.drawing import footed, panels, plain, style


def score_by_compute(title: str, metric: str, found: dict[str, list[Spent]], trivial: dict[str, float]) -> Figure:
    """Draw one panel an amount of labels: each row at its FLOPs, log axis, with a 95% t interval over seeds.

    A row without a pretraining has no place on a log axis: its mean is a dotted line. The trivial score is dashed.

    Args:
        title: protocol and backbone.
        metric: name of the headline metric.
        found: of `results.budgets.score_against_compute`, by what each amount is called.
        trivial: trivial score by amount.
    """
    figure, all_axes = panels(3.4 * len(found) + 1.6, 3.6, len(found))
    for axes, (amount, rows) in zip(all_axes, found.items(), strict=True):
        for number, row in enumerate(rows):
            _mark(axes, number, row)
        if amount in trivial:
            axes.axhline(100 * trivial[amount], linestyle="--", color="#777777", label=floors.NAME, zorder=0)
        axes.set_xscale("log")
        axes.margins(x=0.15)
        means = [100 * row.score.estimate for row in rows] + [100 * trivial[at] for at in (amount,) if at in trivial]
        room = 0.15 * max(max(means) - min(means), 1.0)
        axes.set_ylim(min(means) - room, max(means) + room)
        axes.set_title(plain(amount), fontsize="medium")
    all_axes[0].set_ylabel(plain(f"{metric}, %"))
    marked = any(row.warned for rows in found.values() for row in rows)
    figure.supxlabel(footed("FLOPs of the pretraining, forward and backward", marked), fontsize="medium")
    figure.suptitle(plain(title), fontsize="medium")
    handles, names = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside right center", frameon=False, fontsize="small")
    return figure


def _mark(axes: Axes, number: int, row: Spent) -> None:
    looks, name = style(number), plain(f"{row.variant}{warned.mark('yes' if row.warned else '')}")
    middle, reach = 100 * row.score.estimate, 100 * row.score.half_width
    if row.flops > 0:
        # An interval that does not exist (one seed) is NaN, which matplotlib leaves out.
        axes.errorbar([row.flops], [middle], yerr=[reach], label=name, capsize=3, linestyle="none", **looks)
    else:
        axes.axhline(middle, linestyle=":", color=looks["color"], label=name)
