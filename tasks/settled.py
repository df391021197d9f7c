"""Whether a training had settled when it ended: what its loss and its selection score did over the last fifth.

A cosine schedule lets both rest at the end, settled or not: the rate is nearly zero there. A verdict that must not hang
on the length is asked again at three times the length (He et al., ICCV 2019).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LAST = 0.2
# Of the loss over the first fifth. On the demo, trainings that a threefold length improved by 6 to 38 points moved by 3
# to 18%, those at the end of a long one by 2 (docs/decisions/054).
LOSS_MOVES = 0.03
# In points; or what one sample is worth, where that is more.
SCORE_MOVES = 1.0


def loss_slope(losses: Sequence[float]) -> float | None:
    """Change of the loss over the last fifth of the steps, by least squares, as a share of its mean over the first.

    A share of the last fifth's own mean would not do: a loss near zero may halve for ever.

    Args:
        losses: of every step.

    Returns:
        Negative where it falls; None with fewer than two steps in a fifth, or a first mean that is not positive.
    """
    fifth = round(LAST * len(losses))
    if fifth < 2:
        return None
    first, last = (np.asarray(part, dtype=np.float64) for part in (losses[:fifth], losses[-fifth:]))
    return _slope(np.arange(fifth), last) * fifth / float(first.mean()) if first.mean() > 0 else None


def score_slope(looks: Sequence[tuple[int, float]], total: int) -> float | None:
    """Change of the selection score over the last fifth of a training, by least squares, in points (hundredths).

    Args:
        looks: when in the training (in steps or epochs), and the score.
        total: its length in the same unit.

    Returns:
        Positive where it rises; None with fewer than two looks in the last fifth.
    """
    last = [look for look in looks if look[0] >= (1 - LAST) * total]
    if len(last) < 2:
        return None
    at, scores = np.transpose(np.asarray(last, dtype=np.float64))
    return 100 * _slope(at, scores) * LAST * total


def settled(of_loss: float | None, of_score: float | None, scored: int) -> dict[str, float]:
    """Whether neither slope moves any more: `settled`, 1 or 0, beside the slopes that are known.

    Args:
        of_loss: `loss_slope`.
        of_score: `score_slope`.
        scored: samples that the score is over.

    Returns:
        Nothing where neither slope is known.
    """
    slopes = {"loss_slope": of_loss, "score_slope": of_score}
    known = {name: slope for name, slope in slopes.items() if slope is not None}
    limits = {"loss_slope": LOSS_MOVES, "score_slope": max(SCORE_MOVES, 100 / max(1, scored))}
    still = all(round(abs(slope), 9) <= limits[name] for name, slope in known.items())
    return known | {"settled": float(still)} if known else {}


def _slope(x: NDArray[Any], y: NDArray[np.float64]) -> float:
    """Of the straight line through points that leaves the least squares."""
    return float(np.polynomial.Polynomial.fit(x, y, 1).convert().coef[-1]) if np.ptp(y) else 0.0
