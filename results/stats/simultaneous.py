"""Simultaneous inference: how unlikely the largest of many comparisons is, and which value it seldom exceeds.

A *family* is all comparisons of which one says "none of them is wrong, with 95%". Within a column they share rows:
all pairs are judged by the studentised range (Tukey 1953, Kramer 1956), all rows against one by Dunnett (1955), any other
set by the narrower of studentised range and Sidak (1967), both of which are bounds. Columns are joined by Sidak, exact
where they are independent. As Games and Howell (1976) do, each comparison brings its own variance and degrees of freedom.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import gammaincinv, gammaln, ndtr, stdtr

from results.stats.intervals import Floats

ALPHA = 0.05
Kind = Literal["range", "star", "sidak"]
_NODES = 96
_TAIL = 1e-14
# Beyond this many degrees of freedom Student's t is normal to six digits.
_NORMAL = 1e6


@dataclass(frozen=True)
class Shape:
    """How the comparisons of one column hang together.

    Attributes:
        kind: `range` for pairs among rows, `star` for rows against one, `sidak` where only their number is known.
        size: rows of a range; comparisons of the others.
    """

    kind: Kind
    size: int


@dataclass(frozen=True)
class Family:
    """All comparisons that are to be right together.

    Attributes:
        shapes: shape of a column's comparisons -> columns of that shape, with what bounds them (more than one is a bound
            each, and the lowest holds).
        size: comparisons in all.
    """

    shapes: tuple[tuple[tuple[Shape, ...], int], ...]
    size: int

    @classmethod
    def of(cls, comparisons: Iterable[tuple[Hashable, Hashable, Hashable]]) -> "Family":
        """The family of comparisons given as (column, row, row); the order of two rows does not matter."""
        columns: dict[Hashable, set[frozenset[Hashable]]] = defaultdict(set)
        for column, a, b in comparisons:
            columns[column].add(frozenset((a, b)))
        counts = Counter(_shapes(pairs) for pairs in columns.values())
        return cls(tuple(sorted(counts.items(), key=repr)), sum(map(len, columns.values())))

    def p_value(self, t: float, df: float) -> float:
        """Probability that the largest |t| of the family exceeds `t` where no row differs.

        Args:
            t: statistic of one comparison, at least 0.
            df: its degrees of freedom.
        """
        stays = sum(
            columns * np.log1p(-min(*(_exceeds(shape, t, df) for shape in shapes), 1 - 1e-16))
            for shapes, columns in self.shapes
        )
        return float(-np.expm1(stays))

    def critical(self, df: float, alpha: float = ALPHA) -> float:
        """The value that the largest |t| of the family exceeds with probability `alpha`."""
        return _critical(self, float(min(df, _NORMAL)), alpha)

    @cached_property
    def columns(self) -> int:
        """Columns that it reaches over."""
        return sum(columns for _, columns in self.shapes)


@lru_cache(maxsize=4096)
def _critical(family: Family, df: float, alpha: float) -> float:
    # On the log scale: with one degree of freedom the value runs into thousands.
    found = brentq(lambda x: family.p_value(float(np.exp(x)), df) - alpha, -3.0, 18.0, xtol=1e-9)
    return float(np.exp(found))


def false_discovery(p_values: Floats) -> Floats:
    """q-values of Benjamini and Hochberg (1995): calling all up to q makes at most a share q of them false on average."""
    values = np.asarray(p_values, dtype=np.float64)
    descending = np.argsort(-values, kind="stable")
    steps = values[descending] * len(values) / np.arange(len(values), 0, -1)
    found = np.empty_like(values)
    found[descending] = np.minimum(np.minimum.accumulate(steps), 1.0)
    return found


def _shapes(pairs: set[frozenset[Hashable]]) -> tuple[Shape, ...]:
    """What bounds the largest statistic of a column's comparisons."""
    rows = Counter(row for pair in pairs for row in pair)
    if max(rows.values()) == len(pairs):
        return (Shape("star", len(pairs)),)
    if len(pairs) == len(rows) * (len(rows) - 1) // 2:
        return (Shape("range", len(rows)),)
    return (Shape("range", len(rows)), Shape("sidak", len(pairs)))


def _exceeds(shape: Shape, t: float, df: float) -> float:
    """Probability that the largest |t| of a shape exceeds `t`."""
    if shape.kind == "sidak" or shape.size == 1:
        alone = 2 * float(stdtr(min(df, _NORMAL), -t))
        return float(-np.expm1(shape.size * np.log1p(-min(alone, 1 - 1e-16))))
    scale, weight = _scales(float(min(df, _NORMAL)))
    z, density = _normal()
    width = np.sqrt(2) * t * scale[:, None]
    if shape.kind == "star":
        # |Z_l - Z_0| <= width for all l, given Z_0 = z: all correlations are 1/2 (Dunnett 1955, eq. 3 for equal sizes).
        outside = ndtr(z - width) + ndtr(-z - width)
        tail = -np.expm1(shape.size * np.log1p(-np.minimum(outside, 1 - 1e-16)))
    else:
        # The lowest is z, and the others lie above it within the width: P(range <= w) = k E[(Phi(z + w) - Phi(z))^(k-1)].
        k = shape.size
        tail = k * (ndtr(-z) ** (k - 1) - (ndtr(z + width) - ndtr(z)) ** (k - 1))
    return float(np.clip(weight @ (tail @ density), 0.0, 1.0))


@lru_cache(maxsize=4096)
def _scales(df: float) -> tuple[Floats, Floats]:
    """Nodes and weights of sqrt(chi-squared / df), by the trapezoidal rule on its logarithm."""
    low, high = (np.log(2 * gammaincinv(df / 2, tail) / df) / 2 for tail in (_TAIL, 1 - _TAIL))
    x = np.linspace(low, high, _NODES)
    log_density = np.log(2) + (df / 2) * np.log(df / 2) - gammaln(df / 2) + df * x - df / 2 * np.exp(2 * x)
    weight = np.exp(log_density) * (x[1] - x[0])
    return np.exp(x), np.asarray(weight / weight.sum())


@lru_cache(maxsize=1)
def _normal() -> tuple[Floats, Floats]:
    """Nodes and weights of the standard normal distribution, by the trapezoidal rule."""
    z = np.linspace(-8.5, 8.5, _NODES)
    density = np.exp(-(z**2) / 2)
    return z, np.asarray(density / density.sum())
