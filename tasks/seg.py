"""Semantic segmentation: MMSegmentation's EncoderDecoder with the paper's plain FCN, scored by mIoU.

Cloud and snow detection is the same task on other scenes, under its own name.
"""

from typing import Any

import numpy as np
from mmengine.config import ConfigDict
from mmengine.evaluator import BaseMetric
from mmengine.structures import PixelData
from numpy.typing import NDArray
from torch import Tensor

from bench import backbones
from bench.core.context import Context
from bench.metrics.confusion import pixel_scores
from tasks import mm, mmcv_ext, predictions
from tasks.fine_tuning import Samples, fine_tune, prepare_process
from tasks.samples import Preprocessor
from tasks.scoring import ConfusionMetric
from tasks.splits import Parts
from tasks.task import Result, Start, Task, constant_loss

mmcv_ext.provide()

from mmseg.models import EncoderDecoder  # noqa: E402 - after the operators it asks for
from mmseg.structures import SegDataSample  # noqa: E402

from tasks.fcn_head import PlainFCNHead  # noqa: E402


class Segmentation(Task):
    """One segmentation protocol; subsets are stratified by each slice's dominant class."""

    # What extracts the features: one pyramid from one image.
    backbone: type[mm.PyramidBackbone] = mm.PyramidBackbone

    def metric(self) -> BaseMetric:
        """Scores of the protocol's classes."""
        return ConfusionMetric(self.scheme.classes, pixel_scores)

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune backbone and head, select on the validation split, score on the test split."""
        prepare_process(context.seed)
        model = self.build(start)
        samples = Samples(self.samples(train), self.samples(parts.val), self.samples(parts.test))
        constant = constant_loss(self.counts(train).sum(axis=0))
        result = fine_tune(model, samples, self.metric(), self.protocol, context, constant)
        pictured = predictions.chosen(parts.test, context.prediction_count)
        outputs = predictions.predict(model, self.samples(pictured))
        pairs = [(_map(output.gt_sem_seg), _map(output.pred_sem_seg)) for output in outputs]
        predictions.write(self, pictured, pairs, context)
        return result

    def build(self, start: Start) -> EncoderDecoder:
        """Backbone, plain FCN head and preprocessor as one mmseg model.

        The protocol's `network.level` says which feature map the head reads, the coarsest by default.
        """
        pyramid = backbones.outline(start.backbone)
        level = range(len(pyramid.channels))[self.protocol.network.get("level", -1)]
        head = {
            "type": PlainFCNHead,
            "in_channels": pyramid.channels[level],
            "stride": pyramid.strides[level],
            "channels_by_stage": self.protocol.network["channels"],
            "num_classes": len(self.scheme.classes),
        }
        return EncoderDecoder(
            backbone={"type": self.backbone, "start": start, "out_indices": [level]},
            decode_head=head,
            data_preprocessor=PixelPreprocessor(self.protocol.augment, start.input, self.data),
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
