"""What a study's axes explain, as tables and as sentences: one an axis, one on seeds, one that holds axes together."""

import math
from typing import Any, Literal, get_args

from results.axes import NAMES, Column, Explained
from results.stats.decomposition import Component
from results.stats.intervals import Interval
from results.tables import formats, text
from results.tables.layout import HOLE, Entry, TextGrid

Form = Literal["text", "markdown", "latex", "csv"]
FORMS = get_args(Form)
# A smaller share is said with a decimal.
_SMALL = 0.1
_PLURAL = {"methods": "algorithms", "corpora": "corpora", "backbones": "networks"}


def grids(explained: Explained) -> list[TextGrid]:
    """The shares of each column and of their mean, then the mean score at each level."""
    columns = [*explained.columns, *([explained.whole] if explained.whole not in explained.columns else [])]
    return [*(_shares(explained.study, column) for column in columns), _levels(explained.study, explained.whole)]


def to_json(explained: Explained) -> dict[str, Any]:
    """Every share with its interval, the mean at each level, and the sentences, as plain values."""
    columns = {"columns": list(map(_column, explained.columns)), "whole": _column(explained.whole)}
    said = {"sentences": sentences(explained), "notes": notes(explained)}
    return {"study": explained.study, **columns, **said, "untrained": explained.untrained}


def _column(column: Column) -> dict[str, Any]:
    shares = [
        {
            "source": column.name_of(component.term),
            "df": component.df,
            "share": component.share,
            "in_all": column.split.totals[component.term[0]] if len(component.term) == 1 else None,
        }
        for component in column.split.components
    ]
    return {
        "name": column.name,
        "axes": {name: column.means(at) for at, name in enumerate(column.axes)},
        "repeats": column.repeats,
        "pretrainings": column.pretrainings,
        "synthetic": column.synthetic,
        "shares": shares,
    }


def _shares(study: str, column: Column) -> TextGrid:
    split = column.split
    rows = []
    for component in split.components:
        total = split.totals[component.term[0]] if len(component.term) == 1 and len(column.axes) > 1 else None
        rows.append([column.name_of(component.term), str(component.df), *_share(component.share), *_share(total)])
    notes = [
        f"Shares of the variance between scores of one repeat, over {_grid(column)} and {column.repeats} repeats.",
        "In all: with the interactions that an axis is in, so that these overlap.",
        (
            f"A score lies {100 * math.sqrt(split.whole):.2f} points (s.d.) from the mean of its repeat; a repeat's labels move all "
            f"scores alike by {100 * split.of_repeats:.2f}."
        ),
    ]
    header = ["source", "df", "share, %", "95% interval", "in all, %", "95% interval of it"]
    return TextGrid(f"What explains {study}, {column.name}", [*notes, *_notes(column)], header, 1, _entries(rows))


def _levels(study: str, column: Column) -> TextGrid:
    rows = []
    for axis, name in enumerate(column.axes):
        means = column.means(axis)
        middle = sum(means.values()) / len(means)
        rows += [
            [NAMES[name], level, f"{100 * mean:.2f}", f"{100 * (mean - middle):+.2f}"] for level, mean in means.items()
        ]
    note = "Mean scores in points over all other axes and repeats, and what they differ by from the mean of all."
    return TextGrid(f"Levels of {study}, {column.name}", [note], ["axis", "level", "mean", "effect"], 2, _entries(rows))


def _entries(rows: list[list[str]]) -> list[list[Entry]]:
    return [[Entry(cell) for cell in row] for row in rows]


def _share(share: Interval | None) -> tuple[str, str]:
    return (HOLE, HOLE) if share is None else (f"{100 * share.estimate:.1f}", _range(share))


def _range(share: Interval) -> str:
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"


def _grid(column: Column) -> str:
    """`2 corpora x 3 algorithms`."""
    sizes = zip(column.axes, column.levels, strict=True)
    return " x ".join(f"{len(levels)} {_PLURAL.get(axis, f'levels of {NAMES[axis]}')}" for axis, levels in sizes)


def _notes(column: Column) -> list[str]:
    about = (
        "One pretraining stands for each point: seeds are those of fine-tuning, and shares are about these weights."
        if column.pretrainings == 1
        else ""
    )
    drawn = "The data set is synthetic: the numbers tell of the harness, not of methods." if column.synthetic else ""
    return [note for note in (about, drawn) if note]


