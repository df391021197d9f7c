"""What rows differ by across tasks, in standardised effects, under two assumptions that are said.

The mixed model: effect of a row on a task with a pretraining = row + row x task + row x pretraining + rest, where an
effect is the difference to a reference in pooled standard deviations of the scores of its column (protocol, backbone,
amount of labels). Amounts are averaged within a protocol, and protocols within a data set: a *task* is a data set, for
protocols that share test images are not two tasks.

- **These tasks** (fixed): rows are compared on the tasks that were run. What varies are pretrainings and repeats. All
  tasks of one pretraining are one unit, since they start from the same weights.
- **Tasks like these** (random): the tasks are a sample of those that one might meet. Tasks and pretrainings vary both;
  both errors count. With one degree of freedom fewer than tasks, as Hartung and Knapp (2001) do for few trials.

Each error is the standard deviation of means over the other factor, moderated over the rows
(`results.stats.moderation`): in a balanced table these are the mixed model's own mean squares. Where both errors count,
Satterthwaite's degrees of freedom hold, and what tasks and pretrainings do together counts twice (decision 075,
`docs/reports/calibration.md`).
"""

import json
import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from results import budgets, floors
from results.stats.block_model import COLUMN, scores_by_block, units_of, weights_by_block
from results.stats.intervals import Floats, Indices
from results.stats.moderation import Pairs, moderate
from results.stats.simultaneous import ALPHA, Family
from results.stats.sources import ALONE, Error
from results.variants import apart, order

ACROSS = {
    "backbone": "registered backbone name",
    "row": "the row that is compared",
    "reference": "the row it is compared with",
    "tasks": "data sets, as names joined by commas",
    "units": "pretrainings (or repeats, where both rows have one pretraining) that all tasks share",
    "one": "whether the row rests on one pretraining",
    "one_reference": "whether the reference does",
    "effect": "mean difference over the tasks, in pooled standard deviations of a score",
    "these_low": "95% interval for these tasks, simultaneous over the rows",
    "these_high": "its other end",
    "like_low": "95% interval for tasks like these, simultaneous over the rows",
    "like_high": "its other end",
    "ahead": "tasks on which the row is ahead in the mean",
}
BY_TASK = {
    "backbone": "registered backbone name",
    "row": "the row that is compared",
    "reference": "the row it is compared with",
    "task": "the data set",
    "effect": "difference on this task, in pooled standard deviations of a score",
}


# Fewer tasks are no sample of others.
FEWEST_TASKS = 3


@dataclass(frozen=True)
class Effects:
    """Standardised effects of some rows against a reference.

    Attributes:
        rows: G labels.
        tasks: T data sets.
        tables: of each row, effects by task and unit, T x U; U may differ between rows.
        inflated: of each row, by how much the variance of an effect grows because its standard deviation is an estimate.
    """

    rows: list[str]
    tasks: list[str]
    tables: list[Floats]
    inflated: list[float]


@dataclass(frozen=True)
class Judged:
    """Errors of the mean effect of each row, in the order of the rows: for these tasks, and for tasks like these."""

    these: list[Error]
    like: list[Error]


def across(frame: pd.DataFrame, reference: str, level: float = ALPHA) -> pd.DataFrame:
    """Compare every row with a reference across the tasks of each backbone.

    Floors and ceilings, blocks in which no row is above the trivial score, and rows that lack a task are left out.

    Args:
        frame: all records of a store.
        reference: label of a row.
        level: nominal error of the intervals.

    Returns:
        One row a backbone and row, with the columns of `ACROSS`, the largest effect first; intervals are NaN with fewer
        than two units, and for tasks like these with fewer than `FEWEST_TASKS` tasks. None for a backbone without the
        reference.
    """
    rows: list[dict[str, Any]] = []
    for backbone, records in frame.groupby("backbone", sort=True):
        found = effects(records, reference)
        family = Family.of(("", reference, row) for row in found.rows) if found.rows else ALONE
        judged = judge(found.tables, found.inflated)
        one = {str(name): budgets.rests_on_one(each) for name, each in records.groupby("variant")}
        for row, table, these, like in zip(found.rows, found.tables, judged.these, judged.like, strict=True):
            mean = float(table.mean())
            around = [error.around(mean, family, level) for error in (these, like)]
            ends = [end for each in around for end in (each.low, each.high)]
            ahead = int((table.mean(axis=1) > 0).sum())
            named = (str(backbone), row, reference, ", ".join(found.tasks), table.shape[1], one[row], one[reference])
            rows.append(dict(zip(ACROSS, (*named, mean, *ends, ahead), strict=True)))
    rows.sort(key=lambda row: (row["backbone"], -row["effect"]))
    return pd.DataFrame(rows, columns=list(ACROSS))


