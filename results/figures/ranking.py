"""Average ranks on one axis, with what they can tell apart (after Demsar 2006, figure 1)."""

from matplotlib.figure import Figure

from results import warned
from results.figures.drawing import canvas, footed, plain
from results.stats.ranking import Blocks, average_ranks, critical_difference


def critical_difference_diagram(arranged: Blocks) -> Figure:
    """Draw the average rank of each variant with its 95% bootstrap interval; 1 is best.

    A bar of the length of Nemenyi's critical difference stands above where there are at least two protocols: ranks
    closer than that cannot be told apart over this many data sets.
    """
    standing = average_ranks(arranged)
    rows = sorted(zip(standing.intervals, standing.variants, strict=True), key=lambda row: row[0].estimate)
    figure, axes = canvas(6.0, 1.6 + 0.35 * len(rows))
    for height, (rank, _) in enumerate(rows):
        axes.plot([rank.low, rank.high], [height, height], color="#0072B2", linewidth=2)
        axes.plot(rank.estimate, height, "o", color="#0072B2")
        axes.annotate(
            f"{rank.estimate:.2f}",
            (rank.estimate, height),
            textcoords="offset points",
            xytext=(0, 6),
            ha="center",
            fontsize="small",
        )
    axes.set_yticks(
        range(len(rows)), [plain(f"{variant}{warned.mark(arranged.warnings[variant])}") for _, variant in rows]
    )
    axes.set_xlim(0.7, len(rows) + 0.3)
    axes.set_ylim(len(rows) - 0.4, -1.2)
    axes.set_xticks(range(1, len(rows) + 1))
    over = f"average rank over {len(arranged.names)} protocol{'s' if len(arranged.names) > 1 else ''} (1 is best)"
    axes.set_xlabel(footed(over, any(arranged.warnings.values())))
    if len(arranged.names) > 1:
        reach = critical_difference(len(rows), len(arranged.names))
        end = min(1 + reach, len(rows) + 0.3)
        axes.plot([1, end], [-0.8, -0.8], color="black", linewidth=3, solid_capstyle="butt")
        beyond = ", longer than the axis" if 1 + reach > end else ""
        axes.annotate(
            f"critical difference {reach:.2f}{beyond}",
            (1, -0.8),
            textcoords="offset points",
            xytext=(0, 5),
            fontsize="small",
        )
    return figure
