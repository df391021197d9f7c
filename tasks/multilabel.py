"""Multi-label classification: backbone, global average pooling, one linear layer; scored by mean average precision."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bench.core.context import Context
from bench.metrics.multilabel import multilabel_scores
from tasks import mm, predictions
from tasks.fine_tuning import Samples, fine_tune, prepare_process
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.samples import Preprocessor
from tasks.splits import Parts
from tasks.task import Result, Start, Task

# A label is predicted where its probability is at least this: where it is likelier than not.
THRESHOLD = 0.5


class MultiLabelClassification(Task):
    """One multi-label protocol; subsets are stratified by the set of classes that an image has."""

    label = MULTILABEL

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune backbone and linear layer, score on the test split."""
        prepare_process(context.seed)
        preprocessor = MultiLabelPreprocessor(self.protocol.augment, start.input, self.data)
        model = LinearTagger(mm.PyramidBackbone(start), len(self.scheme.classes), preprocessor)
        samples = Samples(self.samples(train), self.samples(parts.val), self.samples(parts.test))
        constant = constant_loss(self.counts(train))
        result = fine_tune(model, samples, MultiLabelMetric(self.scheme.classes), self.protocol, context, constant)
        pictured = predictions.chosen(parts.test, context.prediction_count)
        outputs = predictions.predict(model, self.samples(pictured))
        pairs = [(output["truth"].cpu().numpy(), output["scores"].cpu().numpy() >= THRESHOLD) for output in outputs]
        predictions.write(self, pictured, pairs, context)
        return result


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


class LinearTagger(BaseModel):
    """Backbone, global average pooling, one linear layer with bias, a probability for each class on its own.

    Args:
        backbone: its coarsest map is used.
        classes: number of classes K.
        preprocessor: makes inputs of batches.
    """

    def __init__(self, backbone: mm.PyramidBackbone, classes: int, preprocessor: "MultiLabelPreprocessor") -> None:
        super().__init__(data_preprocessor=preprocessor)
        self.backbone = backbone
        self.linear = nn.Linear(backbone.net.channels[-1], classes)

    def forward(self, inputs: Tensor, labels: Tensor, mode: str = "tensor") -> Any:
        """Binary cross-entropy in mode `loss`, probabilities and truth of each image in mode `predict`, else logits."""
        logits = self.linear(self.backbone(inputs)[-1].mean(dim=(2, 3)))
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


class MultiLabelMetric(BaseMetric):
    """mmengine's metric hook around `multilabel_scores`.

    Args:
        classes: K names.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        super().__init__(collect_device="cpu")
        self._classes = list(classes)

    def process(self, data_batch: object, data_samples: Sequence[dict[str, Any]]) -> None:
        """Keep the probabilities and the truth of one batch."""
        del data_batch
        self.results.extend(
            (sample["truth"].cpu().numpy().astype(np.int64), sample["scores"].cpu().numpy()) for sample in data_samples
        )

    def compute_metrics(self, results: list[tuple[Any, Any]]) -> dict[str, float]:
        """Scores over the set."""
        truth, scores = (np.stack(each) for each in zip(*results, strict=True))
        return multilabel_scores(truth, scores, self._classes, THRESHOLD)
