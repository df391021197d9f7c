"""Scene classification: backbone, global average pooling and one linear layer, scored by the mean of class accuracies."""

from typing import Any

from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn import functional

from bench.core.context import Context
from bench.metrics.confusion import image_scores
from tasks import mm, predictions
from tasks.fine_tuning import Samples, fine_tune, prepare_process
from tasks.labels.image_class import LABEL as CLASS
from tasks.samples import Preprocessor
from tasks.scoring import ConfusionMetric
from tasks.splits import Parts
from tasks.task import Result, Start, Task, constant_loss


class Classification(Task):
    """One classification protocol; subsets are stratified by class."""

    label = CLASS

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune backbone and linear layer, score on the test split."""
        prepare_process(context.seed)
        preprocessor = ImagePreprocessor(self.protocol.augment, start.input, self.data)
        model = LinearClassifier(mm.PyramidBackbone(start), len(self.scheme.classes), preprocessor)
        samples = Samples(self.samples(train), self.samples(parts.val), self.samples(parts.test))
        metric = ConfusionMetric(self.scheme.classes, image_scores)
        constant = constant_loss(self.counts(train).sum(axis=0))
        result = fine_tune(model, samples, metric, self.protocol, context, constant)
        pictured = predictions.chosen(parts.test, context.prediction_count)
        outputs = predictions.predict(model, self.samples(pictured))
        pairs = [(int(output["truth"]), int(output["prediction"])) for output in outputs]
        predictions.write(self, pictured, pairs, context)
        return result


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
        inputs, targets = self.split(data, training=training)
        return {"inputs": inputs, "labels": targets["label"].long()}
