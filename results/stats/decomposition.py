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
SS_rest / chi^2, each noncentrality from its confidence distribution, and shares are computed of the draws. What they
cover was simulated (`results.calibration_axes`).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

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


@dataclass(frozen=True)
class Decomposition:
    """What a grid of scores splits into.

    Attributes:
        components: the axes, then their interactions, then the rest.
        totals: of each axis, the share of all terms that it is in.
        interactions: share of all interactions together; of a single axis 0.
        ahead: by pairs of axes, the difference of their own shares.
        deviation: standard deviation of a score within a repeat, of a point drawn at random.
        of_repeats: standard deviation of what a repeat does to all points alike.
        error: standard error of a difference of two levels' means, over the square root of 2: sqrt(MS_rest) is its unit.
    """

    components: list[Component]
    totals: list[Interval]
    interactions: Interval
    ahead: dict[tuple[int, int], Interval]
    deviation: float
    of_repeats: float
    error: float


def decompose(
    scores: Floats, confidence: float = CONFIDENCE, draws: int = DRAWS, seed: int = 0, *, pairs: bool = True
) -> Decomposition:
    """Split the variance of a full grid.

    Args:
        scores: fractions in [0, 1], shape (levels of axis 0, ..., levels of axis K - 1, repeats); at least two of each.
        confidence: of the intervals.
        draws: of the generalised intervals.
        seed: makes them repeatable.
        pairs: whether shares of axes are held against each other.

    Raises:
        ValueError: there are fewer than two repeats, or fewer than two levels of an axis.
    """
    if min(scores.shape) < 2:
        raise ValueError(f"at least two levels of each axis and two repeats are needed, not {scores.shape}")
    repeats = scores.shape[-1]
    terms = terms_of(scores.ndim - 1)
    squares = np.array([_squares(scores, term) for term in terms])
    df = np.array([_freedom(scores.shape, term) for term in terms])
    points = scores.size // repeats
    of_repeats = points * float(((scores.reshape(points, repeats).mean(axis=0) - scores.mean()) ** 2).sum())
    rest_df = (points - 1) * (repeats - 1)
    rest = max(float(((scores - scores.mean()) ** 2).sum()) - squares.sum() - of_repeats, 0.0)
    variance = rest / rest_df
    estimates = np.append(np.maximum((squares - df * variance) / scores.size, 0.0), variance)
    drawn = _draw(squares, df, rest, rest_df, scores.size, draws, seed)
    parts = _Parts(estimates, drawn, confidence)
    last = len(terms)
    axes = range(scores.ndim - 1)
    components = [Component(term, int(df[at]), float(squares[at]), parts.share([at])) for at, term in enumerate(terms)]
    between = max((of_repeats / (repeats - 1) - variance) / points, 0.0)
    return Decomposition(
        components=[*components, Component((), rest_df, rest, parts.share([last]))],
        totals=[parts.share([at for at, term in enumerate(terms) if axis in term]) for axis in axes],
        interactions=parts.share([at for at, term in enumerate(terms) if len(term) > 1]),
        ahead={(a, b): parts.difference(a, b) for a, b in itertools.combinations(axes, 2)} if pairs else {},
        deviation=math.sqrt(estimates.sum()),
        of_repeats=math.sqrt(between),
        error=math.sqrt(variance),
    )


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
    return reduce(lambda product, axis: product * (shape[axis] - 1), term, 1)


def _draw(squares: Floats, df: Floats, rest: float, rest_df: int, size: int, draws: int, seed: int) -> Floats:
    """Draws of all components and of the variance of the rest, shape (terms + 1, draws)."""
    random = np.random.default_rng(seed)
    variance = rest / random.chisquare(rest_df, draws)
    level = random.random((len(squares), draws))
    if rest <= 0:
        return np.concatenate([np.repeat(squares[:, None] / size, draws, axis=1), np.zeros((1, draws))])
    noncentrality = quantile(squares[:, None] / variance, df[:, None].astype(np.float64), level)
    return np.concatenate([noncentrality * variance / size, variance[None]])


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


@dataclass(frozen=True)
class _Parts:
    """Estimates and draws of all components, the rest last; sums and differences of their shares."""

    estimates: Floats
    drawn: Floats
    confidence: float

    def share(self, terms: Sequence[int]) -> Interval:
        """Of some terms together."""
        of_draws = self._of(self.drawn, terms)
        return self._around(float(self._of(self.estimates[:, None], terms)[0]), of_draws)

    def difference(self, one: int, other: int) -> Interval:
        """Of two terms' shares."""
        estimate = self._of(self.estimates[:, None], [one]) - self._of(self.estimates[:, None], [other])
        return self._around(float(estimate[0]), self._of(self.drawn, [one]) - self._of(self.drawn, [other]))

    def _of(self, values: Floats, terms: Sequence[int]) -> Floats:
        whole = values.sum(axis=0)
        part = values[list(terms)].sum(axis=0)
        return np.asarray(np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0))

    def _around(self, estimate: float, draws: Floats) -> Interval:
        tail = (1 - self.confidence) / 2
        low, high = np.quantile(draws, [tail, 1 - tail])
        return Interval(estimate, min(float(low), estimate), max(float(high), estimate))
