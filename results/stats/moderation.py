"""Variances of paired differences, moderated over the board by empirical Bayes.

With three seeds a variance has two degrees of freedom and says next to nothing. A board has hundreds of variances, and
they tell how alike variances are: to that extent each is drawn to the others. This is Smyth (2004), "Linear models and
empirical Bayes methods for assessing differential expression in microarray experiments", section 6.2, with three
changes that simulation asked for (decision 067):

- The variance is that of the *difference* of two rows over their shared seeds, not one for each row. So it has its
  degrees of freedom however unequal the rows' variances are, and whatever their errors have in common.
- Variances lie around a location of their own column (protocol, backbone, amount of labels), for columns differ by far
  more than rows do. Locations are drawn to the board's, and what remains unknown of them is doubt about each variance.
- The location is the geometric mean. Smyth's is lower by exp(psi(d0/2) - log(d0/2)); where variances spread log-normally
  that errs on the wrong side.

Any number of leading axes is taken, so that what `results.stats.simulation` simulates is what is used.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

from results.stats.intervals import Floats, Indices

Bools = NDArray[np.bool_]

# Correlation of the log variances of two differences that share a row: the differences correlate by 1/2, their squares
# by 1/4. Differences without a common row are independent.
_SHARED = 0.25
_NEWTON_STEPS = 8


@dataclass(frozen=True)
class Pairs:
    """Which differences are judged: one entry a pair of rows in a column; the pairs of a column stand together.

    Attributes:
        a, b: numbers of the two rows, shape (G,).
        column: number of the column, never falling, shape (G,).
        df: degrees of freedom of each variance, shared units of repetition less one; at least 1, shape (G,).
    """

    a: Indices
    b: Indices
    column: Indices
    df: Floats

    @cached_property
    def starts(self) -> Indices:
        """Position of each column's first pair, shape (C,)."""
        return np.flatnonzero(np.r_[True, np.diff(self.column) > 0])

    @cached_property
    def place(self) -> Indices:
        """Position of each pair's column among the columns, shape (G,)."""
        return np.cumsum(np.r_[False, np.diff(self.column) > 0])

    @cached_property
    def _sharing(self) -> tuple[Indices, Indices]:
        """Rows of each column, and its ordered pairs of different differences that share a row."""
        rows, shared = [], []
        for first, last in zip(self.starts, np.r_[self.starts[1:], self.column.size], strict=True):
            _, times = np.unique(np.r_[self.a[first:last], self.b[first:last]], return_counts=True)
            rows.append(len(times))
            shared.append(int((times * (times - 1)).sum()))
        return np.array(rows), np.array(shared)

    @cached_property
    def common(self) -> Floats:
        """Mean correlation of the log variances within each column, each with itself included, shape (C,)."""
        size = np.bincount(self.place)
        return np.asarray((size + _SHARED * self._sharing[1]) / size**2)

    @cached_property
    def residual(self) -> Floats:
        """Degrees of freedom of all residuals of each column, shape (C,)."""
        mean = np.bincount(self.place, self.df) / np.bincount(self.place)
        return np.asarray((self._sharing[0] - 1) * mean)


@dataclass(frozen=True)
class Moderated:
    """Variances that borrow from each other, each of shape (..., G).

    Attributes:
        variance: of each difference.
        df: degrees of freedom that it may be used with, the borrowed ones included.
        prior_df: how many the prior is worth (d0); 0 where there is none.
        location: what each variance was drawn to.
    """

    variance: Floats
    df: Floats
    prior_df: Floats
    location: Floats


