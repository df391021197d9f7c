"""In which order tiles are drawn: a pure function of seed, epoch and position.

Nothing is shuffled in memory. A keyed permutation of the numbers below N (a Feistel network, walked until the result
is below N) gives the tile at any position of any epoch directly, so that a checkpoint holds two whole numbers, ranks
and workers take their shares without talking, and the memory does not grow with the corpus.
"""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

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
    """The order of one epoch after another, with or without balance between the classes.

    Without balance every tile comes once in an epoch. With it, tiles of rare dominant classes are repeated and those
    of common ones take turns over the epochs (paper, section IV-A: images are duplicated by class); an epoch keeps
    its length.

    Args:
        size: number of tiles.
        seed: names the order.
        dominant: dominant class of each tile, needed for balance; `N`.
        balance: 0 leaves the classes as they are, 1 draws all present classes equally often; between, a class of n
            tiles is drawn in proportion to n^(1 - balance).
    """

    def __init__(self, size: int, seed: int, dominant: Ints | None = None, balance: float = 0.0) -> None:
        if not 0 <= balance <= 1:
            raise ValueError(f"balance {balance} is not in [0, 1]")
        if balance and dominant is None:
            raise ValueError("balance needs the dominant class of each tile")
        self.size = size
        self.seed = seed
        self.balance = balance
        self._members: NDArray[np.uint32] | None = None
        if balance and dominant is not None and size:
            self._members = np.argsort(dominant, kind="stable").astype(np.uint32)
            counts = np.bincount(dominant)
            self._counts = counts[counts > 0]
            self._first = np.cumsum(self._counts) - self._counts
            self._ends = np.cumsum(_quotas(self._counts, size, balance))

    def draw(self, epoch: int, positions: Ints) -> Ints:
        """The tiles at some positions of an epoch.

        Args:
            epoch: from 0.
            positions: numbers in [0, size), in any order.
        """
        drawn = permute(positions, self.size, f"epoch {epoch}|{self.seed}")
        if self._members is None:
            return drawn
        group = np.searchsorted(self._ends, drawn, side="right")
        start = np.concatenate([[0], self._ends[:-1]])
        quota = np.diff(self._ends, prepend=0)
        turn = (drawn - start[group]) + epoch * quota[group]
        chosen = np.empty_like(drawn)
        for number in np.unique(group):
            here = group == number
            count = int(self._counts[number])
            within = permute(turn[here] % count, count, f"class {number}|{self.seed}")
            chosen[here] = self._members[self._first[number] + within]
        return chosen


def _quotas(counts: Ints, size: int, balance: float) -> Ints:
    """Draws of each class in an epoch, in proportion to n^(1 - balance), adding up to `size` exactly."""
    share = counts.astype(np.float64) ** (1 - balance)
    ends = np.rint(np.cumsum(share) / share.sum() * size).astype(np.int64)
    return np.asarray(np.diff(ends, prepend=0))
