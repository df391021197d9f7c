"""Mean and 95% interval over seeds, for one data set and pooled over several."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
CONFIDENCE = 0.95
RESAMPLES = 2000


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its interval; both ends are NaN where nothing can be said of the spread."""

    estimate: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half the interval's width."""
        return (self.high - self.low) / 2


def t_interval(scores: Sequence[float] | Floats, confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of a mean (Student 1908): mean ± t(n - 1) s / sqrt(n); no ends for n = 1.

    Args:
        scores: one score a seed, at least one.
        confidence: coverage, in (0, 1).
    """
    values = np.asarray(scores, dtype=np.float64)
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, float("nan"), float("nan"))
    error = float(values.std(ddof=1)) / np.sqrt(len(values))
    reach = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return Interval(mean, mean - reach, mean + reach)


def _redraws(sizes: list[int], resamples: int, seed: int) -> Iterator[tuple[Indices, ...]]:
    """Positions of the redrawn seeds of each stratum."""
    if math.prod(size**size for size in sizes) <= resamples:
        ways = [[np.array(way) for way in itertools.product(range(size), repeat=size)] for size in sizes]
        yield from itertools.product(*ways)
        return
    draw = np.random.default_rng(seed)
    for _ in range(resamples):
        yield tuple(draw.integers(0, size, size) for size in sizes)


def stratified_bootstrap(
    strata: Sequence[Floats],
    statistic: Callable[[list[Floats]], float],
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Interval of one number; arguments as of `bootstrap_many`."""
    return bootstrap_many(strata, lambda drawn: np.array([statistic(drawn)]), confidence, resamples, seed)[0]


def bootstrap_many(
    strata: Sequence[Floats],
    statistic: Callable[[list[Floats]], Floats],
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Interval]:
    """Percentile bootstrap that redraws seeds within each data set (Agarwal et al. 2021, section 4.2).

    Args:
        strata: one array a data set; the last axis holds the seeds, which are redrawn with replacement together, so
            that scores of one seed in different rows stay paired.
        statistic: maps redrawn strata to numbers of shape (K,), which may be infinite.
        confidence: coverage, in (0, 1).
        resamples: number of redraws; where the seeds can be redrawn in fewer ways than that, each way counts once.
        seed: makes the intervals repeatable.

    Returns:
        K intervals around the statistic of `strata`; without ends where no stratum has two seeds.
    """
    estimates = statistic([np.asarray(stratum) for stratum in strata])
    sizes = [stratum.shape[-1] for stratum in strata]
    if max(sizes) < 2:
        return [Interval(float(value), float("nan"), float("nan")) for value in estimates]
    values = np.array(
        [
            statistic([stratum[..., pick] for stratum, pick in zip(strata, chosen, strict=True)])
            for chosen in _redraws(sizes, resamples, seed)
        ]
    )
    tail = (1 - confidence) / 2
    # Order statistics instead of interpolation: an infinite value beside a finite one would give NaN.
    low, high = np.quantile(values, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return [Interval(float(value), float(a), float(b)) for value, a, b in zip(estimates, low, high, strict=True)]
