"""Semantic segmentation: MMSegmentation's EncoderDecoder with the paper's plain FCN, scored by mIoU.

Cloud and snow detection is the same task on other scenes, under its own name.
"""

from typing import Any

import numpy as np
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from numpy.typing import NDArray
from torch import Tensor

from bench import backbones
from bench.metrics.classified import PixelOutcomes
from bench.metrics.confusion import Counts
from tasks import mm, mmcv_ext
from tasks.fine_tuning import FineTuned
from tasks.samples import Preprocessor
from tasks.scoring import ConfusionMetric, best_constant
from tasks.task import Start, constant_loss

mmcv_ext.provide()

with mmcv_ext.without_mmdet():  # and after the operators it asks for
    from mmseg.models import EncoderDecoder
from mmseg.structures import SegDataSample  # noqa: E402

from tasks.fcn_head import PlainFCNHead  # noqa: E402


class Segmentation(FineTuned):
    """One segmentation protocol; subsets are stratified by each slice's dominant class."""

    # What extracts the features: one pyramid from one image.
    backbone: type[mm.PyramidBackbone] = mm.PyramidBackbone
    # What its confusion counts are scored as.
    outcomes: type[PixelOutcomes] = PixelOutcomes

    def metric(self) -> ConfusionMetric:
        """Scores of the protocol's classes."""
        return ConfusionMetric(self.scheme.classes, self.outcomes)

    def trivial(self, train: list[int], test: list[int]) -> float | None:
        """One class for every pixel."""

        def scores(matrices: Counts) -> dict[str, float]:
            return self.outcomes(self.scheme.classes, matrices).scores()

        return best_constant(scores, self.counts(train), self.counts(test), self.protocol.metric)

    def constant(self, train: list[int]) -> float | None:
        """The entropy of the classes' pixels."""
        return constant_loss(self.counts(train).sum(axis=0))

    def pair(self, output: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        """The true and the predicted map, class numbers H x W."""
        return _map(output.gt_sem_seg), _map(output.pred_sem_seg)

    def build(self, start: Start) -> EncoderDecoder:
        """Backbone, plain FCN head and preprocessor as one mmseg model.

        The protocol's `network.level` says which feature map the head reads, the coarsest by default, and
        `network.output_stride` at which stride it gives logits, 1 by default.
        """
        pyramid = backbones.get(start.backbone).maps
        level = range(len(pyramid.channels))[self.protocol.network.get("level", -1)]
        head = {
            "type": PlainFCNHead,
            "in_channels": pyramid.channels[level],
            "stride": pyramid.strides[level],
            "channels_by_stage": self.protocol.network["channels"],
            "num_classes": len(self.scheme.classes),
            "output_stride": self.protocol.network.get("output_stride", 1),
        }
        return EncoderDecoder(
            backbone={"type": self.backbone, "start": start, "out_indices": [level]},
            decode_head=head,
            data_preprocessor=PixelPreprocessor(self.protocol.augment, self.statistics(start), self.data),
            train_cfg={},
            test_cfg=ConfigDict(mode="whole"),
        )


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
