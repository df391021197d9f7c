"""Object detection: MMDetection's CenterNet (Zhou et al. 2019) on a pyramid backbone, scored by average precision."""

from typing import Any

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from bench import backbones
from bench.core.context import Context
from bench.core.errors import StudyError
from bench.metrics.confusion import IGNORE
from tasks import augment, mm, mmcv_ext, predictions
from tasks.fine_tuning import Samples, fine_tune, prepare_process
from tasks.prepared import Kind, Prepared
from tasks.samples import Preprocessor
from tasks.scoring import DetectionMetric, detections
from tasks.splits import Parts
from tasks.task import Result, Start, Task

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


class Detection(Task):
    """One detection protocol; subsets are stratified by the set of classes present."""

    kind: Kind = "boxes"

    def strata(self, samples: list[int]) -> list[int]:
        """The classes present in each slice, as a number with one bit a class; 0 for a slice without objects."""
        present = self.scheme.counts(self.data.class_counts[samples]) > 0
        return [int(bits) for bits in present @ (1 << np.arange(present.shape[1]))]

    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune backbone, neck and head, select on the validation split, score on the test split."""
        prepare_process(context.seed)
        model = self._build(start)
        samples = Samples(self._samples(train), self._samples(parts.val), self._samples(parts.test))
        result = fine_tune(model, samples, DetectionMetric(self.scheme.classes), self.protocol, context)
        self._picture(model, parts.test, context)
        return result

    def _samples(self, positions: list[int]) -> "BoxedSlices":
        return BoxedSlices(self.data, positions, self.scheme.lookup)

    def _build(self, start: Start) -> CenterNet:
        pyramid = backbones.get(start.backbone)
        doublings = round(np.log2(pyramid.strides[-1] / HEATMAP_STRIDE))
        filters = self.protocol.network["channels"]
        if len(filters) < doublings:
            raise StudyError(f"protocol {self.protocol.id}: {start.backbone} takes {doublings} network.channels")
        filters = filters[len(filters) - doublings :]
        return CenterNet(
            backbone={"type": mm.PyramidBackbone, "start": start},
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
            data_preprocessor=BoxPreprocessor(self.protocol.augment, start.input),
            test_cfg=ConfigDict(topk=PEAKS, local_maximum_kernel=PEAK_WINDOW, max_per_img=PEAKS),
        )

    def _picture(self, model: CenterNet, test: list[int], context: Context) -> None:
        occupied = [at for at in test if len(self.data.boxes(at))]
        positions = predictions.chosen(occupied or test, context.prediction_count)
        outputs = predictions.predict(model, self._samples(positions)) if positions else []
        pairs = [detections(output.gt_instances, output.pred_instances) for output in outputs]
        found = {at: (pair.truth, pair.found) for at, pair in zip(positions, pairs, strict=True)}
        predictions.write_boxes(self, context, found)


class FullPrecisionHead(CenterNetHead):
    """CenterNet's head outside autocast: in bf16 a confident peak rounds to 1, and the focal loss takes its logarithm.

    Its maps are laid out plainly, since mmdet views them as rows when it looks for peaks.
    """

    def forward_single(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map features to heatmap, size and offset in fp32."""
        with torch.autocast(x.device.type, enabled=False):
            return tuple(each.contiguous() for each in super().forward_single(x.float()))


class BoxedSlices(Dataset[dict[str, Tensor]]):
    """Some slices of a prepared set: `image` uint8 H x W x 3, `boxes` float M x 4 corners and `classes` M.

    Args:
        data: the prepared set.
        samples: positions in it.
        lookup: class of each stored label; boxes of ignored classes are left out.
    """

    def __init__(self, data: Prepared, samples: list[int], lookup: NDArray[np.uint8]) -> None:
        self._data = data
        self._samples = samples
        self._lookup = lookup

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        at = self._samples[position]
        boxes = self._data.boxes(at)
        classes = self._lookup[boxes[:, 4].astype(np.int64)]
        kept = classes != IGNORE
        return {
            "image": torch.from_numpy(np.array(self._data.images[at])),
            "boxes": torch.from_numpy(boxes[kept, :4]),
            "classes": torch.from_numpy(classes[kept].astype(np.int64)),
        }

    @staticmethod
    def collate(samples: list[dict[str, Tensor]]) -> dict[str, Any]:
        """Stack the images; boxes stay a list, since each slice has its own number."""
        listed = {name: [sample[name] for sample in samples] for name in ("boxes", "classes")}
        return {"image": torch.stack([sample["image"] for sample in samples]), **listed}


class BoxPreprocessor(Preprocessor):
    """Turns a batch of slices with boxes into normalised, augmented inputs and mmdet's data samples."""

    def forward(self, data: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Augment when training, normalise, and pack."""
        size = data["image"].shape[1]
        moves = self.moves(len(data["image"]), training=training)
        boxes = [each.to(self.device) for each in data["boxes"]]
        if moves is not None:
            boxes = [augment.move_boxes(each, moves, at, size) for at, each in enumerate(boxes)]
        classes = [each.to(self.device) for each in data["classes"]]
        packed = [_sample(*pair, size) for pair in zip(boxes, classes, strict=True)]
        return {"inputs": self.inputs(data["image"], moves), "data_samples": packed}


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
