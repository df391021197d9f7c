"""The exact test of paired differences: it assumes next to nothing, and says next to nothing with few seeds."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from results.stats.intervals import Floats

# Four pairs cannot give a p below 0.125, and the test says nothing.
EXACT_FROM = 5
_EXACT_UP_TO = 16
_FLIPS = 100_000


def sign_flip(differences: Sequence[float] | Floats, seed: int = 0) -> float:
    """Two-sided p of the sign-flip test that paired differences are centred on zero (Fisher 1935, section 21).

    All 2^n sign patterns are counted up to n = 16; beyond, 100,000 random ones, the observed one included.

    Args:
        differences: one a pair, at least one.
        seed: of the random patterns.
    """
    values = np.asarray(differences, dtype=np.float64)
    signs = _signs(len(values), seed).astype(np.float64)
    observed = abs(values.sum())
    tolerance = 1e-12 * np.abs(values).sum()
    return float(np.mean(np.abs(signs @ values) >= observed - tolerance))


@lru_cache(maxsize=4)  # a store has thousands of comparisons, of few numbers of pairs
def _signs(n: int, seed: int) -> npt.NDArray[np.int8]:
    """The patterns, one a row: all that there are, or random ones behind the observed."""
    if n <= _EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = np.random.default_rng(seed).choice([-1, 1], size=(_FLIPS, n))
        signs[0] = 1
    return signs.astype(np.int8)


def smallest_p(n: int) -> float:
    """The smallest p that `n` pairs can give: only the observed signs and their mirror image are as extreme."""
    return 2.0 / 2**n if n else 1.0


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Holm's step-down correction (Holm 1979): adjusted p-values in the order given, at most 1."""
    values = np.asarray(p_values, dtype=np.float64)
    ascending = np.argsort(values, kind="stable")
    steps = values[ascending] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
