"""In which order tiles are drawn: a pure function of seed, epoch and position.

Nothing is shuffled in memory. A keyed permutation of the numbers below N (a Feistel network, walked until the result
is below N) gives the tile at any position of any epoch directly, so that a checkpoint holds two whole numbers, ranks
and workers take their shares without talking, and the memory does not grow with the corpus (weights take eight bytes
a tile).
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError

Ints = NDArray[np.int64]

GOLDEN = (5**0.5 - 1) / 2
"""Multiples of the golden section, modulo 1, fill the unit interval evenly."""

ROUNDS = 6
"""Four rounds already make a Feistel network a pseudo-random permutation (Luby and Rackoff, 1988)."""


def permute(positions: Ints, size: int, key: str) -> Ints:
    """Where a keyed permutation of `0 .. size - 1` sends each position.

    Args:
        positions: numbers in [0, size).
        size: length of the permutation.
        key: names the permutation.
    """
    half = max(1, (max(size - 1, 1).bit_length() + 1) // 2)
    mask = np.uint64((1 << half) - 1)
    digest = hashlib.sha256(f"{key}|{size}".encode()).digest()
    keys = np.frombuffer(digest[: 4 * ROUNDS], dtype="<u4").astype(np.uint64)
    values = positions.astype(np.uint64)
    outside = np.ones(len(values), dtype=bool)
    while outside.any():
        values[outside] = _feistel(values[outside], keys, np.uint64(half), mask)
        outside = values >= size
    return values.astype(np.int64)


def _feistel(values: NDArray[np.uint64], keys: NDArray[np.uint64], half: np.uint64, mask: np.uint64) -> Any:
    left, right = values >> half, values & mask
    for key in keys:
        mixed = (right + key) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
        left, right = right, left ^ ((mixed >> np.uint64(32)) & mask)
    return (left << half) | right


class TileOrder:
    """The order of one epoch after another, with or without weights.

    Without weights every tile comes once in an epoch. With them an epoch keeps its length, and a tile comes as often
    as its share of all weights says: the next whole number below or above that in one epoch (systematic sampling), and
    exactly so over many, because each epoch starts a golden section further on. Tiles that come less than once an
    epoch so take turns.

    Args:
        size: number of tiles.
        seed: names the order.
        weights: relative chance of each tile, `N`; None draws every tile once an epoch.

    Raises:
        ValueError: weights of another number, negative, not finite, or all zero.
    """

    def __init__(self, size: int, seed: int, weights: NDArray[np.float64] | None = None) -> None:
        self.size = size
        self.seed = seed
        self.weighting = ""
        self._ends: NDArray[np.float64] | None = None
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            if weights.shape != (size,) or not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
                raise ValueError(f"weights have to be {size} finite numbers from 0 up, not all 0")
            self.weighting = hashlib.sha256(weights.tobytes()).hexdigest()[:16]
            self._ends = np.cumsum(weights)

    def draw(self, epoch: int, positions: Ints) -> Ints:
        """The tiles at some positions of an epoch.

        Args:
            epoch: from 0.
            positions: numbers in [0, size), in any order.
        """
        drawn = permute(positions, self.size, f"epoch {epoch}|{self.seed}")
        if self._ends is None:
            return drawn
        first = np.random.default_rng(self.seed).random()
        total = self._ends[-1]
        points = (drawn + (first + epoch * GOLDEN) % 1) * (total / self.size)
        # Rounding may lift the last point to the total, which is beyond the last tile.
        return np.asarray(np.searchsorted(self._ends, np.minimum(points, np.nextafter(total, 0)), side="right"))


def class_balance(dominant: Ints, strength: float = 1.0) -> NDArray[np.float64]:
    """Weights that draw tiles of rare dominant classes more often (section IV-A of the paper repeats them instead).

    Args:
        dominant: dominant class of each tile, `N`.
        strength: 1 draws all classes that occur equally often, 0 as they are; between, a class of n tiles is drawn in
            proportion to n^(1 - strength).

    Returns:
        Relative chance of each tile, `N`.

    Raises:
        CorpusError: the tiles have no land cover.
        ValueError: a strength outside [0, 1].
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength {strength} is not in [0, 1]")
    if len(dominant) and dominant.min() < 0:
        raise CorpusError("class-balanced sampling needs land cover, and this corpus has none: use balance=false")
    counts = np.bincount(dominant).astype(np.float64)
    return counts[dominant] ** -strength
