"""Standing of the variants over several data sets: average rank and what it tells, mean of normalised scores."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import fdtrc

from results import floors, warned
from results.labels import amounts
from results.stats.block_model import scores_by_block
from results.stats.intervals import Floats, Interval, bootstrap_many, t_interval
from results.stats.simultaneous import ALPHA, Family
from results.summary import BOARD
from results.variants import apart, order

_FEWEST_TASKS, _FEWEST_ROWS, _FEWEST_SPREAD = 2, 3, 5
# Mean square of ranks below which all tasks agree.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Blocks:
    """Scores of the variants that all protocols share.

    Attributes:
        variants: names, references first.
        names: one a protocol and backbone.
        scores: one array a protocol and backbone, of shape (variants, fractions, seeds), without holes.
        left_out: what was not used and why, one line each.
        warnings: variant -> names of the warnings of its records, '' for none.
        tasks: data set of each of `names`; empty where each is a task of its own.
    """

    variants: list[str]
    names: list[str]
    scores: list[Floats]
    left_out: list[str]
    warnings: dict[str, str]
    tasks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standing:
    """One value with its interval for each variant, in the order of `Blocks.variants`."""

    variants: list[str]
    intervals: list[Interval]


@dataclass(frozen=True)
class Separation:
    """What mean ranks over tasks can tell apart.

    Attributes:
        p: of Friedman's test that all variants rank alike, NaN where it cannot be made.
        difference: critical difference of mean ranks, NaN with fewer than two tasks.
        silent: why ranks tell nothing apart, as a sentence; '' where they do, and a figure can show it.
    """

    p: float
    difference: float
    silent: str


def blocks(frame: pd.DataFrame) -> Blocks:
    """Arrange scores so that every variant has the same protocols, fractions and seeds.

    A variant that lacks a protocol is left out, and so is a seed or fraction that a variant lacks within a protocol.
    Floors, ceilings and uninformative blocks (`results.floors`) are left out too: a rank among rows that are no better
    than a blind answer is chance.
    """
    place = order(frame)
    beside, empty = apart(frame), floors.uninformative(frame)
    left_out = [f"{name}: a floor or a ceiling" for name in sorted(beside, key=place)]
    left_out += _said_of_empty(frame, empty)
    frame = frame[~frame["variant"].isin(beside)]
    boards = dict(tuple(frame.groupby(BOARD, sort=True)))
    shared = set.intersection(*(set(board["variant"]) for board in boards.values())) if boards else set()
    left_out += [f"{name}: not run on every protocol" for name in sorted(set(frame["variant"]) - shared, key=place)]
    variants = sorted(shared, key=place)
    names: list[str] = []
    scores: list[Floats] = []
    tasks: list[str] = []
    for key, board in boards.items():
        name = f"{key[0]}, {key[2]}"
        useful = board[[(*key, float(fraction)) not in empty for fraction in board["fraction"]]]
        if useful.empty:
            continue
        array = _complete(useful, variants)
        if array is None:
            left_out.append(f"{name}: no fraction and seed that all methods share")
        else:
            names.append(name)
            scores.append(array)
            tasks.append(str(useful["dataset"].iloc[0]))
    said = {str(variant): warned.names(rows["warning_texts"]) for variant, rows in frame.groupby("variant")}
    return Blocks(variants, names, scores, left_out, {variant: said[variant] for variant in variants}, tasks)


def average_ranks(arranged: Blocks, seed: int = 0) -> Standing:
    """Average rank (Demsar 2006): over the fractions of a protocol, then over protocols; 1 is best, ties share a rank.

    Ranks are of means over seeds; the interval comes from redrawing the seeds.
    """
    return _standing(arranged, _mean_ranks, seed)


def interquartile_means(arranged: Blocks, reference: str = "random", seed: int = 0) -> Standing:
    """Interquartile mean of normalised scores (Agarwal et al. 2021, section 4.3).

    A score s is normalised to (s - r) / (1 - r) with r the reference's mean at the same protocol and fraction: the
    share of the reference's error that is gone. It does not depend on which other methods took part.

    Raises:
        ValueError: the reference is not among the variants.
    """
    row = arranged.variants.index(reference)

    def statistic(strata: list[Floats]) -> Floats:
        normal = []
        for scores in strata:
            base = scores[row].mean(axis=-1, keepdims=True)
            normal.append(((scores - base) / (1 - base)).reshape(len(scores), -1))
        pooled = np.sort(np.concatenate(normal, axis=1), axis=1)
        cut = pooled.shape[1] // 4
        return np.asarray(pooled[:, cut : pooled.shape[1] - cut].mean(axis=1))

    return _standing(arranged, statistic, seed)


def ranks_by_task(arranged: Blocks) -> Floats:
    """Rank of each variant on each task, shape (tasks, variants); 1 is best.

    A task is a data set: mean ranks over the amounts of a protocol and over the protocols of a data set are ranked
    again.
    """
    by_task: dict[str, list[Floats]] = {}
    for task, scores in zip(arranged.tasks or arranged.names, arranged.scores, strict=True):
        by_task.setdefault(task, []).append(_ranks(scores.mean(axis=-1)).mean(axis=1))
    ranks = [_ranks(-np.mean(each, axis=0)[:, None])[:, 0] for each in by_task.values()]
    return np.array(ranks).reshape(len(by_task), len(arranged.variants))


def ranks_over_tasks(arranged: Blocks) -> Standing:
    """Mean rank over the tasks, with Student's t interval: tasks are the sample, and all else is held fixed.

    The bootstrap over tasks has the same centre and, with five tasks, two thirds of the width that covers. With fewer
    than five there is no interval: ranks are whole numbers, and a few that agree by chance have no spread.
    """
    ranks, most = ranks_by_task(arranged), float(len(arranged.variants))
    found = [t_interval(column if len(ranks) >= _FEWEST_SPREAD else column.mean(keepdims=True)) for column in ranks.T]
    inside = [Interval(each.estimate, *np.clip((each.low, each.high), 1.0, most)) for each in found if len(ranks)]
    return Standing(arranged.variants if inside else [], inside)


def separation(arranged: Blocks) -> Separation:
    """Whether mean ranks over tasks tell any two variants apart: Friedman's test, then Nemenyi's critical difference.

    Friedman's statistic is read by F as Iman and Davenport (1980) do; Demsar (2006, section 3.2.2) has both.
    """
    ranks = ranks_by_task(arranged)
    tasks, rows = ranks.shape
    if tasks < _FEWEST_TASKS or rows < _FEWEST_ROWS:
        return Separation(math.nan, math.nan, "ranks need two tasks and three rows")
    p, difference = friedman(ranks), critical_difference(rows, tasks)
    means = ranks.mean(axis=0)
    if difference > rows - 1:
        silent = (
            f"{tasks} tasks cannot tell {rows} rows apart by rank: the critical difference ({difference:.2f}) is more "
            f"than the {rows - 1} places from first to last"
        )
    elif p > ALPHA:
        silent = f"Friedman's test finds no order of {rows} rows over {tasks} tasks (p = {p:.2g})"
    elif means.max() - means.min() < difference:
        silent = f"no two mean ranks differ by the critical difference ({difference:.2f})"
    else:
        silent = ""
    return Separation(p, difference, silent)


def friedman(ranks: Floats) -> float:
    """Chance of ranks as different as these where all rows rank alike: Friedman's test by Iman and Davenport's F.

    F is that of a two-way analysis of variance of the ranks, which accounts for ties (Iman and Davenport 1980).

    Args:
        ranks: tasks x variants, at least 2 x 2; 1 where all rows tie everywhere.
    """
    tasks, rows = ranks.shape
    means = ranks.mean(axis=0) - ranks.mean()
    between = tasks * float((means**2).sum()) / (rows - 1)
    rest = float(((ranks - ranks.mean() - means) ** 2).sum()) / ((rows - 1) * (tasks - 1))
    if not between:
        return 1.0
    return float(fdtrc(rows - 1, (rows - 1) * (tasks - 1), between / rest)) if rest > _ROUNDING else 0.0


def critical_difference(variants: int, data_sets: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2).

    Average ranks over `data_sets` independent data sets that differ by less cannot be told apart.
    """
    pairs = Family.of(("", a, b) for a, b in itertools.combinations(range(variants), 2))
    return pairs.critical(math.inf, alpha) * math.sqrt(variants * (variants + 1) / (6 * data_sets))


