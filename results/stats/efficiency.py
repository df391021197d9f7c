"""Label efficiency: what a fraction of the labels is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from results.stats.intervals import Floats, Interval, stratified_bootstrap

Kind = Literal["at", "at most", "never"]


@dataclass(frozen=True)
class Crossing:
    """Where a curve first reaches a target.

    Attributes:
        kind: `at` a fraction; `at most` the smallest fraction measured, which is already enough; `never`.
        fraction: that fraction; infinite for `never`.
    """

    kind: Kind
    fraction: float


def area_under_curve(fractions: Sequence[float] | Floats, scores: Sequence[float] | Floats) -> float:
    """Area under score against log fraction, divided by the log range: the mean score over that range.

    Args:
        fractions: ascending, above 0, at least two.
        scores: as many, in the unit of the result.
    """
    x = np.log(np.asarray(fractions, dtype=np.float64))
    return float(np.trapezoid(np.asarray(scores, dtype=np.float64), x) / (x[-1] - x[0]))


def first_crossing(
    fractions: Sequence[float] | Floats, scores: Sequence[float] | Floats, target: float, isotonic: bool = False
) -> Crossing:
    """Find the first fraction at which the curve reaches `target`, linear in log fraction between measurements.

    Args:
        fractions: ascending, above 0.
        scores: as many.
        target: score to reach.
        isotonic: fit a rising curve first (least squares, Barlow et al. 1972), so that one lucky dip or peak does not
            decide.
    """
    values = np.asarray(scores, dtype=np.float64)
    if isotonic:
        from scipy.optimize import isotonic_regression  # slow to import, and seldom asked for

        values = np.asarray(isotonic_regression(values).x)
    enough = np.flatnonzero(values >= target)
    if not len(enough):
        return Crossing("never", math.inf)
    after = int(enough[0])
    if after == 0:
        return Crossing("at most", float(fractions[0]))
    low, high = values[after - 1], values[after]
    weight = (target - low) / (high - low)
    x = (1 - weight) * math.log(fractions[after - 1]) + weight * math.log(fractions[after])
    return Crossing("at", math.exp(x))


def crossing_interval(
    fractions: Floats, method: Floats, reference: Floats, isotonic: bool = False, seed: int = 0
) -> Interval:
    """Bootstrap interval of the fraction at which a method reaches a reference's score at all labels.

    Args:
        fractions: the method's fractions, ascending; shape (F,).
        method: scores of shape (F, S), S paired seeds.
        reference: scores at fraction 1 of shape (S,), of the same seeds.
        isotonic: see `first_crossing`.
        seed: of the bootstrap.

    Returns:
        Interval whose ends may be infinite ("never").
    """

    def statistic(strata: list[Floats]) -> float:
        rows = strata[0]
        return first_crossing(fractions, rows[:-1].mean(axis=1), float(rows[-1].mean()), isotonic).fraction

    return stratified_bootstrap([np.vstack([method, reference])], statistic, seed=seed)
