"""Scores over seeds: the long table from which every layout is made."""

import pandas as pd

from results import warned
from results.variants import order, stands_apart

# What makes scores comparable: within one such group, and never across two.
BOARD = ["protocol", "protocol_hash", "backbone"]
# What makes scores repeats of each other.
CELL = [*BOARD, "variant", "fraction"]
# Decimals of percent points that are printed, and at which two means count as equal.
DECIMALS = 2


def summarise(frame: pd.DataFrame) -> pd.DataFrame:
    """Reduce records to one row for each (protocol, backbone, variant, fraction).

    Args:
        frame: records as of `results.frame`.

    Returns:
        Frame with the columns protocol, protocol_hash, backbone, task, dataset, metric, method, variant, fraction,
        `n` (scores), `mean` and `sd` (sample standard deviation, n - 1; missing for n = 1), both as fractions in
        [0, 1], `place`: 1 for the best mean of its protocol, backbone and fraction, 2 for the second, and so on (means
        that print alike share a place; floors and ceilings have place 0), `warnings`: names of the warnings of any of its records, `synthetic` (data set)
        and `synthetic_corpus`: whether the variant was pretrained on a synthetic corpus, missing where that is not
        known. Rows are ordered by protocol, backbone, variant (references first, see `results.variants.order`) and fraction.
    """
    groups = frame.groupby(CELL, sort=False)
    table = groups.agg(
        task=("task", "first"),
        dataset=("dataset", "first"),
        metric=("metric", "first"),
        method=("method", "first"),
        n=("score", "size"),
        mean=("score", "mean"),
        sd=("score", "std"),
        warnings=("warning_texts", warned.names),
        synthetic=("synthetic", "any"),
        synthetic_corpus=("synthetic_corpus", "max"),
    ).reset_index()
    printed = (100 * table["mean"]).round(DECIMALS)
    columns = table[[*BOARD, "fraction"]].assign(printed=printed.mask(table["method"].map(stands_apart).astype(bool)))
    ranks = columns.groupby([*BOARD, "fraction"])["printed"].rank(method="dense", ascending=False)
    table["place"] = ranks.fillna(0).astype(int)
    table["order"] = list(map(order(frame), table["variant"]))
    # A variant has one corpus: where one of its records says what it is, the others of an older schema are silent.
    table["synthetic_corpus"] = table.groupby([*BOARD, "variant"])["synthetic_corpus"].transform("max")
    table = table.sort_values([*BOARD, "order", "fraction"], ignore_index=True)
    first = [*BOARD, "task", "dataset", "metric", "method", "variant", "fraction", "n", "mean", "sd", "place"]
    return table[[*first, "warnings", "synthetic", "synthetic_corpus"]]
