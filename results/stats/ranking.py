"""Standing of the variants over several data sets: average rank, and interquartile mean of normalised scores."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results import floors, warned
from results.labels import amounts
from results.stats.block_model import scores_by_block
from results.stats.intervals import Floats, Interval, bootstrap_many
from results.summary import BOARD
from results.variants import apart, order


@dataclass(frozen=True)
class Blocks:
    """Scores of the variants that all protocols share.

    Attributes:
        variants: names, references first.
        names: one a protocol and backbone.
        scores: one array a protocol and backbone, of shape (variants, fractions, seeds), without holes.
        left_out: what was not used and why, one line each.
        warnings: variant -> names of the warnings of its records, '' for none.
    """

    variants: list[str]
    names: list[str]
    scores: list[Floats]
    left_out: list[str]
    warnings: dict[str, str]


@dataclass(frozen=True)
class Standing:
    """One value with its interval for each variant, in the order of `Blocks.variants`."""

    variants: list[str]
    intervals: list[Interval]


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
    said = {str(variant): warned.names(rows["warning_texts"]) for variant, rows in frame.groupby("variant")}
    return Blocks(variants, names, scores, left_out, {variant: said[variant] for variant in variants})


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


def critical_difference(variants: int, data_sets: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of average ranks (Demsar 2006, section 3.2.2).

    Average ranks over `data_sets` independent data sets that differ by less cannot be told apart.
    """
    from scipy import stats  # takes a second to import, and only this needs it

    quantile = float(stats.studentized_range.ppf(1 - alpha, variants, math.inf)) / math.sqrt(2)
    return quantile * math.sqrt(variants * (variants + 1) / (6 * data_sets))


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
