"""Scene classification: backbone, global average pooling and one linear layer, scored by the mean of class accuracies."""

from typing import Any

import numpy as np
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from bench.core.context import Context
from bench.metrics.confusion import image_scores
from tasks import mm, predictions
from tasks.fine_tuning import Samples, fine_tune, prepare_process
from tasks.prepared import Kind
from tasks.samples import LabelledSlices, Preprocessor
from tasks.scoring import ConfusionMetric
from tasks.splits import Parts
from tasks.task import Result, Start, Task, constant_loss


class Classification(Task):
    """One classification protocol; subsets are stratified by class."""

    kind: Kind = "class"

    def strata(self, samples: list[int]) -> list[int]:
        """The class of each image."""
        return [int(label) for label in self.scheme.lookup[self.data.labels[samples]]]

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune backbone and linear layer, score on the test split."""
        prepare_process(context.seed)
        preprocessor = ImagePreprocessor(self.protocol.augment, start.input)
        model = LinearClassifier(mm.PyramidBackbone(start), len(self.scheme.classes), preprocessor)
        samples = Samples(self._samples(train), self._samples(parts.val), self._samples(parts.test))
        metric = ConfusionMetric(self.scheme.classes, image_scores)
        constant = constant_loss(np.bincount(self.strata(train)))
        result = fine_tune(model, samples, metric, self.protocol, context, constant)
        pictured = predictions.chosen(parts.test, context.prediction_count)
        predictions.write_classes(model, self._samples(pictured), self, pictured, context)
        return result

    def _samples(self, positions: list[int]) -> LabelledSlices:
        return LabelledSlices(self.data, positions, self.scheme.lookup)


class LinearClassifier(BaseModel):
    """Backbone, global average pooling, one linear layer with bias.

    Args:
        backbone: its coarsest map is used.
        classes: number of classes.
        preprocessor: makes inputs of batches.
    """

    def __init__(self, backbone: mm.PyramidBackbone, classes: int, preprocessor: "ImagePreprocessor") -> None:
        super().__init__(data_preprocessor=preprocessor)
        self.backbone = backbone
        self.linear = nn.Linear(backbone.net.channels[-1], classes)

    def forward(self, inputs: Tensor, labels: Tensor, mode: str = "tensor") -> Any:
        """Cross-entropy in mode `loss`, predicted and true class of each image in mode `predict`, else logits."""
        logits = self.linear(self.backbone(inputs)[-1].mean(dim=(2, 3)))
        if mode == "loss":
            return {"loss_ce": functional.cross_entropy(logits, labels)}
        if mode == "predict":
            pairs = zip(logits.argmax(dim=1), labels, strict=True)
            return [{"prediction": prediction, "truth": truth} for prediction, truth in pairs]
        return logits


class ImagePreprocessor(Preprocessor):
    """Turns a batch of images with classes into normalised, augmented inputs and labels."""

    def forward(self, data: dict[str, Tensor], training: bool = False) -> dict[str, Tensor]:
        """Augment when training, and normalise."""
        moves = self.moves(len(data["image"]), training=training)
        return {"inputs": self.inputs(data["image"], moves), "labels": data["label"].to(self.device).long()}
