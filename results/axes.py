"""What a study's axes explain: the variance of its scores over a crossed grid, from records alone.

Rows that are trained stand at a point of the grid; what does not train (random weights, floors) has no budget and no
start, and stands outside. Labels of a repeat are drawn several times by some protocols: scores of a point in a repeat are
averaged first, for they start from one pretraining.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from bench.core.errors import StudyError
from bench.core.suggest import among
from bench.store.grids import Grid, read_grids
from bench.store.records import Record
from results.stats.decomposition import Decomposition, decompose
from results.stats.intervals import Floats

# axis of a study -> what a sentence calls it
NAMES = {
    "corpora": "data",
    "backbones": "architecture",
    "methods": "algorithm",
    "init": "start",
    "budget": "budget",
    "pretrain_sizes": "pretraining size",
    "eval_sizes": "evaluation size",
    "heads": "head",
}
SEEDS, RANDOM = "seeds", "random"
# Axes of which each level is a protocol of its own, whose id ends with the level.
OF_PROTOCOLS = ("eval_sizes", "heads")


@dataclass(frozen=True)
class Column:
    """One protocol and amount of labels of a study, or the mean of all of them.

    Attributes:
        name: the protocol and the amount.
        axes: the axes with two levels or more, as the study calls them.
        levels: of each axis.
        scores: shape (levels of each axis ..., repeats), fractions in [0, 1].
        pretrainings: how many stand behind the repeats of a point; 1 where a sentence is about these weights.
        synthetic: whether the data set is.
        split: what the scores split into.
    """

    name: str
    axes: list[str]
    levels: list[list[str]]
    scores: Floats
    pretrainings: int
    synthetic: bool
    split: Decomposition

    @property
    def repeats(self) -> int:
        """Repeats, each with another pretraining where there are several."""
        return int(self.scores.shape[-1])

    def means(self, axis: int) -> dict[str, float]:
        """The mean score at each level of an axis."""
        others = tuple(at for at in range(self.scores.ndim) if at != axis)
        return dict(zip(self.levels[axis], map(float, self.scores.mean(axis=others)), strict=True))

    def name_of(self, term: tuple[int, ...]) -> str:
        """What a table calls a component."""
        return " x ".join(NAMES[self.axes[axis]] for axis in term) or SEEDS


@dataclass(frozen=True)
class Explained:
    """What a study's axes explain.

    Attributes:
        study: its name.
        columns: by protocol and amount of labels.
        whole: the column that sentences are about: the mean of all, or the only one.
        left_out: what a reader must know of cells that are not there, a line each.
        untrained: mean score of random weights by network, over the columns that sentences are about.
    """

    study: str
    columns: list[Column]
    whole: Column
    left_out: list[str]
    untrained: dict[str, float]


def explain(store: Path, records: list[Record], study: str | None = None) -> Explained:
    """Split the scores of a study with axes.

    Args:
        store: whose grids say where cells stand; without one, records do for the study that first asked for them.
        records: of the store.
        study: its name; None for the only one.

    Raises:
        StudyError: no such study, its grid is not crossed, or it has fewer than two repeats or no axis of two levels.
    """
    grid = _choose(_grids(store, records), study)
    found, left_out = [], list[str]()
    cells: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for record in records:
        levels = grid.cells.get(record.key, {})
        if "methods" in levels:
            cells[_base(record, levels), record.fraction].append(record)
    for (protocol, _), those in sorted(cells.items(), key=lambda each: each[0]):
        amount = those[0].labels or f"{100 * those[0].fraction:g}%"
        found.append(_column(grid, f"{protocol} at {amount}", those, left_out))
    if not found:
        raise StudyError(f"study {grid.study}: no record of a trained row is there: run it with `bench run`")
    return Explained(grid.study, found, _mean(found, left_out), left_out, _untrained(grid, records))


def _untrained(grid: Grid, records: list[Record]) -> dict[str, float]:
    """Mean score of random weights by network: over cells of a column first, then over columns."""
    there = [record for record in records if record.key in grid.cells and record.method == RANDOM]
    frame = pd.DataFrame(
        [(record.backbone, record.protocol, record.fraction, record.score) for record in there],
        columns=["backbone", "protocol", "fraction", "score"],
    )
    by_column = frame.groupby(["backbone", "protocol", "fraction"], sort=False)["score"].mean()
    means = by_column.groupby("backbone", sort=False).mean()
    return {str(backbone): float(score) for backbone, score in means.items()}


def _grids(store: Path, records: list[Record]) -> list[Grid]:
    """The grids of a store; of a study that has none there, as its own records say."""
    kept = read_grids(store)
    known = {grid.study for grid in kept}
    said: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for record in records:
        if record.axes and record.study not in known:
            said[record.study][record.key] = record.axes
    return [*kept, *(Grid.of(study, cells) for study, cells in sorted(said.items()))]


def _choose(grids: list[Grid], study: str | None) -> Grid:
    names = [grid.study for grid in grids]
    if not names:
        raise StudyError("no study with axes was run in this store: write `axes` in a study, and run it")
    if study is None and len(names) > 1:
        raise StudyError(f"several studies with axes were run in this store: choose one by --study: {', '.join(names)}")
    if study is not None and study not in names:
        raise StudyError(f"no study {study!r} with axes was run in this store{among(study, names)}")
    return grids[names.index(study or names[0])]


def _base(record: Record, levels: dict[str, str]) -> str:
    """The protocol of which an axis made a variant; the record's own where none did."""
    base = record.protocol
    for axis in OF_PROTOCOLS:
        if axis in levels and "of" in record.design:
            base = base.removesuffix(f"-{levels[axis].replace(' ', '')}")
    return base


