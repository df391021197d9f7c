"""The loss that all heads of this harness learn maps by: cross-entropy over the labelled pixels."""

from typing import Any

import torch
from mmengine.config import ConfigDict
from mmseg.models.losses import CrossEntropyLoss
from mmseg.models.utils import resize
from torch import Tensor

from bench.metrics.confusion import IGNORE


class LabelledPixels:
    """Put before an MMSegmentation head: its loss without the accuracy, for which MMSegmentation sorts all logits."""

    loss_decode: Any

    def loss_by_feat(self, seg_logits: Tensor, batch_data_samples: list[Any]) -> dict[str, Tensor]:
        """The mean over the labelled pixels, at the size of the labels."""
        labels = torch.stack([sample.gt_sem_seg.data.squeeze(0) for sample in batch_data_samples])
        logits = resize(seg_logits, labels.shape[1:], mode="bilinear", align_corners=False)
        return {"loss_ce": self.loss_decode(logits, labels, ignore_index=IGNORE)}


def cross_entropy(weight: float = 1.0) -> dict[str, Any]:
    """The loss as an argument of a head."""
    return {"type": CrossEntropyLoss, "avg_non_ignore": True, "loss_weight": weight}


def model(decode_head: dict[str, Any], **others: Any) -> dict[str, Any]:
    """What an `EncoderDecoder` takes beside backbone and preprocessor; it answers for the whole image at once."""
    return {"decode_head": decode_head, **others, "train_cfg": {}, "test_cfg": ConfigDict(mode="whole")}
