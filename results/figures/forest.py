"""Forest plot: what rows differ by from those that they were held against, with simultaneous intervals."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from results.effects import Star
from results.figures.drawing import canvas, plain, style
from results.looks import Look


def forest(title: str, stars: list[Star], named: Mapping[float, str], looks: Mapping[str, Look]) -> Figure | None:
    """Draw a block of rows for each star; a mark is filled where the interval excludes 0. None without any interval.

    Args:
        title: protocol and backbone.
        stars: of `results.effects.stars`.
        named: what each fraction is called.
        looks: of each row, in the order wanted.
    """
    order = {row: at for at, row in enumerate(looks)}
    places: list[float] = []
    names: list[str] = []
    drawn = []
    height = 0.0
    for star in stars:
        effects = sorted((each for each in star.effects if each.known), key=lambda each: order[each.row])
        if not effects:
            continue
        drawn.append((height, f"{named[star.fraction]}: points above {star.against}", effects))
        height += 1
        for each in effects:
            places.append(height)
            names.append(plain(each.row))
            height += 1
    if not drawn:
        return None
    figure, axes = canvas(6.0, 1.1 + 0.2 * height)
    for top, block, effects in drawn:
        axes.text(
            0.0, top, plain(block), transform=axes.get_yaxis_transform(), va="center", fontsize=8.5, weight="bold"
        )
        for place, each in enumerate(effects, start=int(top) + 1):
            middle, ends = 100 * each.difference, (100 * each.low, 100 * each.high)
            reach = [[middle - ends[0]], [ends[1] - middle]]
            look = style(looks[each.row], hollow=not each.sure) | {"linestyle": "none"}
            axes.errorbar([middle], [place], xerr=reach, capsize=2, elinewidth=1.2, **look)
    axes.axvline(0, color="black", linewidth=0.8, zorder=0)
    axes.set_ylim(height - 0.3, -0.7)
    axes.set_yticks(places, names, fontsize=8.5)
    axes.set_xlabel("difference in points, simultaneous 95% intervals; filled: called")
    axes.set_title(plain(title), fontsize="medium")
    return figure