def _said_of_empty(frame: pd.DataFrame, empty: set[floors.Block]) -> list[str]:
    """One line a protocol and backbone that has uninformative blocks."""
    lines = []
    for (protocol, version, backbone), board in frame.groupby(BOARD, sort=True):
        named = amounts(board)
        where = [named[at] for at in named if (protocol, version, backbone, at) in empty]
        if where:
            lines.append(
                f"{protocol}, {backbone} at {', '.join(where)}: uninformative, no row is above the trivial score"
            )
    return lines


def _mean_ranks(strata: list[Floats]) -> Floats:
    return np.asarray(np.mean([_ranks(scores.mean(axis=-1)).mean(axis=1) for scores in strata], axis=0))


def _ranks(scores: Floats) -> Floats:
    """Ranks along the first axis, 1 for the highest, ties share the mean of theirs; shape as `scores`."""
    above = (scores[None] > scores[:, None]).sum(axis=1)
    equal = (scores[None] == scores[:, None]).sum(axis=1)
    return np.asarray(above + (equal + 1) / 2, dtype=np.float64)


def _standing(arranged: Blocks, statistic: Callable[[list[Floats]], Floats], seed: int) -> Standing:
    if not arranged.scores:
        return Standing([], [])
    return Standing(arranged.variants, bootstrap_many(arranged.scores, statistic, seed=seed))


def _complete(board: pd.DataFrame, variants: list[str]) -> Floats | None:
    """Scores of shape (variants, fractions, seeds) over the fractions and seeds that all variants have."""
    tables = {
        fraction: scores_by_block(group).reindex(columns=variants).dropna()
        for fraction, group in board.groupby("fraction")
    }
    tables = {fraction: table for fraction, table in tables.items() if len(table)}
    if not tables or not variants:
        return None
    pairs = sorted(set.intersection(*(set(table.index) for table in tables.values())))
    if not pairs:
        return None
    return np.stack([table.loc[pairs].to_numpy().T for table in tables.values()], axis=1)
