"""The conditions of each score as columns of a CSV file: budget of the pretraining, labels, selection, draw, split."""

import json
import math

import pandas as pd

from results import budgets, floors, settling
from results.summary import BOARD, CELL

WORDS = ("selection", "draw", "split", "length", "bn", "of", "leaky")
# Columns that a row has on a whole protocol and backbone.
OF_ROWS = ("pretrainings", *budgets.FACTS.values())
# Columns of one row at one fraction.
OF_CELLS = (
    "labels",
    "labels_drawn",
    "labels_all",
    "labels_used",
    "labels_beyond",
    "classes",
    *WORDS,
    "trivial",
    "uninformative",
    "settled",
)
_COUNTS = {
    "labels_drawn": "n_train",
    "labels_all": "n_train_all",
    "labels_used": "n_labels",
    "labels_beyond": "n_beyond",
    "classes": "n_classes",
}


def with_conditions(summary: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the conditions behind each row of a summary; what the records do not know is missing.

    Means over the records of a cell, and of a fact of the weights over its pretrainings. `pretrainings` counts the
    different weights, `settled` is the share of cells that had settled, `uninformative` whether no row of the protocol,
    backbone and fraction is above the trivial score.

    Args:
        summary: of `results.summary.summarise`.
        frame: the same records.
    """
    empty = floors.uninformative(frame)
    cells = {key: _of_cell(rows) for key, rows in frame.groupby(CELL)}
    rows = {key: _of_row(rows) for key, rows in frame.groupby([*BOARD, "variant"])}
    place = list(summary[CELL].itertuples(index=False, name=None))
    found = pd.DataFrame([cells[key] | rows[key[:-1]] for key in place], index=summary.index)
    judged = pd.Series([(*key[:3], key[-1]) in empty for key in place], index=summary.index, dtype="boolean")
    found["uninformative"] = judged.mask(found["trivial"].isna())
    for column in found.columns:
        found[column] = _whole(found[column])
    return summary.join(found[[*OF_CELLS, *OF_ROWS]])


def _of_cell(records: pd.DataFrame) -> dict[str, object]:
    words = [json.loads(text) for text in records["design"]]
    said = {name: ", ".join(sorted({word[name] for word in words if name in word})) for name in WORDS}
    asked = sorted({str(text) for text in records["labels"].dropna()})
    counts = {
        name: float(records[column].astype("Float64").mean()) if records[column].notna().any() else math.nan
        for name, column in _COUNTS.items()
    }
    return {
        "labels": ", ".join(asked),
        **counts,
        **said,
        "trivial": records["trivial"].mean(),
        "settled": settling.share(records),
    }


def _of_row(records: pd.DataFrame) -> dict[str, object]:
    found = budgets.facts(records)
    return {"pretrainings": records["weights"].nunique()} | {
        column: found.get(name, math.nan) for name, column in budgets.FACTS.items()
    }


def _whole(column: pd.Series) -> pd.Series:
    """Whole numbers as such, also beside missing ones; a column without any value holds none."""
    if column.isna().all():
        return column.astype("Float64")
    if column.dtype == "float64" and (column.dropna() % 1 == 0).all() and column.abs().max() < 2**53:
        return column.astype("Int64")
    return column
