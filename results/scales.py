"""Scales that all charts share: round values, what is drawn of an interval, and names that do not touch."""

import math

import numpy as np
from scipy.optimize import isotonic_regression

from results.stats.intervals import Floats, Interval

# Round values of an axis of costs within a power of ten, from few to many, and how many have room.
_ROUND = ((1,), (1, 2, 5), (1, 1.2, 1.5, 2, 3, 4, 5, 6, 7, 8, 9), tuple(1 + 0.2 * step for step in range(45)))
_MOST = 5


def ticks(low: float, high: float, most: int = 8) -> list[float]:
    """Round values from `low` or below to `high` or above, at most `most` steps apart; shares in, shares out."""
    span = max(high - low, 0.005)
    steps = [base * scale for scale in (0.001, 0.01, 0.1, 1.0) for base in (1, 2, 5)]
    step = next((step for step in steps if span / step <= most - 1), steps[-1])
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 6) for i in range(first, max(last, first + 1) + 1)]


def costs(low: float, high: float) -> tuple[list[float], list[float]]:
    """Ends of an axis around two costs, and two to `_MOST` round values on it."""
    ends = [low / 1.2, high * 1.2]
    powers = range(math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1])) + 1)
    found: list[float] = []
    for steps in _ROUND:
        found = [step * 10.0**power for power in powers for step in steps]
        found = [cost for cost in found if ends[0] <= cost <= ends[1]]
        if len(found) > 1:
            break
    return ends, found[:: math.ceil(len(found) / _MOST)]


def power(cost: float) -> str:
    """A cost in FLOPs: '2e12', '1.5e13'."""
    digits, _, exponent = f"{cost:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(exponent)}"


def bar(score: Interval) -> tuple[float, float]:
    """Ends of an interval as it is drawn: cut at scores that cannot be, and the mean where there is none."""
    if math.isnan(score.low):
        return score.estimate, score.estimate
    return max(score.low, min(score.estimate, 0.0)), min(score.high, max(score.estimate, 1.0))


def spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Move places as little as possible (least squares) so that any two are at least `gap` apart, in their order.

    Args:
        places: where labels would stand, in any order.
        gap: least distance.
        low: end before which none may stand.
        high: the other end; where they do not fit, they run beyond it.
    """
    order = np.argsort(np.asarray(places, dtype=np.float64), kind="stable")
    steps: Floats = gap * np.arange(len(places), dtype=np.float64)
    if not len(steps):
        return []
    free = isotonic_regression(np.asarray(places, dtype=np.float64)[order] - steps).x
    moved = np.empty(len(places))
    moved[order] = np.clip(free, low, max(low, high - float(steps[-1]))) + steps
    return [float(place) for place in moved]
