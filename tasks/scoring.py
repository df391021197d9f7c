"""What mmengine's evaluation calls: hooks around the functions of `bench.metrics`; values are not rounded."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from bench.metrics.average_precision import Detections, average_precision
from bench.metrics.confusion import Counts, Scores, change_scores, confusion


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
            self.results.append(confusion(prediction.cpu().numpy(), truth.cpu().numpy(), len(self._classes)))

    def compute_metrics(self, results: list[Counts]) -> dict[str, float]:
        """Scores of the sum of all samples' counts."""
        return self._scores(np.sum(results, axis=0), self._classes)


def best_constant(metric: ConfusionMetric, train: Counts, test: Counts, name: str) -> float | None:
    """Score of the best answer that looks at no image: one class everywhere.

    Which class that is, the training samples tell by the same metric; of equals it is the most frequent one.

    Args:
        metric: what the task is scored with.
        train: what each training sample shows of each class, N x K.
        test: the same of the test samples, in their order.
        name: of the score.

    Returns:
        The score on the test samples; None where train or test hold no label.
    """
    if not (train.any() and test.any()):
        return None

    def score(counts: Counts, answer: int) -> float:
        classes = counts.shape[1]
        matrices = np.zeros((len(counts), classes, classes), dtype=np.int64)
        matrices[:, :, answer] = counts
        return metric.compute_metrics(list(matrices))[name]

    shown = train.sum(axis=0)
    best = max(range(train.shape[1]), key=lambda answer: (score(train, answer), shown[answer]))
    return score(test, best)


class ChangeMetric(ConfusionMetric):
    """`change_scores`, and CMID's number under its own name.

    CMID (Muhtar et al. 2023) prints the mean of the F1 of each test batch, which is another number than the F1 over the
    test set: it weighs a batch with ten changed pixels as much as one with a million. `F1_batch_mean` is that mean over
    batches of `BATCH` samples in the order of the test split; the paper does not say how large a batch is, so it is ours.
    """

    BATCH = 16

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(classes, change_scores)

    def compute_metrics(self, results: list[Counts]) -> dict[str, float]:
        """Scores over the set, and the mean of the batches' F1."""
        batches = [results[at : at + self.BATCH] for at in range(0, len(results), self.BATCH)]
        means = [self._scores(np.sum(batch, axis=0), self._classes)["F1"] for batch in batches]
        return {**super().compute_metrics(results), "F1_batch_mean": sum(means) / len(means)}


class DetectionMetric(BaseMetric):
    """mmengine's metric hook around `average_precision`.

    Args:
        classes: K names.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(collect_device="cpu")
        self._classes = list(classes)

    def process(self, data_batch: object, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the boxes of one batch of mmdet's samples."""
        del data_batch
        self.results.extend(detections(sample["gt_instances"], sample["pred_instances"]) for sample in data_samples)

    def compute_metrics(self, results: list[Detections]) -> dict[str, float]:
        """Scores over the set."""
        return average_precision(results, self._classes)


def detections(truth: Any, found: Any) -> Detections:
    """Boxes of one image from mmdet's true and predicted instances (`bboxes`, `labels`, `scores`)."""
    boxes = [truth["bboxes"], truth["labels"][:, None]]
    predicted = [found["bboxes"], found["labels"][:, None], found["scores"][:, None]]
    return Detections(
        *(np.concatenate([part.cpu().numpy().astype(np.float64) for part in parts], 1) for parts in (boxes, predicted))
    )
