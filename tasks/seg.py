"""Semantic segmentation: MMSegmentation's EncoderDecoder with a head of the registry, scored by mIoU.

Cloud and snow detection is the same task on other scenes, under its own name.
"""

from typing import Any

import numpy as np
from mmengine.structures import PixelData
from numpy.typing import NDArray
from torch import Tensor

import tasks
from bench import backbones
from bench.metrics.classified import PixelOutcomes
from bench.metrics.confusion import Counts
from tasks import mm, mmcv_ext
from tasks.fine_tuning import FineTuned
from tasks.heads import Head
from tasks.samples import Preprocessor
from tasks.scoring import ConfusionMetric, best_constant
from tasks.task import Start, constant_loss

mmcv_ext.provide()

with mmcv_ext.without_mmdet():  # and after the operators it asks for
    from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample  # noqa: E402


class Segmentation(FineTuned):
    """One segmentation protocol; subsets are stratified by each slice's dominant class."""

    # What extracts the features: one pyramid from one image.
    backbone: type[mm.PyramidBackbone] = mm.PyramidBackbone
    # What its confusion counts are scored as.
    outcomes: type[PixelOutcomes] = PixelOutcomes

    @property
    def head(self) -> Head:
        """What stands on the backbone."""
        return tasks.get(self.protocol.task).head_of(self.protocol)

    def metric(self) -> ConfusionMetric:
        """Scores of the protocol's classes."""
        return ConfusionMetric(self.scheme.classes, self.outcomes)

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every pixel."""

        def scores(matrices: Counts) -> dict[str, float]:
            return self.outcomes(self.scheme.classes, matrices).scores()

        return best_constant(scores, self.counts(train), self.counts(test), self.protocol.metric)

    def constant(self, train: list[int]) -> float | None:
        """The entropy of the classes' pixels, as often as the head's loss counts it."""
        entropy, times = constant_loss(self.counts(train).sum(axis=0)), self.head.options.entropies
        return None if entropy is None or times is None else entropy * times

    def pair(self, output: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """The true and the predicted map, class numbers H x W."""
        return _map(output.gt_sem_seg), _map(output.pred_sem_seg)

    def build(self, start: Start) -> EncoderDecoder:
        """Backbone, head and preprocessor as one mmseg model; the protocol's `network` says which head."""
        parts = self.head.parts(backbones.get(start.backbone).maps, len(self.scheme.classes))
        preprocessor = PixelPreprocessor(self.protocol.augment, self.statistics(start), self.data)
        return parts.build({"type": self.backbone, "start": start}, preprocessor)


class PixelPreprocessor(Preprocessor):
    """Turns a batch of slices with masks into normalised, augmented inputs and mmseg's data samples."""

    def forward(self, data: dict[str, Tensor], training: bool = False) -> dict[str, Any]:
        """Augment when training, normalise, and pack."""
        inputs, targets = self.split(data, training=training)
        return {"inputs": inputs, "data_samples": [_sample(label) for label in targets["label"]]}


def _map(labels: PixelData) -> NDArray[Any]:
    """Class numbers H x W of a true or predicted map."""
    return np.asarray(labels.data[0].cpu())


def _sample(label: Tensor) -> SegDataSample:
    size = tuple(label.shape)
    sample = SegDataSample(metainfo={"img_shape": size, "ori_shape": size, "pad_shape": size})
    sample.gt_sem_seg = PixelData(data=label[None].long())
    return sample
