"""What the differences between scores come from: variance over the axes of a crossed design.

The model of a score at a point of the grid (one level of each axis) in a repeat is

    score = mean + axes + interactions of axes + repeat + rest.

Axes are fixed: the levels that were run are the levels that are meant. Repeats are random; what a repeat does to all
points alike (its labels, its training seed) cancels in every difference and is set apart. The rest is what another seed
of pretraining and fine-tuning changes at one point: *seeds*.

**Component of a term** (an axis, or an interaction of some): the mean over the grid of its squared effect, theta. Terms
of a balanced design are orthogonal, so that the components and the variance of the rest add up to the variance of a
score, within a repeat, at a point that is drawn at random from the grid (Hoeffding 1948; Hutter et al. 2014 take it for
hyperparameters). With n scores, E[SS] = n theta + df sigma^2, so

    theta = (SS - df MS_rest) / n,

which is the numerator of omega squared (Hays 1963); below 0 it counts as 0. A share is a component by the sum of all.
The *total* of an axis is the share of all terms that it is in (Homma and Saltelli 1996).

**Intervals** are generalised confidence intervals (Weerahandi 1993): given sigma^2, SS / sigma^2 of each term is
noncentral chi-square with noncentrality n theta / sigma^2, independent of the others; sigma^2 is drawn as
df MS_rest / chi^2(df), each noncentrality from its confidence distribution, and shares are computed of the draws. Terms
that are not looked at by themselves are drawn as one, since many small ones would add up to too much. Points need not
vary alike: df is Satterthwaite's (1946) for the variances that the points have. What the intervals cover was simulated
(`results.calibration_axes`).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import chdtr, chndtr, ndtri

from results.stats.intervals import CONFIDENCE, Floats, Interval

DRAWS = 2000
# Halvings of a noncentrality: to less than a millionth of where it is looked for.
_STEPS = 24
# Beyond this the square root of a noncentral chi-square is normal to within a thousandth.
_LARGE = 1e6

Term = tuple[int, ...]


@dataclass(frozen=True)
class Component:
    """One term, or the rest.

    Attributes:
        term: numbers of the axes that act together; empty for the rest.
        df: degrees of freedom.
        squares: sum of squares.
        share: of the variance within a repeat, in [0, 1].
    """

    term: Term
    df: int
    squares: float
    share: Interval


def decompose(scores: Floats, confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0) -> "Decomposition":
    """Split the variance of a full grid.

    Args:
        scores: fractions in [0, 1], shape (levels of axis 0, ..., levels of axis K - 1, repeats); at least two of each.
        confidence: of the intervals.
        draws: of the generalised intervals.
        seed: makes them repeatable.

    Raises:
        ValueError: there are fewer than two repeats, or fewer than two levels of an axis.
    """
    if min(scores.shape) < 2:
        raise ValueError(f"at least two levels of each axis and two repeats are needed, not {scores.shape}")
    repeats, terms = scores.shape[-1], terms_of(scores.ndim - 1)
    points = scores.size // repeats
    squares = np.array([_squares(scores, term) for term in terms])
    of_repeats = points * float(((scores.reshape(points, repeats).mean(axis=0) - scores.mean()) ** 2).sum())
    rest = max(float(((scores - scores.mean()) ** 2).sum()) - float(squares.sum()) - of_repeats, 0.0)
    rest_df = (points - 1) * (repeats - 1)
    between = max((of_repeats / (repeats - 1) - rest / rest_df) / points, 0.0)
    return Decomposition(
        terms=terms,
        squares=squares,
        df=np.array([_freedom(scores.shape, term) for term in terms]),
        rest=rest,
        rest_df=rest_df,
        alike_df=_alike(scores),
        size=scores.size,
        of_repeats=math.sqrt(between),
        confidence=confidence,
        draws=draws,
        seed=seed,
    )


@dataclass(frozen=True)
class Decomposition:
    """What a grid of scores splits into; intervals are computed where they are asked for.

    Attributes:
        terms: the axes by number, then their interactions.
        squares, df: of each term.
        rest, rest_df: sum of squares of the rest, and its degrees of freedom.
        alike_df: degrees of freedom of the mean of the points' variances.
        size: number of scores.
        of_repeats: standard deviation of what a repeat does to all points alike.
        confidence, draws, seed: of the intervals.
    """

    terms: list[Term]
    squares: Floats
    df: Floats
    rest: float
    rest_df: int
    alike_df: float
    size: int
    of_repeats: float
    confidence: float
    draws: int
    seed: int

    @property
    def axes(self) -> int:
        """How many axes there are."""
        return sum(len(term) == 1 for term in self.terms)

    @property
    def variance(self) -> float:
        """Variance of the rest: of a score at one point, within a repeat."""
        return self.rest / self.rest_df

    @property
    def error(self) -> float:
        """Standard deviation of the rest: what another seed moves a score by."""
        return math.sqrt(self.variance)

    @property
    def whole(self) -> float:
        """Variance of a score within a repeat, at a point that is drawn at random."""
        return float(self._estimates.sum()) + self.variance

    @cached_property
    def components(self) -> list[Component]:
        """The axes, then their interactions, then the rest."""
        terms = zip(self.terms, self.df, self.squares, strict=True)
        found = [Component(term, int(df), float(squares), self.share([term])) for term, df, squares in terms]
        return [*found, Component((), self.rest_df, self.rest, self.seeds)]

    @cached_property
    def totals(self) -> list[Interval]:
        """Of each axis, the share of all terms that it is in."""
        return [self.share([term for term in self.terms if axis in term]) for axis in range(self.axes)]

    @cached_property
    def interactions(self) -> Interval:
        """Share of all interactions together; 0 where there is one axis."""
        return self.share([term for term in self.terms if len(term) > 1])

    @cached_property
    def seeds(self) -> Interval:
        """Share of the rest."""
        inside, outside = self._interactions([])
        return self._around(self.variance, self._variances, inside + outside)

    def share(self, terms: Sequence[Term]) -> Interval:
        """Of some terms together."""
        numbers = [self.terms.index(term) for term in terms]
        inside, outside = self._interactions(numbers)
        of_axes = self._of_axes[[at for at in numbers if at < self.axes]].sum(axis=0)
        return self._around(float(self._estimates[numbers].sum()), of_axes + inside, inside + outside)

    def difference(self, one: int, other: int) -> Interval:
        """Of two axes' shares."""
        _, others = self._interactions([])
        estimate = float(self._estimates[one] - self._estimates[other])
        return self._around(estimate, self._of_axes[one] - self._of_axes[other], others)

    @cached_property
    def _estimates(self) -> Floats:
        return np.asarray(np.maximum((self.squares - self.df * self.variance) / self.size, 0.0))

    @cached_property
    def _variances(self) -> Floats:
        """Draws of the variance of the rest."""
        chi = np.random.default_rng(self.seed).chisquare(self.alike_df, self.draws)
        return np.asarray(self.alike_df * self.variance / chi)

    @cached_property
    def _of_axes(self) -> Floats:
        """Draws of the axes' components, shape (axes, draws)."""
        return self._component(self.squares[: self.axes, None], self.df[: self.axes, None], 1)

    def _interactions(self, terms: list[int]) -> tuple[Floats, Floats]:
        """Draws of the interactions that are among some terms, as one, and of all others, as one."""
        inside = [at for at in terms if at >= self.axes]
        outside = [at for at in range(self.axes, len(self.squares)) if at not in inside]
        nothing = np.zeros(self.draws)
        found = [
            self._component(self.squares[group].sum(), self.df[group].sum(), stream) if group else nothing
            for stream, group in ((2, inside), (3, outside))
        ]
        return found[0], found[1]

    def _component(self, squares: Any, df: Any, stream: int) -> Floats:
        """Draws of a component: of its noncentrality, given each draw of the variance."""
        if not self.variance:
            return np.asarray(squares / self.size + np.zeros(self.draws))
        level = np.random.default_rng([self.seed, stream]).random((*np.shape(squares)[:1], self.draws))
        return np.asarray(quantile(squares / self._variances, df, level) * self._variances / self.size)

    def _around(self, part: float, drawn: Floats, interactions: Floats) -> Interval:
        """A share with its interval, from draws of its part and of all interactions."""
        estimate = float(part / self.whole) if self.whole else 0.0
        whole = self._of_axes.sum(axis=0) + interactions + self._variances
        shares = np.divide(drawn, whole, out=np.zeros_like(drawn), where=whole > 0)
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(shares, [tail, 1 - tail])
        return Interval(estimate, min(float(low), estimate), max(float(high), estimate))


