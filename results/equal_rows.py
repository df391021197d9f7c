"""A/A studies: real rows that differ in nothing but the seed of their pretraining, and how often they are called different.

A store with many such rows and repeats is cut into small studies, which share neither a row's repeat nor a row of the same
repeats, and each is judged as if it were all there is.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from textwrap import fill
from typing import TypeVar

import pandas as pd
from scipy.stats import binomtest

from bench.core.errors import StudyError
from results.stats.block_model import COLUMN, compare
from results.stats.simultaneous import ALPHA

Value = TypeVar("Value")
SIZES = ((2, 3), (2, 5), (2, 10), (4, 3), (4, 5), (4, 10), (10, 3), (10, 5), (10, 10))
# The most that equal rows may be called different; held against the lower end of what was counted.
LIMIT = 0.055


@dataclass(frozen=True)
class Counted:
    """Small studies of one size, cut from a store.

    Attributes:
        rows, seeds, columns: of each study.
        studies: how many there are; `wrong`: those that call one pair or more different.
        pairs: comparisons in all of them; `called`: by their simultaneous intervals; `single`: whose own 95% interval
            excludes 0.
    """

    rows: int
    seeds: int
    columns: int
    studies: int
    wrong: int
    pairs: int
    called: int
    single: int

    @property
    def interval(self) -> tuple[float, float]:
        """95% interval of the share of wrong studies (Clopper and Pearson 1934), as if they were independent."""
        found = binomtest(self.wrong, self.studies).proportion_ci()
        return float(found.low), float(found.high)


def count(frame: pd.DataFrame, sizes: Iterable[tuple[int, int]] = SIZES) -> list[Counted]:
    """Cut a store's records into small studies, and count those that call equal rows different.

    Args:
        frame: records of an A/A study; rows of one method count as equal.
        sizes: rows and seeds of the small studies; those that the store is too small for are left out.

    Returns:
        For each size, studies of one column each, and studies of all columns.

    Raises:
        StudyError: no size fits.
    """
    numbered = frame.assign(repeat=_repeats(frame))
    columns = numbered[COLUMN].drop_duplicates().shape[0]
    found = []
    for rows, seeds in sizes:
        studies = list(_studies(numbered, rows, seeds))
        if studies:
            alone = [column for study in studies for _, column in study.groupby(COLUMN)]
            found.append(_count(rows, seeds, 1, alone))
            found += [_count(rows, seeds, columns, studies)] if columns > 1 else []
    if not found:
        raise StudyError("no two rows of one method have three pretrainings each: run an A/A study, such as aa-probes")
    return found


def _repeats(frame: pd.DataFrame) -> pd.Series:
    """Number of each record's pretraining among those of its row, from 0, in the order of their first seeds."""
    place = [*COLUMN, "variant"]
    first = frame.groupby([*place, "weights"])["seed"].transform("min")
    ranks: pd.Series = frame.assign(first=first).groupby(place)["first"].rank("dense")
    return ranks.astype(int) - 1


def _studies(frame: pd.DataFrame, rows: int, seeds: int) -> Iterator[pd.DataFrame]:
    """Studies of so many rows of one method and so many repeats; a row that has fewer repeats than others is left out."""
    for _, equal in frame.groupby(["method", "backbone"]):
        last = equal.groupby([*COLUMN, "variant"])["repeat"].max().groupby("variant").min()
        names, repeats = sorted(last.index[last == last.max()]), int(last.max()) + 1
        for some in _cut(names, rows):
            for few in _cut(list(range(repeats)), seeds):
                yield equal[equal["variant"].isin(some) & equal["repeat"].isin(few)]


def _cut(values: list[Value], size: int) -> list[list[Value]]:
    """Groups of one size that do not overlap; what is left over is in none."""
    return [values[at : at + size] for at in range(0, len(values) - size + 1, size)]


def _count(rows: int, seeds: int, columns: int, studies: list[pd.DataFrame]) -> Counted:
    judged = [compare(study) for study in studies]
    every = pd.concat(judged)
    return Counted(
        rows=rows,
        seeds=seeds,
        columns=columns,
        studies=len(judged),
        wrong=sum(bool(table["sure"].any()) for table in judged),
        pairs=len(every),
        called=int(every["sure"].sum()),
        single=int((every["p_single"] < ALPHA).sum()),
    )


def missed(counted: Iterable[Counted]) -> list[Counted]:
    """The sizes whose studies go wrong in more than `LIMIT`, surely."""
    return [each for each in counted if each.interval[0] > LIMIT]


def report(name: str, frame: pd.DataFrame, counted: list[Counted]) -> str:
    """The report as Markdown.

    Args:
        name: of the study.
        frame: its records.
        counted: what `count` found in them.
    """
    rows, places = frame["variant"].nunique(), ", ".join(sorted(set(frame["protocol"])))
    lines = [
        "# Equal rows that are called different\n",
        fill(_HEAD.format(name=name, records=len(frame), rows=rows, places=places), 120) + "\n",
        "| rows | seeds | columns | studies | wrong | share | 95% interval | pairs | called | single |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for each in counted:
        low, high = each.interval
        share = f"{_percent(each.wrong / each.studies)} | {_percent(low)} to {_percent(high)}"
        pairs = f"{each.pairs} | {_percent(each.called / each.pairs)} | {_percent(each.single / each.pairs)}"
        lines.append(
            f"| {each.rows} | {each.seeds} | {each.columns} | {each.studies} | {each.wrong} | {share} | {pairs} |"
        )
    bad = missed(counted)
    said = "; ".join(f"{each.rows} rows, {each.seeds} seeds, {each.columns} columns" for each in bad)
    return "\n".join(
        [*lines, "", f"Wrong too often: {said}." if bad else "No size goes wrong more often than it may.", ""]
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


_HEAD = """Written by `bench calibrate --aa STORE` from the records of the study `{name}`: {records} records of {rows} rows on
{places}. Rows of one method differ in nothing but the seeds of their pretrainings, so whatever is called a difference
is an error. The records are cut into small studies without a common repeat of a row, and each is judged as if it were
all there is: its family is all pairs of its rows in all its columns. *Wrong* are studies that call a pair different,
which should be 5%. *Called* is the share of pairs by simultaneous intervals, *single* the share whose own 95% interval
excludes 0, which should be 5%. Columns of one study share rows and labels, and sizes share records, so the intervals
(Clopper and Pearson 1934) are a little too narrow.
"""
