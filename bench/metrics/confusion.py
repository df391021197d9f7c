"""Scores of classification by pixel or by image, all from one confusion matrix over the whole test set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.metrics.means import mean

IGNORE = 255
"""A label that is not counted."""

Labels = NDArray[np.integer[Any]]
Counts = NDArray[np.int64]


def confusion(prediction: Labels, truth: Labels, classes: int) -> Counts:
    """Count pixels or images by true class (row) and predicted class (column).

    Args:
        prediction: class numbers, any shape.
        truth: class numbers of the same shape; 255 is not counted.
        classes: number of classes K.

    Returns:
        K x K counts, int64.
    """
    kept = truth != IGNORE
    pairs = truth[kept].astype(np.int64) * classes + prediction[kept].astype(np.int64)
    return np.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def pixel_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """Intersection over union and accuracy of a segmentation.

    IoU of a class is TP / (TP + FP + FN) over all pixels of the set. A class that neither truth nor prediction has is
    left out of the mean, and has no entry. `aAcc`, the overall accuracy, is the share of pixels that are right.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one pixel.
        classes: K names.

    Returns:
        `mIoU`, `aAcc` and `IoU/<class>`, all in [0, 1].
    """
    counts = matrix.astype(np.float64)
    right = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - right
    ious = {f"IoU/{name}": float(right[k] / union[k]) for k, name in enumerate(classes) if union[k] > 0}
    return {"mIoU": mean(ious.values()), "aAcc": float(right.sum() / counts.sum()), **ious}


def image_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """Top-1 accuracies of a scene classification.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one image.
        classes: K names.

    Returns:
        `mean_class_accuracy` (the mean over the classes that the truth has), `overall_accuracy` (the share of images
        that are right) and `accuracy/<class>`, all in [0, 1].
    """
    counts = matrix.astype(np.float64)
    right, there = counts.diagonal(), counts.sum(1)
    each = {f"accuracy/{name}": float(right[k] / there[k]) for k, name in enumerate(classes) if there[k] > 0}
    overall = float(right.sum() / counts.sum())
    return {"mean_class_accuracy": mean(each.values()), "overall_accuracy": overall, **each}


def change_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """Scores of the changed class, class 1 of 2, over all pixels of the set.

    Args:
        matrix: 2 x 2 counts, rows truth, columns prediction; at least one pixel.
        classes: two names.

    Returns:
        `F1`, `precision`, `recall` of the changed class, and the entries of `pixel_scores`. What has no pixel to be
        computed from (nothing changed and nothing called changed) is 0.
    """
    (_, false_alarms), (missed, hits) = matrix.tolist()
    return {
        "F1": _ratio(2 * hits, 2 * hits + false_alarms + missed),
        "precision": _ratio(hits, hits + false_alarms),
        "recall": _ratio(hits, hits + missed),
        **pixel_scores(matrix, classes),
    }


def further_image_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """What else papers print of a scene classification.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one image.
        classes: K names.

    Returns:
        `kappa` (Cohen 1960, see `_kappa`), `F1/<class>` and `F1_macro`, the mean of these; F1 of a class is
        2 TP / (2 TP + FP + FN), and one that neither truth nor prediction has is left out.
    """
    each = _f1_by_class(matrix, classes)
    return {"F1_macro": mean(each.values()), **_kappa(matrix), **each}


def further_pixel_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """What else papers print of a segmentation.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one pixel.
        classes: K names.

    Returns:
        `mF1` and `F1/<class>` as `F1_macro` of `further_image_scores`, `mAcc` (the mean over the classes that the truth
        has of `accuracy/<class>`, the share of their pixels that are right) and `kappa`.
    """
    f1 = _f1_by_class(matrix, classes)
    right, there = matrix.diagonal(), matrix.sum(1)
    accuracy = {f"accuracy/{name}": float(right[k] / there[k]) for k, name in enumerate(classes) if there[k] > 0}
    means = {"mF1": mean(f1.values()), "mAcc": mean(accuracy.values())}
    return {**means, **_kappa(matrix), **f1, **accuracy}


def further_change_scores(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    """What else papers print of a change detection: `IoU` of the changed class, and `further_pixel_scores`."""
    (_, false_alarms), (missed, hits) = matrix.tolist()
    return {"IoU": _ratio(hits, hits + false_alarms + missed), **further_pixel_scores(matrix, classes)}


def _f1_by_class(matrix: Counts, classes: Sequence[str]) -> dict[str, float]:
    right, named = matrix.diagonal(), matrix.sum(0) + matrix.sum(1)
    return {f"F1/{name}": float(2 * right[k] / named[k]) for k, name in enumerate(classes) if named[k] > 0}


def _kappa(matrix: Counts) -> dict[str, float]:
    """Cohen's kappa, (p_o - p_e) / (1 - p_e): agreement beyond what the shares of the classes give by chance.

    It has no entry where truth and prediction are one class throughout: then chance agrees too.
    """
    # Python's integers: the square of the pixels of a large test set is beyond 64 bits.
    total, right = int(matrix.sum()), int(matrix.trace())
    chance = sum(there * named for there, named in zip(matrix.sum(1).tolist(), matrix.sum(0).tolist(), strict=True))
    return {} if chance == total**2 else {"kappa": (total * right - chance) / (total**2 - chance)}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
