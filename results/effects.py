"""Effects: the primary comparisons of a column as stars, rows against the one row that they are asked against."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results.budgets import ratio
from results.variants import REFERENCES


@dataclass(frozen=True)
class Effect:
    """One row against another.

    Attributes:
        row: its label.
        difference: of the row's score to the other's, as a fraction; `low` and `high` are its simultaneous interval, NaN
            where there is one repeat.
        sure: whether the interval excludes 0.
        within: smallest distance from 0 within which the difference is shown to lie.
        callable: difference that would be called with 80% power.
        measured: share of studies of this design in which an interval is wrong.
        n: shared seeds, `units` of repetition.
        one: whether the row stands for a single pretraining, `other`: whether the row that it is held against does.
        disagree: whether the exact test contradicts the model.
        warned: names of the warnings of the row's records.
        times: how many times the compute of the other row it took; None where they are alike.
    """

    row: str
    difference: float
    low: float
    high: float
    sure: bool
    within: float
    callable: float
    measured: float
    n: int
    units: int
    one: bool
    other: bool
    disagree: bool
    warned: str
    times: float | None

    @property
    def known(self) -> bool:
        """Whether anything is known of chance."""
        return not math.isnan(self.low)


@dataclass(frozen=True)
class Star:
    """What was asked of some rows at one amount of labels, against one row."""

    fraction: float
    against: str
    effects: list[Effect]


def stars(comparisons: pd.DataFrame) -> list[Star]:
    """Arrange the primary comparisons of one protocol and backbone, by fraction.

    A reference is the row that the others are held against; without one it is the row that most was asked of.

    Args:
        comparisons: its rows of `results.stats.block_model.compare`.
    """
    found = []
    for fraction, column in comparisons[comparisons["primary"].astype(bool)].groupby("fraction", sort=True):
        left: list[Any] = list(column.itertuples())
        while left:
            against = _centre(left)
            mine = [row for row in left if against in (row.a, row.b)]
            left = [row for row in left if against not in (row.a, row.b)]
            found.append(Star(float(str(fraction)), against, [_effect(row, against) for row in mine]))
    return found


def _centre(pairs: list[Any]) -> str:
    asked = Counter(str(name) for pair in pairs for name in (pair.b, pair.a))
    reference = next((name for name in REFERENCES if name in asked), None)
    return reference or asked.most_common(1)[0][0]


def _effect(pair: Any, against: str) -> Effect:
    ahead = pair.b == against
    mine, other, sign = ("a", "b", 1) if ahead else ("b", "a", -1)
    ends = sorted((sign * pair.low, sign * pair.high)) if pair.low == pair.low else [math.nan, math.nan]
    return Effect(
        row=str(getattr(pair, mine)),
        difference=sign * float(pair.difference),
        low=float(ends[0]),
        high=float(ends[1]),
        sure=bool(pair.sure),
        within=float(pair.within),
        callable=float(pair.callable),
        measured=float(pair.measured),
        n=int(pair.n),
        units=int(pair.units),
        one=bool(getattr(pair, f"one_{mine}")),
        other=bool(getattr(pair, f"one_{other}")),
        disagree=bool(pair.disagree),
        warned=str(getattr(pair, f"warnings_{mine}")),
        times=ratio(getattr(pair, f"forward_{mine}"), getattr(pair, f"forward_{other}")),
    )
