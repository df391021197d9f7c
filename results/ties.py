"""Tie groups: which rows of a table's column cannot be told apart from its best."""

from typing import cast

import pandas as pd

from results.stats.block_model import COLUMN
from results.variants import apart

Groups = dict[tuple[str, str, str, float], set[str]]


def tied_with_best(comparisons: pd.DataFrame, means: pd.DataFrame) -> Groups:
    """The rows of each column that cannot be told apart from its best one.

    Args:
        comparisons: of `results.stats.block_model.compare`.
        means: of `results.summary.summarise`, for the rows that are shown.

    Returns:
        (protocol, protocol_hash, backbone, fraction) -> rows, the best included, without floors and ceilings; a column
        of which no difference has an interval is absent.
    """
    groups: Groups = {}
    for values, column in comparisons.groupby(COLUMN):
        here = means[(means[COLUMN] == list(values)).all(axis=1)]
        scores = here[~here["variant"].isin(apart(here))].set_index("variant")["mean"]
        if scores.empty or not column["error"].notna().any():
            continue
        best = str(scores.idxmax())
        clear = column[column["sure"].astype(bool)]
        beaten = set(clear.loc[clear["a"] == best, "b"]) | set(clear.loc[clear["b"] == best, "a"])
        groups[cast("tuple[str, str, str, float]", values)] = set(map(str, scores.index)) - beaten
    return groups