def terms_of(axes: int) -> list[Term]:
    """The axes by number, then all sets of two of them, of three, and so on."""
    return [term for size in range(1, axes + 1) for term in itertools.combinations(range(axes), size)]


def effect(scores: Floats, term: Term) -> Floats:
    """The effect of a term at each of its points, by inclusion and exclusion of means; other axes have length 1.

    Args:
        scores: as of `decompose`.
        term: the axes that act together; the effect of one is what its levels' means differ from the grand mean by.
    """
    found = np.zeros(())
    for size in range(len(term) + 1):
        for kept in itertools.combinations(term, size):
            others = tuple(axis for axis in range(scores.ndim) if axis not in kept)
            found = found + (-1) ** (len(term) - size) * scores.mean(axis=others, keepdims=True)
    return np.asarray(found)


def _squares(scores: Floats, term: Term) -> float:
    values = effect(scores, term)
    return float((values**2).sum()) * scores.size / values.size


def _freedom(shape: Sequence[int], term: Term) -> int:
    return math.prod(shape[axis] - 1 for axis in term)


def _alike(scores: Floats) -> float:
    """Degrees of freedom of the mean of the points' variances: all of the rest's where the points vary alike.

    With s^2 of d degrees of freedom each, E s^4 = sigma^4 (d + 2) / d, which Satterthwaite's formula is freed of.
    """
    repeats = scores.shape[-1]
    flat = scores.reshape(-1, repeats)
    rest = flat - flat.mean(axis=1, keepdims=True) - flat.mean(axis=0) + flat.mean()
    squares = (rest**2).sum(axis=1)
    whole = (len(flat) - 1) * (repeats - 1)
    if not squares.any():
        return float(whole)
    of_points = float(squares.sum() ** 2 / (squares**2).sum()) * (repeats + 1)
    return float(min(of_points, whole))


def quantile(observed: Floats, df: Floats, level: Floats) -> Floats:
    """Noncentralities at which a noncentral chi-square lies below what was observed with a probability of `level`.

    This inverts the distribution in its noncentrality; 0 where already the central one lies below with less. By halving.

    Args:
        observed: sums of squares over the variance.
        df: degrees of freedom, of a shape that goes with `observed`.
        level: probabilities, uniform where draws of a confidence distribution are wanted.
    """
    observed, df, level = np.broadcast_arrays(observed, df, level)
    low = np.zeros(observed.shape)
    # Mean df + nc, variance 2 df + 4 nc: so far above what was observed nothing of a level that is drawn lies.
    high = observed + 12 * np.sqrt(observed + df + 36) + 72
    for _ in range(_STEPS):
        middle = (low + high) / 2
        above = chndtr(np.minimum(observed, _LARGE), df, middle) > level
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    large = (np.sqrt(observed) - ndtri(level)) ** 2 - df + 1
    found = np.where(observed > _LARGE, large, (low + high) / 2)
    return np.asarray(np.where(chdtr(df, observed) <= level, 0.0, found))
