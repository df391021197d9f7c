"""MMDetection's CenterNet (Zhou et al. 2019) on the coarsest map of a backbone."""

import torch
from mmdet.models.dense_heads import CenterNetHead
from mmdet.models.detectors import CenterNet
from mmdet.models.losses import GaussianFocalLoss, L1Loss
from mmdet.models.necks import CTResNetNeck
from mmengine.config import ConfigDict
from torch import Tensor

from bench.backbones import Maps
from bench.core.errors import StudyError
from tasks.heads import options
from tasks.heads.options import FINEST, doublings
from tasks.heads.parts import Parts

# Peaks of the heatmap that become detections, and the window in which a peak is the largest (section 4 of the paper).
PEAKS, PEAK_WINDOW = 100, 3


def parts(pyramid: Maps, classes: int, options: options.CenterNet) -> Parts:
    """Neck and head; the heatmap has one cell for four input pixels (section 3 of the paper).

    Raises:
        StudyError: there are fewer channels than doublings.
    """
    asked = doublings(pyramid.strides[-1], FINEST)
    if len(options.channels) < asked:
        raise StudyError(
            f"stride {pyramid.strides[-1]} takes {asked} network.channels, the protocol has {len(options.channels)}"
        )
    filters = options.channels[len(options.channels) - asked :]
    model = {
        "neck": {
            "type": CTResNetNeck,
            "in_channels": pyramid.channels[-1],
            "num_deconv_filters": filters,
            "num_deconv_kernels": [4] * asked,
            # Deformable convolution needs a compiled operator; CenterNet's ResNet rows come without it too.
            "use_dcn": False,
        },
        "bbox_head": {
            "type": FullPrecisionHead,
            "num_classes": classes,
            "in_channels": filters[-1],
            "feat_channels": filters[-1],
            # The weights of section 3 of the paper.
            "loss_center_heatmap": {"type": GaussianFocalLoss, "loss_weight": 1.0},
            "loss_wh": {"type": L1Loss, "loss_weight": 0.1},
            "loss_offset": {"type": L1Loss, "loss_weight": 1.0},
        },
        "test_cfg": ConfigDict(topk=PEAKS, local_maximum_kernel=PEAK_WINDOW, max_per_img=PEAKS),
    }
    return Parts(CenterNet, list(range(len(pyramid.channels))), model, "mmdet")


class FullPrecisionHead(CenterNetHead):
    """CenterNet's head outside autocast: in bf16 a confident peak rounds to 1, and the focal loss takes its logarithm.

    Its maps are laid out plainly, since mmdet views them as rows when it looks for peaks.
    """

    def forward_single(self, x: Tensor) -> tuple[Tensor, ...]:
        """Map features to heatmap, size and offset in fp32."""
        with torch.autocast(x.device.type, enabled=False):
            return tuple(each.contiguous() for each in super().forward_single(x.float()))
