"""What mmengine's evaluation calls: hooks that collect what a test found as outcomes of `bench.metrics`."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric

from bench.metrics.average_precision import BoxOutcomes
from bench.metrics.classified import ImageOutcomes, PixelOutcomes
from bench.metrics.confusion import Counts, confusion
from bench.metrics.matching import Detections, match
from bench.metrics.multilabel import LabelOutcomes
from bench.metrics.outcomes import Outcomes


class OutcomeMetric(BaseMetric):
    """mmengine's metric hook around outcomes: samples are measured, and the outcomes scored; values are not rounded.

    Args:
        classes: K names.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(collect_device="cpu")
        self.classes = list(classes)

    def process(self, data_batch: object, data_samples: Sequence[dict[str, Any]]) -> None:
        """Measure each sample of one batch."""
        del data_batch
        self.results.extend(map(self.measure, data_samples))

    def compute_metrics(self, results: list[Any]) -> dict[str, float]:
        """The scores of the samples that were measured."""
        return self.outcomes(results).scores()

    @abstractmethod
    def measure(self, sample: dict[str, Any]) -> Any:
        """What is kept of the model's answer to one sample."""

    @abstractmethod
    def outcomes(self, results: list[Any]) -> Outcomes:
        """The outcomes of all samples, in their order."""


class ImageMetric(OutcomeMetric):
    """Of one class an image."""

    def measure(self, sample: dict[str, Any]) -> tuple[int, int, float]:
        """True class, predicted class and margin."""
        return int(sample["truth"]), int(sample["prediction"]), float(sample["margin"])

    def outcomes(self, results: list[tuple[int, int, float]]) -> ImageOutcomes:
        """See `ImageOutcomes`."""
        truth, predicted, margin = zip(*results, strict=True)
        return ImageOutcomes(self.classes, np.array(truth), np.array(predicted), np.array(margin))


class ConfusionMetric(OutcomeMetric):
    """Of a class for each pixel.

    Args:
        classes: K names.
        kind: what the counts of the images are: `PixelOutcomes`, or those of changes.
    """

    def __init__(self, classes: Sequence[str], kind: type[PixelOutcomes] = PixelOutcomes) -> None:
        super().__init__(classes)
        self._kind = kind

    def measure(self, sample: dict[str, Any]) -> Counts:
        """Confusion counts of mmseg's sample, or of one that holds `prediction` and `truth` of equal shape."""
        if "pred_sem_seg" in sample:
            prediction, truth = sample["pred_sem_seg"]["data"], sample["gt_sem_seg"]["data"]
        else:
            prediction, truth = sample["prediction"], sample["truth"]
        return confusion(prediction.cpu().numpy(), truth.cpu().numpy(), len(self.classes))

    def outcomes(self, results: list[Counts]) -> PixelOutcomes:
        """See `PixelOutcomes`."""
        return self._kind(self.classes, np.stack(results))


class LabelMetric(OutcomeMetric):
    """Of any number of labels an image."""

    def measure(self, sample: dict[str, Any]) -> tuple[Any, Any]:
        """The truth and the probability of each label."""
        return sample["truth"].cpu().numpy().astype(np.int64), sample["scores"].cpu().numpy()

    def outcomes(self, results: list[tuple[Any, Any]]) -> LabelOutcomes:
        """See `LabelOutcomes`."""
        return LabelOutcomes(self.classes, *(np.stack(each) for each in zip(*results, strict=True)))


class DetectionMetric(OutcomeMetric):
    """Of boxes."""

    def measure(self, sample: dict[str, Any]) -> Detections:
        """The boxes of mmdet's sample."""
        return detections(sample["gt_instances"], sample["pred_instances"])

    def outcomes(self, results: list[Detections]) -> BoxOutcomes:
        """Match boxes over the set."""
        return match(results, self.classes)


def best_constant(scores: Callable[[Counts], dict[str, float]], train: Counts, test: Counts, name: str) -> float | None:
    """Score of the best answer that looks at no image: one class everywhere.

    Which class that is, the training samples tell by the same metric; of equals it is the most frequent one.

    Args:
        scores: metrics of the confusion counts of N samples, N x K x K.
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
        return scores(matrices)[name]

    shown = train.sum(axis=0)
    best = max(range(train.shape[1]), key=lambda answer: (score(train, answer), shown[answer]))
    return score(test, best)


def detections(truth: Any, found: Any) -> Detections:
    """Boxes of one image from mmdet's true and predicted instances (`bboxes`, `labels`, `scores`)."""
    boxes = [truth["bboxes"], truth["labels"][:, None]]
    predicted = [found["bboxes"], found["labels"][:, None], found["scores"][:, None]]
    return Detections(
        *(np.concatenate([part.cpu().numpy().astype(np.float64) for part in parts], 1) for parts in (boxes, predicted))
    )