def by_task(frame: pd.DataFrame, reference: str) -> pd.DataFrame:
    """The effect of every row on every task: one row each, with the columns of `BY_TASK`."""
    rows = [
        (str(backbone), row, reference, task, float(effect))
        for backbone, records in frame.groupby("backbone", sort=True)
        for found in [effects(records, reference)]
        for row, table in zip(found.rows, found.tables, strict=True)
        for task, effect in zip(found.tasks, table.mean(axis=1), strict=True)
    ]
    return pd.DataFrame(rows, columns=list(BY_TASK))


def effects(records: pd.DataFrame, reference: str) -> Effects:
    """Standardised effects against a reference on one backbone.

    Args:
        records: of one backbone.
        reference: label of a row; without it there, no row has effects.
    """
    columns = _columns(records)
    place = order(records)
    cells = {row: _cells(columns, row, reference) for row in sorted(set(records["variant"]), key=place)}
    tasks = sorted({task for found in cells.values() for task in found})
    whole = {row: _table(found, tasks) for row, found in cells.items() if tasks and set(found) == set(tasks)}
    tables = {row: table for row, table in whole.items() if table.shape[1]}
    grown = {row: [each.inflated for each in columns if row in each.scores.columns] for row in tables}
    return Effects(list(tables), tasks, list(tables.values()), [float(np.mean(grown[row])) for row in tables])


def judge(tables: list[Floats], inflated: list[float]) -> Judged:
    """Errors of mean effects from tables of tasks x units, one a row.

    Units share the standard deviation that they are divided by, so that its error does not show between them; between
    tasks it does. Hence `inflated`, as of `Effects`, which is infinite where nothing is known.
    """
    units = _errors([table.mean(axis=0) for table in tables])
    these = [each.scaled(math.sqrt(times)) for each, times in zip(units, inflated, strict=True)]
    tasks = _errors([table.mean(axis=1) if len(table) >= FEWEST_TASKS else table[:1].mean(axis=1) for table in tables])
    return Judged(these, [a.joined(b) for a, b in zip(tasks, units, strict=True)])


def inflation(df: float) -> float:
    """E[s^-2] times the variance, of a standard deviation with some degrees of freedom; infinite up to two."""
    return df / (df - 2) if df > 2 else math.inf


def _errors(means: list[Floats]) -> list[Error]:
    """Error of the mean of each array of means; nothing is known of a single one."""
    spread = [at for at, values in enumerate(means) if len(values) > 1]
    found = [Error(math.nan, 0.0) for _ in means]
    if spread:
        variances = np.array([means[at].var(ddof=1) for at in spread])
        errors, df = moderated_errors(variances, np.array([len(means[at]) for at in spread]))
        for at, error, its_df in zip(spread, errors.tolist(), df.tolist(), strict=True):
            found[at] = Error(error, its_df)
    return found


def moderated_errors(variances: Floats, counts: Indices) -> tuple[Floats, Floats]:
    """Errors of the mean differences of some rows from a reference, and their degrees of freedom.

    Args:
        variances: of each row's differences, shape (..., G).
        counts: how many each has, at least 2, shape (G,).
    """
    zeros: Indices = np.zeros(len(counts), dtype=np.int64)
    df: Floats = np.asarray(counts - 1, dtype=np.float64)
    moderated = moderate(variances, Pairs(zeros, zeros + np.arange(1, len(counts) + 1), zeros, df))
    return np.sqrt(moderated.variance / counts), np.asarray(moderated.df)


