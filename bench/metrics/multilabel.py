"""Scores of multi-label classification: every image has each label or not, and a network gives each a score."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Truth = NDArray[np.integer[Any]]
Scores = NDArray[np.floating[Any]]


def average_precision(truth: Truth, scores: Scores) -> float | None:
    """Area under the precision-recall steps of one label, without interpolation (scikit-learn's definition).

    With the samples in descending order of score, AP is the sum over thresholds n of (R_n - R_(n-1)) P_n. Samples of
    one score share a threshold, so that their order does not matter.

    Args:
        truth: N of 0 and 1.
        scores: N, larger where the label is likelier.

    Returns:
        AP in [0, 1]; None where no sample has the label.
    """
    positives = int(truth.sum())
    if positives == 0:
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(truth[order])
    last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision, recall = hits[last] / (last + 1), hits[last] / positives
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def multilabel_scores(truth: Truth, scores: Scores, labels: Sequence[str], threshold: float) -> dict[str, float]:
    """Macro mean average precision, and micro and macro F1 of the labels whose score reaches a threshold.

    Labels that no sample has are left out of mAP and have no entry. F1 is 2 TP / (2 TP + FP + FN); macro is its mean
    over all labels, where one that neither truth nor prediction has counts 0 (scikit-learn's default), micro is of the
    sums.

    Args:
        truth: N x K of 0 and 1; at least one 1.
        scores: N x K.
        labels: K names.
        threshold: a label is predicted where its score is at least this.

    Returns:
        `mAP`, `F1_micro`, `F1_macro` and `AP/<label>`, all in [0, 1].
    """
    each = {f"AP/{name}": average_precision(truth[:, k], scores[:, k]) for k, name in enumerate(labels)}
    known = {name: value for name, value in each.items() if value is not None}
    predicted = scores >= threshold
    right = (predicted & (truth == 1)).sum(axis=0)
    wrong = (predicted != (truth == 1)).sum(axis=0)
    f1 = [_f1(int(tp), int(errors)) for tp, errors in zip(right, wrong, strict=True)]
    return {
        "mAP": sum(known.values()) / len(known),
        "F1_micro": _f1(int(right.sum()), int(wrong.sum())),
        "F1_macro": sum(f1) / len(f1),
        **known,
    }


def _f1(hits: int, errors: int) -> float:
    """Of true positives, and of false positives and false negatives together."""
    return 2 * hits / (2 * hits + errors) if hits + errors else 0.0
