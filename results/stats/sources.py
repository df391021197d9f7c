"""Doubt about test images: would a difference between these weights be there on other images?

The seeds are held fixed here, and the places that were tested are the sample. Samples of one source (a mosaic, a scene)
are not independent, so whole sources are left out, one at a time: the jackknife (Quenouille 1956, Tukey 1958). Each
time the metric is scored anew by the function that scored the record, for both rows on the same samples. A t interval
with one degree of freedom fewer than there are sources covers what it promises from ten sources on; the bootstrap by
source, whose intervals are too narrow for ten or twenty sources, does not, and one by slice covers next to nothing
(`docs/reports/calibration.md`, decision 074).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import bdtr

from bench.metrics.outcomes import Outcomes
from results.stats.intervals import Floats, Indices, Interval
from results.stats.simultaneous import ALPHA, Family

# One comparison by itself: Student's t.
ALONE = Family.of([("", "a", "b")])
# With fewer sources nothing is said of others than these.
FEWEST = 10
# More sources than this are left out by the group: 29 degrees of freedom make a t interval 4% wider than it could be.
GROUPS = 30


@dataclass(frozen=True)
class Places:
    """How test samples lie in sources.

    Attributes:
        source: number of each sample's source, by the order of their names, shape (N,).
        group: number of the group of sources that each sample is left out with, shape (N,).
    """

    source: Indices
    group: Indices

    @classmethod
    def of(cls, sources: Sequence[str]) -> "Places":
        """Places of samples, from the source of each.

        Up to `GROUPS` sources are a group each; more are put into so many groups at random, always the same way.
        """
        names, source = np.unique(np.asarray(sources, dtype=object).astype(str), return_inverse=True)
        groups = np.arange(len(names))
        if len(names) > GROUPS:
            groups = np.random.default_rng(0).permutation(len(names)) % GROUPS
        return cls(source.astype(np.int64), groups[source].astype(np.int64))

    @cached_property
    def sources(self) -> int:
        """Number of sources."""
        return int(self.source.max()) + 1

    @property
    def by_image(self) -> bool:
        """Whether each sample is its own source."""
        return self.sources == len(self.source)

    @cached_property
    def df(self) -> float:
        """Degrees of freedom: the groups, counted as equal ones (Kish 1965, (sum n)^2 / sum n^2), less one."""
        sizes = np.bincount(self.group).astype(np.float64)
        return float(sizes.sum() ** 2 / (sizes**2).sum()) - 1


@dataclass(frozen=True)
class Error:
    """A standard error with its degrees of freedom."""

    error: float
    df: float

    def around(self, estimate: float, family: Family = ALONE, alpha: float = ALPHA) -> Interval:
        """The interval that misses in a share `alpha`, simultaneous over a family; without ends where no error is known."""
        if math.isnan(self.error) or self.df <= 0:
            return Interval(estimate, math.nan, math.nan)
        reach = family.critical(max(self.df, 1.0), alpha) * self.error
        return Interval(estimate, estimate - reach, estimate + reach)

    def scaled(self, times: float) -> "Error":
        """So many times the error; nothing is known of an infinite one."""
        return Error(self.error * times, self.df) if math.isfinite(times) else Error(math.nan, 0.0)

    def joined(self, other: "Error") -> "Error":
        """The error of what varies by two causes.

        Where the causes act on each other (some seeds do better on some images), that part is in both and counts twice:
        the interval is a little too wide, and seldom too narrow.
        """
        return Error(*map(float, satterthwaite(self.error, self.df, other.error, other.df)))


def satterthwaite(first: Any, first_df: Any, second: Any, second_df: Any) -> tuple[Floats, Floats]:
    """Two errors as one, with its degrees of freedom (Satterthwaite 1946); numbers or arrays of one shape."""
    squares = np.square(first), np.square(second)
    whole = squares[0] + squares[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        df = whole**2 / (squares[0] ** 2 / first_df + squares[1] ** 2 / second_df)
    return np.sqrt(whole), np.where(whole > 0, df, np.minimum(first_df, second_df))


def left_out(outcomes: Outcomes, metric: str, places: Places) -> Floats:
    """The metric without each group of sources, shape (groups,)."""
    return _scored(outcomes, metric, [places.group != group for group in range(int(places.group.max()) + 1)])


def alone(outcomes: Outcomes, metric: str, places: Places) -> Floats:
    """The metric on each source alone, shape (sources,); NaN where it has no value there."""
    return _scored(outcomes, metric, [places.source == source for source in range(places.sources)])


def jackknife(without: Floats, places: Places) -> Error:
    """Error of a number over other sources, from its values without each group (Efron and Stein 1981, eq. 1.3).

    Args:
        without: as of `left_out`, or the difference or mean of several such.
        places: the same that these were made with.
    """
    groups = len(without)
    if groups < 2:
        return Error(math.nan, 0.0)
    squares = float(((without - without.mean()) ** 2).sum())
    return Error(math.sqrt((groups - 1) / groups * squares), places.df)


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided mid-p of McNemar's exact test that two classifiers are right equally often (Fagerland et al. 2013).

    Args:
        only_a: images that a alone has right.
        only_b: images that b alone has right.
    """
    total, fewer = only_a + only_b, min(only_a, only_b)
    return float(bdtr(fewer, total, 0.5) + (bdtr(fewer - 1, total, 0.5) if fewer else 0.0))


def _scored(outcomes: Outcomes, metric: str, parts: Sequence[np.ndarray]) -> Floats:
    found = [_score(outcomes.take(np.flatnonzero(part)), metric) for part in parts]
    return np.array(found, dtype=np.float64)


def _score(outcomes: Outcomes, metric: str) -> float:
    try:
        scores = outcomes.scores()
        return scores[metric] if metric in scores else outcomes.further()[metric]
    except (KeyError, ZeroDivisionError):
        return math.nan  # none of these samples has what is measured