def _column(grid: Grid, name: str, records: list[Record], left_out: list[str]) -> Column:
    """One column as a full grid.

    Raises:
        StudyError: a point of the cross is missing, or nothing is crossed.
    """
    said = [grid.cells[record.key] for record in records]
    axes = [axis for axis in NAMES if all(axis in levels for levels in said)]
    levels = [[level for level in grid.axes[axis] if any(each[axis] == level for each in said)] for axis in axes]
    varied = [at for at, of_axis in enumerate(levels) if len(of_axis) > 1]
    axes, levels = [axes[at] for at in varied], [levels[at] for at in varied]
    if not axes:
        raise StudyError(f"study {grid.study}: no axis has two levels on {name}: give one another level")
    frame = pd.DataFrame(
        {
            "point": [tuple(each[axis] for axis in axes) for each in said],
            "seed": [record.seed for record in records],
            "weights": [record.weights for record in records],
            "score": [record.score for record in records],
        }
    )
    points = pd.MultiIndex.from_product(levels).to_flat_index().tolist()
    missing = [point for point in points if point not in set(frame["point"])]
    if missing:
        raise StudyError(
            f"study {grid.study}: {name} lacks {len(missing)} of {len(points)} points, such as {', '.join(missing[0])}: "
            "shares are of axes that are crossed with each other; run what is missing, or cross fewer levels"
        )
    scores, pretrainings = _by_unit(frame, points)
    if len(scores.columns) > len(kept := scores.dropna(axis=1).columns):
        left_out.append(f"{name}: {len(scores.columns) - len(kept)} repeats lack a point, and are left out")
    if len(kept) < 2:
        raise StudyError(f"study {grid.study}: {name} has {len(kept)} whole repeats: seeds need two at least, run more")
    table = scores[kept].to_numpy().reshape([*map(len, levels), len(kept)])
    return Column(name, axes, levels, table, pretrainings, records[0].synthetic, decompose(table))


def _by_unit(frame: pd.DataFrame, points: list[tuple[str, ...]]) -> tuple[pd.DataFrame, int]:
    """Mean scores, points x units of repetition; and how many pretrainings stand behind a point, at least."""
    pretrainings = int(frame.groupby("point")["weights"].nunique().min())
    unit = {seed: seed for seed in sorted(frame["seed"])}
    if pretrainings > 1:
        # Seeds that share weights at a point are one unit, at every point: there they share weights too.
        for _, seeds in frame.groupby(["point", "weights"])["seed"]:
            joined = {unit[seed] for seed in seeds}
            unit = {seed: min(joined) if first in joined else first for seed, first in unit.items()}
    table = frame.assign(unit=frame["seed"].map(unit)).pivot_table(
        index="point", columns="unit", values="score", aggfunc="mean"
    )
    return table.reindex(pd.Index(points, tupleize_cols=False)), pretrainings


def _mean(columns: list[Column], left_out: list[str]) -> Column:
    """The mean of the scores of all columns with the axes of the first; that column itself where it is the only one."""
    first = columns[0]
    alike = [each for each in columns if (each.axes, each.levels) == (first.axes, first.levels)]
    others = [each.name for each in columns if each not in alike]
    if others:
        left_out.append(f"the mean is without {', '.join(others)}, which other axes apply to")
    repeats = min(each.repeats for each in alike)
    if len(alike) == 1:
        return first
    scores = np.mean([each.scores[..., :repeats] for each in alike], axis=0)
    return Column(
        f"mean of {len(alike)} columns",
        first.axes,
        first.levels,
        scores,
        min(each.pretrainings for each in alike),
        any(each.synthetic for each in alike),
        decompose(scores),
    )
