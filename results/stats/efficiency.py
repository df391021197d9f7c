"""Label efficiency: what a fraction of the labels is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from results.stats.intervals import CONFIDENCE, Floats, Interval

Kind = Literal["at", "at most", "not reached", "not separable"]
# Points between two measured fractions at which the band around a curve is looked at.
_BETWEEN = 1000


@dataclass(frozen=True)
class Crossing:
    """Where a curve first reaches a target.

    Attributes:
        kind: `at` a fraction; `at most` the smallest fraction measured, which is already enough; `not reached` within what
            was measured; `not separable`, where the scores do not say.
        fraction: that fraction; infinite for the last two.
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


def first_crossing(fractions: Sequence[float] | Floats, scores: Sequence[float] | Floats, target: float) -> Crossing:
    """Find the first fraction at which a rising curve through the scores reaches `target`.

    The curve is the rising one that fits best (least squares, Barlow et al. 1972), so that one lucky dip or peak does not
    decide, and linear in log fraction between measurements. Nothing is extrapolated.

    Args:
        fractions: ascending, above 0.
        scores: as many.
        target: score to reach.
    """
    from scipy.optimize import isotonic_regression  # slow to import, and seldom asked for

    values = np.asarray(isotonic_regression(np.asarray(scores, dtype=np.float64)).x)
    enough = np.flatnonzero(values >= target)
    if not len(enough):
        return Crossing("not reached", math.inf)
    after = int(enough[0])
    if after == 0:
        return Crossing("at most", float(fractions[0]))
    low, high = values[after - 1], values[after]
    weight = (target - low) / (high - low)
    x = (1 - weight) * math.log(fractions[after - 1]) + weight * math.log(fractions[after])
    return Crossing("at", math.exp(x))


def crossing_interval(fractions: Floats, differences: Floats, estimate: float) -> Interval:
    """95% interval of the fraction at which a method reaches a reference's score at all labels.

    All fractions at which Student's t interval of the difference between the method's curve and that score holds 0
    (Fieller 1954): where the true curve rises, the true fraction is among them in 95% of studies, whatever the number of
    seeds. A bootstrap over three seeds would hold it in 75% at most, for it never leaves what the seeds span.

    Args:
        fractions: the method's fractions, ascending; shape (F,).
        differences: method less reference at all labels, shape (F, n): in each of n independent units, at least two.
        estimate: where the mean curve crosses; infinite where it does not.

    Returns:
        Interval around the estimate. Its low end is the smallest fraction where that may be enough, and infinite where
        none is; its high end is infinite where the largest may not be enough.
    """
    x, n = np.log(np.asarray(fractions, dtype=np.float64)), differences.shape[1]
    between = [np.linspace(a, b, _BETWEEN, endpoint=False) for a, b in pairwise(x)]
    points = np.concatenate([*between, x[-1:]])
    curves = np.array([np.interp(points, x, each) for each in differences.T])
    reach = float(stdtrit(n - 1, (1 + CONFIDENCE) / 2)) * curves.std(axis=0, ddof=1) / math.sqrt(n)
    may, must = curves.mean(axis=0) + reach >= 0, curves.mean(axis=0) - reach >= 0
    low = float(np.exp(points[may.argmax()])) if may.any() else math.inf
    short = np.flatnonzero(~must)
    after = int(short[-1]) + 1 if len(short) else 0
    high = float(np.exp(points[after])) if after < len(points) else math.inf
    return Interval(estimate, min(low, estimate), max(high, estimate))


def supported(crossing: Crossing, interval: Interval, fractions: Floats) -> Crossing:
    """A crossing as far as its interval supports it: a number only where that excludes some of what was measured.

    Args:
        crossing: of the mean curve.
        interval: as of `crossing_interval`; with NaN for ends the crossing is left as it is.
        fractions: the method's fractions, ascending.
    """
    if math.isnan(interval.low):
        return crossing
    if math.isinf(interval.low):
        return Crossing("not reached", math.inf)
    everywhere = interval.low <= fractions[0] < fractions[-1] <= interval.high
    return Crossing("not separable", math.inf) if everywhere or math.isinf(interval.high) else crossing
