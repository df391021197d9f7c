"""Object detection: a detector of MMDetection on a pyramid backbone, scored by average precision."""

from typing import Any

from mmengine.structures import InstanceData
from numpy.typing import NDArray
from torch import Tensor

import tasks
from bench import backbones
from tasks import mm, mmcv_ext
from tasks.fine_tuning import FineTuned
from tasks.heads import Head
from tasks.labels.boxes import LABEL as BOXES
from tasks.samples import Preprocessor
from tasks.scoring import DetectionMetric, detections
from tasks.task import Start

mmcv_ext.provide()

from mmdet.structures import DetDataSample  # noqa: E402 - after the operators it asks for


class Detection(FineTuned):
    """One detection protocol; subsets are stratified by the set of classes present."""

    label = BOXES

    @property
    def head(self) -> Head:
        """What stands on the backbone."""
        return tasks.get(self.protocol.task).head_of(self.protocol)

    def metric(self) -> DetectionMetric:
        """Average precision of the protocol's classes."""
        return DetectionMetric(self.scheme.classes)

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """No box at all, whose precision is 0 at every recall; None where there is no object to find."""
        del train
        return 0.0 if self.counts(test).any() else None

    def pair(self, output: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """The true and the found boxes."""
        found = detections(output.gt_instances, output.pred_instances)
        return found.truth, found.found

    def picturable(self, test: list[int]) -> list[int]:
        """Slices with objects, where there are any."""
        return [at for at in test if len(self.data.label_at(at))] or test

    def build(self, start: Start) -> Any:
        """Backbone and detector as one mmdet model; the protocol's `network` says which detector."""
        parts = self.head.parts(backbones.get(start.backbone).maps, len(self.scheme.classes))
        preprocessor = BoxPreprocessor(self.protocol.augment, self.statistics(start), self.data)
        return parts.build({"type": mm.PyramidBackbone, "start": start}, preprocessor)


class BoxPreprocessor(Preprocessor):
    """Turns a batch of slices with boxes into normalised, augmented inputs and mmdet's data samples."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Augment when training, normalise, and pack."""
        inputs, targets = self.split(data, training=training)
        pairs = zip(targets["boxes"], targets["classes"], strict=True)
        return {"inputs": inputs, "data_samples": [_sample(*pair, data["image"].shape[1]) for pair in pairs]}


def _sample(boxes: Tensor, classes: Tensor, size: int) -> DetDataSample:
    shape = (size, size)
    sample = DetDataSample(
        metainfo={
            "img_shape": shape,
            "ori_shape": shape,
            "pad_shape": shape,
            "batch_input_shape": shape,
            "border": [0.0, 0.0, 0.0, 0.0],
            "scale_factor": (1.0, 1.0),
        }
    )
    sample.gt_instances = InstanceData(bboxes=boxes, labels=classes)
    return sample
