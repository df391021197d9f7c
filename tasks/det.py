"""Object detection: MMDetection's CenterNet (Zhou et al. 2019) on a pyramid backbone, scored by average precision."""

from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from numpy.typing import NDArray
from torch import Tensor

from bench import backbones
from bench.core.errors import StudyError
from tasks import mm, mmcv_ext
from tasks.fine_tuning import FineTuned
from tasks.labels.boxes import LABEL as BOXES
from tasks.samples import Preprocessor
from tasks.scoring import DetectionMetric, detections
from tasks.task import Start

mmcv_ext.provide()

from mmdet.models.dense_heads import CenterNetHead  # noqa: E402 - after the operators it asks for
from mmdet.models.detectors import CenterNet  # noqa: E402
from mmdet.models.losses import GaussianFocalLoss, L1Loss  # noqa: E402
from mmdet.models.necks import CTResNetNeck  # noqa: E402
from mmdet.structures import DetDataSample  # noqa: E402

# CenterNet's heatmap has one cell for four input pixels (section 3 of the paper).
HEATMAP_STRIDE = 4
# Peaks of the heatmap that become detections, and the window in which a peak is the largest (section 4 of the paper).
PEAKS, PEAK_WINDOW = 100, 3


class Detection(FineTuned):
    """One detection protocol; subsets are stratified by the set of classes present."""

    label = BOXES

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

    def build(self, start: Start) -> CenterNet:
        """Backbone, neck and head as one mmdet model."""
        pyramid = backbones.get(start.backbone).maps
        doublings = round(np.log2(pyramid.strides[-1] / HEATMAP_STRIDE))
        filters = self.protocol.network["channels"]
        if len(filters) < doublings:
            raise StudyError(f"protocol {self.protocol.id}: {start.backbone} takes {doublings} network.channels")
        filters = filters[len(filters) - doublings :]
        return CenterNet(
            backbone={"type": mm.PyramidBackbone, "start": start, "out_indices": [len(pyramid.strides) - 1]},
            neck={
                "type": CTResNetNeck,
                "in_channels": pyramid.channels[-1],
                "num_deconv_filters": filters,
                "num_deconv_kernels": [4] * doublings,
                # Deformable convolution needs a compiled operator; CenterNet's ResNet rows come without it too.
                "use_dcn": False,
            },
            bbox_head={
                "type": FullPrecisionHead,
                "num_classes": len(self.scheme.classes),
                "in_channels": filters[-1],
                "feat_channels": filters[-1],
                # The weights of section 3 of the paper.
                "loss_center_heatmap": {"type": GaussianFocalLoss, "loss_weight": 1.0},
                "loss_wh": {"type": L1Loss, "loss_weight": 0.1},
                "loss_offset": {"type": L1Loss, "loss_weight": 1.0},
            },
            data_preprocessor=BoxPreprocessor(self.protocol.augment, self.statistics(start), self.data),
            test_cfg=ConfigDict(topk=PEAKS, local_maximum_kernel=PEAK_WINDOW, max_per_img=PEAKS),
        )


class FullPrecisionHead(CenterNetHead):
    """CenterNet's head outside autocast: in bf16 a confident peak rounds to 1, and the focal loss takes its logarithm.

    Its maps are laid out plainly, since mmdet views them as rows when it looks for peaks.
    """

    def forward_single(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map features to heatmap, size and offset in fp32."""
        with torch.autocast(x.device.type, enabled=False):
            return tuple(each.contiguous() for each in super().forward_single(x.float()))


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
