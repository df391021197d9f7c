"""Scores of classification by pixel or by image, all from one confusion matrix over the whole test set."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from tasks.prepared import IGNORE

# From K x K counts and K names to metrics by name.
Scores = Callable[[Tensor, Sequence[str]], dict[str, float]]


def confusion(prediction: Tensor, truth: Tensor, classes: int) -> Tensor:
    """Count pixels or images by true class (row) and predicted class (column).

    Args:
        prediction: class numbers, any shape.
        truth: class numbers of the same shape; 255 is not counted.
        classes: number of classes K.

    Returns:
        K x K counts, int64.
    """
    kept = truth != IGNORE
    pairs = truth[kept].long() * classes + prediction[kept].long()
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def pixel_scores(matrix: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Intersection over union and accuracy of a segmentation.

    IoU of a class is TP / (TP + FP + FN) over all pixels of the set. A class that neither truth nor prediction has is
    left out of the mean, and has no entry. `aAcc`, the overall accuracy, is the share of pixels that are right.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one pixel.
        classes: K names.

    Returns:
        `mIoU`, `aAcc` and `IoU/<class>`, all in [0, 1].
    """
    counts = matrix.double()
    right = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - right
    ious = {f"IoU/{name}": float(right[k] / union[k]) for k, name in enumerate(classes) if union[k] > 0}
    return {"mIoU": sum(ious.values()) / len(ious), "aAcc": float(right.sum() / counts.sum()), **ious}


def image_scores(matrix: Tensor, classes: Sequence[str]) -> dict[str, float]:
    """Top-1 accuracies of a scene classification.

    Args:
        matrix: K x K counts, rows truth, columns prediction; at least one image.
        classes: K names.

    Returns:
        `mean_class_accuracy` (the mean over the classes that the truth has), `overall_accuracy` (the share of images
        that are right) and `accuracy/<class>`, all in [0, 1].
    """
    counts = matrix.double()
    right, there = counts.diagonal(), counts.sum(1)
    each = {f"accuracy/{name}": float(right[k] / there[k]) for k, name in enumerate(classes) if there[k] > 0}
    overall = float(right.sum() / counts.sum())
    return {"mean_class_accuracy": sum(each.values()) / len(each), "overall_accuracy": overall, **each}


def change_scores(matrix: Tensor, classes: Sequence[str]) -> dict[str, float]:
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


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


class ConfusionMetric(BaseMetric):
    """mmengine's metric hook around `confusion` and a score; values are not rounded.

    Args:
        classes: K names.
        scores: turns the counts over the whole set into metrics.
    """

    def __init__(self, classes: Sequence[str], scores: Scores) -> None:
        super().__init__(collect_device="cpu")
        self._classes = list(classes)
        self._scores = scores

    def process(self, data_batch: object, data_samples: Sequence[dict[str, Any]]) -> None:
        """Count each sample of one batch; they are mmseg's, or hold `prediction` and `truth` of equal shape."""
        del data_batch
        for sample in data_samples:
            if "pred_sem_seg" in sample:
                prediction, truth = sample["pred_sem_seg"]["data"], sample["gt_sem_seg"]["data"]
            else:
                prediction, truth = sample["prediction"], sample["truth"]
            self.results.append(confusion(prediction, truth, len(self._classes)).cpu())

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Scores of the sum of all samples' counts."""
        return self._scores(torch.stack(results).sum(0), self._classes)


class ChangeMetric(ConfusionMetric):
    """`change_scores`, and CMID's number under its own name.

    CMID (Muhtar et al. 2023) prints the mean of the F1 of each test batch, which is another number than the F1 over the
    test set: it weighs a batch with ten changed pixels as much as one with a million. `F1_batch_mean` is that mean over
    batches of `BATCH` samples in the order of the test split; the paper does not say how large a batch is, so it is ours.
    """

    BATCH = 16

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(classes, change_scores)

    def compute_metrics(self, results: list[Tensor]) -> dict[str, float]:
        """Scores over the set, and the mean of the batches' F1."""
        batches = torch.stack(results).split(self.BATCH)
        means = [self._scores(batch.sum(0), self._classes)["F1"] for batch in batches]
        return {**super().compute_metrics(results), "F1_batch_mean": sum(means) / len(means)}
