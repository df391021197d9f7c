"""Whether a training had settled when it ended: what its loss and its selection score did over the last fifth.

A cosine schedule lets both rest at the end, settled or not: the rate is nearly zero there. A verdict that must not hang
on the length is asked again at three times the length (He et al., ICCV 2019).
"""

from collections.abc import Sequence

import numpy as np

LAST = 0.2
# TODO thresholds
LOSS_MOVES = 0.05
SCORE_MOVES = 1.0


def loss_slope(losses: Sequence[float]) -> float | None:
    """Change of the loss over the last fifth of the steps, by least squares, as a share of its mean there.

    Args:
        losses: of every step.

    Returns:
        Negative where it falls; None with fewer than two steps in the last fifth, or a mean that is not positive.
    """
    last = np.asarray(losses[len(losses) - round(LAST * len(losses)) :], dtype=np.float64)
    if len(last) < 2 or last.mean() <= 0:
        return None
    return _slope(np.arange(len(last)), last) * len(last) / float(last.mean())


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


def settled(of_loss: float | None, of_score: float | None) -> dict[str, float]:
    """What is known of both slopes, and whether neither moves any more; nothing where nothing is known."""
    slopes = {"loss_slope": of_loss, "score_slope": of_score}
    known = {name: slope for name, slope in slopes.items() if slope is not None}
    limits = {"loss_slope": LOSS_MOVES, "score_slope": SCORE_MOVES}
    still = all(abs(slope) < limits[name] for name, slope in known.items())
    return known | {"settled": float(still)} if known else {}


def _slope(x: "np.ndarray", y: "np.ndarray") -> float:
    centred = x - x.mean()
    return float(centred @ (y - y.mean()) / (centred @ centred))
