"""The plain fully convolutional head of Li et al. 2021, section V-B, as an MMSegmentation decode head."""

from collections.abc import Sequence
from itertools import pairwise

from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from bench.backbones import Maps
from bench.core.errors import StudyError
from bench.metrics.confusion import IGNORE
from tasks.heads.labelled_pixels import LabelledPixels, cross_entropy, model
from tasks.heads.options import PlainFCN, doublings
from tasks.heads.parts import Parts


def parts(pyramid: Maps, classes: int, options: PlainFCN) -> Parts:
    """The head on one map of a backbone."""
    level = range(len(pyramid.channels))[options.level]
    head = {
        "type": PlainFCNHead,
        "in_channels": pyramid.channels[level],
        "stride": pyramid.strides[level],
        "channels_by_stage": options.channels,
        "num_classes": classes,
        "output_stride": options.output_stride,
    }
    return Parts(EncoderDecoder, [level], model(head), "mmseg")


class PlainFCNHead(LabelledPixels, BaseDecodeHead):
    """Double a map until it has the output's stride; each doubling is bilinear, then convolution and norm.

    With an output stride of 1, the paper's, logits are computed for every pixel; a larger one is cheaper, and its logits are
    resized to the input, as MMSegmentation's own heads do at stride 4 or 8. A map that is as fine already is not doubled.

    Args:
        in_channels: channels of the coarsest feature map.
        stride: its stride, a power of two.
        channels_by_stage: output channels of each doubling, coarsest first; a backbone with a smaller stride takes the
            last log2(stride / output_stride) of them.
        num_classes: number of classes.
        output_stride: of the logits, a power of two.

    Raises:
        StudyError: there are fewer channels than doublings.
    """

    def __init__(
        self,
        *,
        in_channels: int,
        stride: int,
        channels_by_stage: Sequence[int],
        num_classes: int,
        output_stride: int = 1,
    ) -> None:
        asked = doublings(stride, output_stride)
        if len(channels_by_stage) < asked:
            raise StudyError(f"stride {stride} takes {asked} doublings, the protocol has {len(channels_by_stage)}")
        widths = [in_channels, *channels_by_stage[len(channels_by_stage) - asked :]]
        super().__init__(
            in_channels=in_channels,
            channels=widths[-1],
            num_classes=num_classes,
            out_channels=num_classes,
            in_index=-1,
            # The paper's last layer is a convolution; dropout is not mentioned.
            dropout_ratio=0,
            align_corners=False,
            ignore_index=IGNORE,
            loss_decode=cross_entropy(),
            # Keep torch's own initialisation (docs/decisions/046).
            init_cfg=None,
        )
        self.stages = nn.Sequential(*(_doubling(before, after) for before, after in pairwise(widths)))

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Map the pyramid to logits B x K x H x W at the output's stride."""
        logits: Tensor = self.cls_seg(self.stages(self._transform_inputs(inputs)))
        return logits


def _doubling(before: int, after: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(before, after, 3, padding=1, bias=False),
        nn.BatchNorm2d(after),
        nn.ReLU(inplace=True),
    )