@dataclass(frozen=True)
class _Column:
    """Scores of a column in its pooled standard deviation, blocks x rows, with the weights that each rests on."""

    task: str
    protocol: str
    scores: pd.DataFrame
    weights: pd.DataFrame
    inflated: float


def _columns(records: pd.DataFrame) -> list[_Column]:
    beside, empty = apart(records), floors.uninformative(records)
    found = []
    for place, column in records[~records["variant"].isin(beside)].groupby(COLUMN, sort=True):
        if place in empty or "of" in json.loads(column["design"].iloc[0]):
            continue  # a variant of a protocol asks the same again, by another recipe
        scores = scores_by_block(column)
        deviation, df = pooled_deviation(scores)
        if deviation > 0:
            weights = pd.DataFrame(weights_by_block(column, scores), scores.index, scores.columns)
            task, protocol = str(column["dataset"].iloc[0]), str(place[:2])
            found.append(_Column(task, protocol, scores / deviation, weights, inflation(df)))
    return found


def pooled_deviation(scores: pd.DataFrame) -> tuple[float, float]:
    """Standard deviation of the scores of a row about its mean, pooled over the rows, and its degrees of freedom.

    It is NaN where no row has two scores.

    Args:
        scores: blocks x rows, missing where a row lacks a block.
    """
    df = float((scores.count() - 1).clip(lower=0).sum())
    squares = float(((scores - scores.mean()) ** 2).to_numpy(na_value=np.nan).sum(where=scores.notna().to_numpy()))
    return (math.sqrt(squares / df) if df else math.nan), df


# protocol -> amount -> unit -> effects
_Cells = dict[str, dict[tuple[str, int], dict[int, list[float]]]]


def _cells(columns: list[_Column], row: str, reference: str) -> _Cells:
    """Effects of a row by task, column and unit."""
    if row == reference:
        return {}
    shared = []
    for column in columns:
        if {row, reference} <= set(column.scores.columns):
            there = column.scores[[row, reference]].notna().all(axis=1).to_numpy()
            if there.any():
                shared.append((column, there))
    if not shared:
        return {}
    sides = [
        np.concatenate([column.weights[name].to_numpy()[there] for column, there in shared])
        for name in (row, reference)
    ]
    units = units_of(*sides)
    if len(set(units.tolist())) == len(units):
        units = _folded([int(there.sum()) for _, there in shared])
    found: _Cells = defaultdict(dict)
    start = 0
    for number, (column, there) in enumerate(shared):
        values = (column.scores[row] - column.scores[reference]).to_numpy()[there]
        by_unit: dict[int, list[float]] = defaultdict(list)
        for unit, value in zip(units[start : start + len(values)].tolist(), values.tolist(), strict=True):
            by_unit[unit].append(value)
        found[column.task][column.protocol, number] = by_unit
        start += len(values)
    return dict(found)


def _folded(sizes: list[int]) -> Indices:
    """Units of repeats that share nothing over columns: numbered within each, up to the fewest that any has."""
    fewest = min(sizes)
    return np.concatenate([np.arange(size) % fewest for size in sizes])


def _table(found: _Cells, tasks: list[str]) -> Floats:
    """Mean effects, tasks x the units that all tasks have: over repeats, then amounts, then protocols."""
    units = sorted(set.intersection(*({unit for each in found[task].values() for unit in each} for task in tasks)))
    return np.array([[_of_unit(found[task], unit) for unit in units] for task in tasks]).reshape(len(tasks), len(units))


def _of_unit(columns: dict[tuple[str, int], dict[int, list[float]]], unit: int) -> float:
    protocols: dict[str, list[float]] = defaultdict(list)
    for (protocol, _), by_unit in columns.items():
        if unit in by_unit:
            protocols[protocol].append(float(np.mean(by_unit[unit])))
    return float(np.mean([np.mean(values) for values in protocols.values()]))
