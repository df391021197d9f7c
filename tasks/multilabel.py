"""Multi-label classification: backbone, global average pooling, one linear layer; scored by mean average precision."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bench.metrics.multilabel import THRESHOLD, multilabel_scores
from tasks import mm
from tasks.cls import LinearClassifier
from tasks.fine_tuning import FineTuned
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.samples import Preprocessor
from tasks.scoring import LabelMetric
from tasks.task import Start


class MultiLabelClassification(FineTuned):
    """One multi-label protocol; subsets are stratified by the set of classes that an image has."""

    label = MULTILABEL

    def build(self, start: Start) -> "LinearTagger":
        """Backbone and linear layer."""
        preprocessor = MultiLabelPreprocessor(
            self.protocol.augment, self.statistics(start), self.data, self.protocol.evaluation.size
        )
        return LinearTagger(mm.PretrainedBackbone(start), len(self.scheme.classes), preprocessor)

    def metric(self) -> LabelMetric:
        """Mean average precision and F1."""
        return LabelMetric(self.scheme.classes)

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """The same labels for every image: so many of the most frequent ones as score best on the training samples."""
        known, asked = ((self.counts(samples) > 0).astype(np.int64) for samples in (train, test))
        if not (known.any() and asked.any()):
            return None
        # 0 is the most frequent label; all scores of a label are equal, so its AP is its share of the samples.
        rank = np.argsort(np.argsort(-known.sum(axis=0), kind="stable"))

        def score(truth: NDArray[np.int64], labels: int) -> float:
            answers = np.broadcast_to((rank < labels).astype(np.float64), truth.shape)
            return multilabel_scores(truth, answers, self.scheme.classes, THRESHOLD)[self.protocol.metric]

        best = max(range(1, len(rank) + 1), key=lambda labels: score(known, labels))
        return score(asked, best)

    def constant(self, train: list[int]) -> float | None:
        """The mean entropy of the labels."""
        return constant_loss(self.counts(train))

    def pair(self, output: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """The true and the predicted labels, K each."""
        return output["truth"].cpu().numpy(), output["scores"].cpu().numpy() >= THRESHOLD


def constant_loss(counts: NDArray[np.int64]) -> float | None:
    """Binary cross-entropy of the best constant prediction: the mean entropy of the labels' shares, in nats.

    Args:
        counts: of each class in each training sample, N x K.

    Returns:
        The loss; None where every label is on all samples or on none, and a constant is right.
    """
    share = (counts > 0).mean(axis=0)
    mixed = share[(share > 0) & (share < 1)]
    entropy = -(mixed * np.log(mixed) + (1 - mixed) * np.log(1 - mixed))
    return float(entropy.sum() / len(share)) if len(mixed) else None


class LinearTagger(LinearClassifier):
    """Backbone, global average pooling, one linear layer with bias, a probability for each class on its own."""

    def forward(self, inputs: Tensor, labels: Tensor, mode: str = "tensor") -> Any:
        """Binary cross-entropy in mode `loss`, probabilities and truth of each image in mode `predict`, else logits."""
        logits = self.logits(inputs)
        if mode == "loss":
            return {"loss_bce": functional.binary_cross_entropy_with_logits(logits, labels)}
        if mode == "predict":
            pairs = zip(logits.sigmoid(), labels, strict=True)
            return [{"scores": scores, "truth": truth} for scores, truth in pairs]
        return logits


class MultiLabelPreprocessor(Preprocessor):
    """Turns a batch of images with classes into normalised, augmented inputs and labels B x K of 0 and 1."""

    def forward(self, data: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """Augment when training, and normalise."""
        inputs, targets = self.split(data, training=training)
        return {"inputs": inputs, "labels": targets["label"].float()}