def moderate(variances: Floats, pairs: Pairs) -> Moderated:
    """Draw each variance to its column's location: (d0 s0^2 + d s^2) / (d0 + d), with d0 + d degrees of freedom.

    d0 solves psi'(d0/2) = x (Smyth 2004, eq. of section 6.2), where x is how far the log variances spread beyond their
    sampling variance psi'(d/2), plus what is unknown of the location. The degrees of freedom are at most those of all
    residuals of the board, and at most those of the column's own plus what the board would be worth without it.

    A variance of zero shapes no prior, for its log would be the widest spread of all. A single variance has none.

    Args:
        variances: of the differences, shape (..., G).
        pairs: what they are of.
    """
    shown = variances > 0
    if shown.shape[-1] < 2 or shown.sum(axis=-1).min() < 2:
        return Moderated(variances, np.broadcast_to(pairs.df, variances.shape), np.zeros_like(variances), variances)
    prior = _prior(variances, shown, pairs)
    location, prior_df, most = (each[..., pairs.place] for each in prior)
    mixed = (prior_df * location + pairs.df * variances) / (prior_df + pairs.df)
    return Moderated(mixed, np.minimum(prior_df + pairs.df, most), prior_df, location)


def _prior(variances: Floats, shown: Bools, pairs: Pairs) -> tuple[Floats, Floats, Floats]:
    """Location s0^2, d0, and the most degrees of freedom of each column, each of shape (..., C)."""
    sampling = polygamma(1, pairs.df / 2)
    logs = np.log(np.where(shown, variances, 1.0)) - digamma(pairs.df / 2) + np.log(pairs.df / 2)
    size = _sums(shown, pairs)
    centre = _sums(logs * shown, pairs) / np.maximum(size, 1)
    noise = _sums(sampling * shown, pairs) / np.maximum(size, 1)
    squares = _sums(shown * (logs - centre[..., pairs.place]) ** 2, pairs)
    # Columns of one pair have no spread within, and what they would add to it is 0 of 0.
    count, within = size * (1 - pairs.common), np.where(size > 1, noise, 0.0)
    total = np.maximum(_board(count), 1e-12)
    beyond = np.maximum((_board(squares) - _board(within * count)) / total, 0.0)
    of_centre = (beyond + noise) * pairs.common
    between, middle = _between(centre, of_centre, size > 0)
    shrunk = np.where(np.isinf(between), 1.0, between / (np.where(np.isinf(between), 1.0, between) + of_centre))
    weight = np.where(size > 1, shrunk, 0.0)  # a lone pair is its column's centre, and is not drawn to itself
    known = np.where(np.isinf(between), 0.0, between)
    unknown = np.where(size > 1, weight * of_centre, known)
    unknown = unknown + (1 - weight) ** 2 * (known + of_centre) / np.maximum(_board(size > 0), 1)
    location = np.exp(middle + weight * (centre - middle))
    from_board = np.where(np.isinf(between), 0.0, _degrees(known + beyond))
    most = np.minimum(pairs.residual + from_board, pairs.residual.sum())
    return location, _degrees(beyond + unknown), most


def _between(centre: Floats, of_centre: Floats, there: Bools) -> tuple[Floats, Floats]:
    """Variance of the columns' centres beyond their own, infinite for one column; and their mean, each (..., 1)."""
    columns = _board(there)
    middle = _board(centre * there) / columns
    squares = _board(there * (centre - middle) ** 2) / np.maximum(columns - 1, 1)
    beyond = np.maximum(squares - _board(of_centre * there) / columns, 0.0)
    return np.where(columns > 1, beyond, np.inf), middle


def _degrees(spread: Floats) -> Floats:
    """d0 with psi'(d0/2) = spread, by Newton's method on 1/psi' (Smyth 2004, appendix); infinite for no spread."""
    x = np.maximum(spread, 1e-8)
    y = 0.5 + 1 / x
    for _ in range(_NEWTON_STEPS):
        trigamma = polygamma(1, y)
        y = y + trigamma * (1 - trigamma / x) / polygamma(2, y)
    return np.asarray(np.where(spread > 1e-8, 2 * y, np.inf))


def _sums(values: Floats | Bools, pairs: Pairs) -> Floats:
    """Sums over the pairs of each column, shape (..., C)."""
    return np.asarray(np.add.reduceat(np.asarray(values, dtype=np.float64), pairs.starts, axis=-1))


def _board(values: Floats | Bools) -> Floats:
    """Sum over the columns, shape (..., 1)."""
    return np.asarray(np.sum(values, axis=-1, keepdims=True, dtype=np.float64))
