"""Tie groups: letters such that two rows of a column that share one cannot be told apart.

The compact letter display of Piepho (2004), An algorithm for a letter-based representation of all-pairwise comparisons,
by inserting and absorbing, then sweeping.
"""

import string
from itertools import combinations
from typing import cast

import pandas as pd

from results.stats.block_model import COLUMN
from results.variants import apart

Column = tuple[str, str, str, float]
READING = "Rows that share a letter in a column are not told apart"


def tie_letters(comparisons: pd.DataFrame, means: pd.DataFrame) -> dict[Column, dict[str, str]]:
    """Letters of the rows of each column; `a` is that of the best.

    A primary comparison is judged by its simultaneous interval, any other by its false discovery rate, as everywhere.
    Two rows that were not compared count as not told apart.

    Args:
        comparisons: of `results.stats.block_model.compare`.
        means: of `results.summary.summarise`, for the rows that are shown.

    Returns:
        (protocol, protocol_hash, backbone, fraction) -> row -> letters such as `ab`, without floors and ceilings. A
        column of which no difference has an interval is absent; one in which no two rows are told apart has no letters.
    """
    found: dict[Column, dict[str, str]] = {}
    for values, column in comparisons.groupby(COLUMN):
        here = means[(means[COLUMN] == list(values)).all(axis=1)]
        ranked = here[~here["variant"].isin(apart(here))].sort_values("mean", ascending=False, kind="stable")
        rows = [str(row) for row in ranked["variant"]]
        if not rows or not column["error"].notna().any():
            continue
        clear = column[column["sure"].astype(bool)]
        pairs = [(str(a), str(b)) for a, b in zip(clear["a"], clear["b"], strict=True) if {a, b} <= set(rows)]
        found[cast("Column", values)] = letters(rows, pairs) if pairs else {}
    return found


def letters(rows: list[str], different: list[tuple[str, str]]) -> dict[str, str]:
    """Letters of rows, the best row first, of which some pairs differ.

    Two rows share a letter if, and only if, they do not differ.
    """
    groups = [frozenset(rows)]
    for pair in different:
        split = [
            part for group in groups for part in ([group - {one} for one in pair] if group >= {*pair} else [group])
        ]
        groups = [group for group in dict.fromkeys(split) if not any(group < other for other in split)]
    place = {row: number for number, row in enumerate(rows)}
    groups = sorted(_needed(groups), key=lambda group: sorted(place[row] for row in group))
    names = [*string.ascii_letters, *(f"({number})" for number in range(len(groups)))]
    return {row: "".join(name for name, group in zip(names, groups, strict=False) if row in group) for row in rows}


def _needed(groups: list[frozenset[str]]) -> list[frozenset[str]]:
    """The groups without those whose rows, and pairs of rows, the others hold too."""
    kept = list(groups)
    for group in sorted(groups, key=len):
        others = [other for other in kept if other is not group]
        pairs = [frozenset(pair) for pair in combinations(group, 2)] or [group]
        if all(any(pair <= other for other in others) for pair in pairs):
            kept = others
    return kept