def sentences(explained: Explained) -> list[str]:
    """One sentence an axis, the largest share first; on seeds; which axes are told apart; and on untrained networks."""
    column = explained.whole
    order = sorted(range(len(column.axes)), key=lambda axis: -_own(column, axis).estimate)
    seeds = column.split.seeds
    return [
        *(_about(column, axis) for axis in order),
        (
            f"Seeds explain {_said(seeds)}: another seed of pretraining and fine-tuning moves a score by "
            f"{100 * column.split.error:.2f} points (s.d.)."
        ),
        *_order(column, order),
        *_untrained(explained),
    ]


def _own(column: Column, axis: int) -> Interval:
    return column.split.components[axis].share


def _about(column: Column, axis: int) -> str:
    """What one axis explains, by itself and with others, and which of its levels are at the ends."""
    name, own, total = NAMES[column.axes[axis]], _own(column, axis), column.split.totals[axis]
    means = column.means(axis)
    best, worst = max(means, key=lambda level: means[level]), min(means, key=lambda level: means[level])
    ends = f"{best} has {100 * means[best]:.2f} points in the mean, {worst} {100 * means[worst]:.2f}"
    in_all = f", and {_said(total)} with the interactions that it is in" if len(column.axes) > 1 else ""
    told = f"The {name} explains {_said(own)} of the variance between scores{in_all}"
    if own.low > 0:
        return f"{told}: {ends}."
    acts = [column.name_of(part.term) for part in _acting(column, axis)]
    if acts:
        return f"{told}: by itself it is not told apart from nothing, but it acts in {', '.join(acts)}; {ends}."
    return f"{told}: it is not told apart from nothing; {ends}."


def _acting(column: Column, axis: int) -> list[Component]:
    return [part for part in column.split.components if axis in part.term and len(part.term) > 1 and part.share.low > 0]


def _order(column: Column, order: list[int]) -> list[str]:
    """Whether the axis with the largest share explains more than the others."""
    if len(order) < 2:
        return []
    first, more, like = order[0], list[str](), list[str]()
    for other in order[1:]:
        clear = column.split.difference(first, other).low > 0
        (more if clear else like).append(f"the {NAMES[column.axes[other]]}")
    said = f"The {NAMES[column.axes[first]]} has the largest share of the axes"
    ahead = f": more than {' and '.join(more)}" if more else ""
    unclear = f"{'; ' if more else ', but '}not told apart from {' and '.join(like)}" if like else ""
    return [f"{said}{ahead}{unclear}."]


def _untrained(explained: Explained) -> list[str]:
    """What networks differ by before they are trained, where the study has random weights of each."""
    column, means = explained.whole, explained.untrained
    if "backbones" not in column.axes or set(column.levels[column.axes.index("backbones")]) - means.keys():
        return []
    each = ", ".join(f"{100 * mean:.2f} points on {backbone}" for backbone, mean in means.items())
    return [f"Random weights have {each}: so far networks lie apart before any pretraining."]


def _said(share: Interval) -> str:
    digits = 0 if share.estimate >= _SMALL else 1
    return f"{100 * share.estimate:.{digits}f}% [{100 * share.low:.{digits}f} to {100 * share.high:.{digits}f}]"


def notes(explained: Explained) -> list[str]:
    """How the sentences are meant."""
    column = explained.whole
    return [
        f"About {column.name}, over {_grid(column)} and {column.repeats} repeats.",
        "Shares are of the levels that were run: others would explain more or less.",
        "Intervals are 95%, each by itself; errors with heavy tails make them too narrow (docs/reports/calibration.md).",
        *_notes(column),
        *(f"Left out: {line}." for line in explained.left_out),
    ]


def render(explained: Explained, form: Form) -> str:
    """Tables, sentences and notes in one of the formats but the terminal's; CSV has the shares alone."""
    tables, said, meant = grids(explained), sentences(explained), notes(explained)
    if form == "csv":
        return formats.csv(tables[:-1])
    if form == "latex":
        return formats.latex([*tables, _as_grid(explained.study, said, meant)])
    lines = [f"- {text.markdown(line)}" for line in said]
    return "\n".join([formats.markdown(tables), *lines, "", text.markdown(" ".join(meant)), ""])


def _as_grid(study: str, said: list[str], meant: list[str]) -> TextGrid:
    rows = [[Entry(line)] for line in said]
    return TextGrid(f"Axes of {study}", meant, ["sentence"], 1, rows, frozenset({0}))
