"""What speaks for the numbers of a page and against them: checks, where the spread comes from, and outcomes."""

import math
from pathlib import Path

import pandas as pd

from bench.store.records import Record
from results import floors, outcomes, settling
from results.labels import amounts
from results.stats.paired import EXACT_FROM
from results.stats.variance import split_variance
from results.summary import BOARD


def checks(frame: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """What was checked of all records, a sentence each.

    Args:
        frame: all records.
        comparisons: of `results.stats.block_model.compare`, for them.
    """
    return [*_against_trivial(frame), *_exact(comparisons), *_settled(frame), *_warned(frame), *_machines(frame)]


def sources(frame: pd.DataFrame) -> list[str]:
    """Where the spread of the scores comes from, as far as the studies varied its sources apart."""
    split = split_variance(frame)
    parts = [f"{name} {100 * math.sqrt(value):.2f}" for name, value in split.variance.items()]
    lines = [f"Standard deviation in points, by source: {', '.join(parts)}."] if parts else []
    return [*lines, *([f"Not varied, so unknown: {', '.join(split.held)}."] if split.held else [])]


def kept_outcomes(store: Path, records: list[Record]) -> list[str]:
    """Of how many records the store keeps what the test samples came out as, and what cannot be known without.

    Args:
        store: the store, or a folder of committed records.
        records: all of them.
    """
    kept = outcomes.kept(store, records)
    if kept == len(records):
        return [f"Outcomes of single test samples are kept for all {kept} records, and every metric follows from them."]
    unknown = (
        "Of the others it cannot be known how far the test images decide a difference, metrics that the records do "
        "not hold cannot be computed, and the scores cannot be recomputed."
    )
    if kept == 0:
        unknown = unknown.replace("Of the others it", "It")
        return [
            f"This store keeps no outcomes of single test samples, of none of its {len(records)} records. {unknown}"
        ]
    return [f"Outcomes of single test samples are kept for {kept} of {len(records)} records. {unknown}"]


def _against_trivial(frame: pd.DataFrame) -> list[str]:
    empty = floors.uninformative(frame)
    known = sum(len(floors.trivial(board)) for _, board in frame.groupby(BOARD))
    if not known:
        return ["Trivial scores are not known, so nothing says which columns are informative."]
    if not empty:
        return [f"In all {known} columns some row is above the trivial score."]
    named = {tuple(map(str, place)): amounts(board) for place, board in frame.groupby(BOARD, sort=True)}
    where = [f"{place[0]} at {named[place[:3]][place[3]]}" for place in sorted(empty)]
    return [f"In {len(empty)} of {known} columns no row is above the trivial score (§): {', '.join(where)}."]


def _exact(comparisons: pd.DataFrame) -> list[str]:
    tested = comparisons[comparisons["exact"].notna()]
    if tested.empty:
        return [f"The exact sign-flip test needs {EXACT_FROM} repeats: here it can contradict nothing."]
    against = int(tested["disagree"].sum())
    return [f"The exact sign-flip test contradicts the model in {against} of {len(tested)} comparisons."]


def _settled(frame: pd.DataFrame) -> list[str]:
    share = settling.share(frame)
    return [] if share is None else [f"{100 * share:.0f}% of the fine-tunings had settled when they ended."]


def _warned(frame: pd.DataFrame) -> list[str]:
    number = int((frame["warnings"] != "").sum())
    return [f"{number} of {len(frame)} records rest on training that gave a warning (‡)."] if number else []


def _machines(frame: pd.DataFrame) -> list[str]:
    """On which processors weights were pretrained, where there is more than one."""
    counts = frame.dropna(subset="pretrained_on").groupby("pretrained_on")["weights"].nunique()
    if len(counts) < 2:
        return []
    return [f"Weights were pretrained on {', '.join(f'{name} ({count})' for name, count in counts.items())}."]
