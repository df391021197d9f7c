"""Scene classification: backbone, global average pooling and one linear layer, scored by the mean of class accuracies."""

from collections.abc import Sequence
from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from bench.metrics.confusion import Counts, image_scores
from tasks import mm
from tasks.fine_tuning import FineTuned
from tasks.labels.image_class import LABEL as CLASS
from tasks.samples import Preprocessor
from tasks.scoring import ImageMetric, best_constant
from tasks.task import Start, constant_loss


class Classification(FineTuned):
    """One classification protocol; subsets are stratified by class."""

    label = CLASS

    def build(self, start: Start) -> "LinearClassifier":
        """Backbone and linear layer."""
        preprocessor = ImagePreprocessor(
            self.protocol.augment, self.statistics(start), self.data, self.protocol.evaluation.size
        )
        return LinearClassifier(mm.PretrainedBackbone(start), len(self.scheme.classes), preprocessor)

    def metric(self) -> ImageMetric:
        """Accuracies of the protocol's classes."""
        return ImageMetric(self.scheme.classes)

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every image."""
        return best_class(self.scheme.classes, self.counts(train), self.counts(test), self.protocol.metric)

    def constant(self, train: list[int]) -> float | None:
        """The entropy of the classes."""
        return constant_loss(self.counts(train).sum(axis=0))

    def pair(self, output: Any) -> tuple[int, int]:
        """The true and the predicted class."""
        return int(output["truth"]), int(output["prediction"])


def best_class(classes: Sequence[str], train: Counts, test: Counts, name: str) -> float | None:
    """Score of one class for every image, see `best_constant`."""
    return best_constant(lambda matrices: image_scores(matrices.sum(axis=0), classes), train, test, name)


class LinearClassifier(BaseModel):
    """Backbone, its own pooling (the global average of all but some transformers), one linear layer with bias.

    Args:
        backbone: gives one vector an image.
        classes: number of classes.
        preprocessor: makes inputs of batches.
    """

    def __init__(self, backbone: mm.PretrainedBackbone, classes: int, preprocessor: Preprocessor) -> None:
        super().__init__(data_preprocessor=preprocessor)
        self.backbone = backbone
        self.linear = nn.Linear(backbone.net.channels[-1], classes)

    def logits(self, inputs: Tensor) -> Tensor:
        """Map normalised images to B x K."""
        answer: Tensor = self.linear(self.backbone.net.pooled(inputs))
        return answer

    def forward(self, inputs: Tensor, labels: Tensor, mode: str = "tensor") -> Any:
        """Cross-entropy in mode `loss`, else logits; in mode `predict` what was found of each image.

        The margin is how far the probability of the predicted class is above the next.
        """
        logits = self.logits(inputs)
        if mode == "loss":
            return {"loss_ce": functional.cross_entropy(logits, labels)}
        if mode == "predict":
            best = logits.softmax(dim=1).topk(min(2, logits.shape[1])).values
            found = zip(logits.argmax(dim=1), labels, best[:, 0] - best[:, 1:].sum(dim=1), strict=True)
            return [{"prediction": prediction, "truth": truth, "margin": margin} for prediction, truth, margin in found]
        return logits


class ImagePreprocessor(Preprocessor):
    """Turns a batch of images with classes into normalised, augmented inputs and labels."""

    def forward(self, data: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """Augment when training, and normalise."""
        inputs, targets = self.split(data, training=training)
        return {"inputs": inputs, "labels": targets["label"].long()}
