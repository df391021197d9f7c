"""Heads of MMSegmentation on several maps of a backbone: Semantic FPN, UPerNet and a linear layer."""

from typing import Any

from mmseg.models import EncoderDecoder
from mmseg.models.decode_heads import FCNHead, FPNHead, UPerHead
from mmseg.models.necks import FPN
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from bench.backbones import Maps
from bench.metrics.confusion import IGNORE
from tasks.heads import options
from tasks.heads.labelled_pixels import LabelledPixels, cross_entropy, model
from tasks.heads.options import levels_from
from tasks.heads.parts import Parts


class LoneBatchNorm(nn.BatchNorm2d):
    """Batch norm that keeps to its running statistics where a batch holds a single value a channel.

    So does pyramid pooling of one image, which a pass over the samples may leave for its last batch: it has no variance,
    and torch refuses it.
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Normalise B x C x H x W."""
        if self.training and input.numel() == input.shape[1]:
            return batch_norm(input, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(input)


class SemanticFPNHead(LabelledPixels, FPNHead):
    """The head of Semantic FPN."""


class UPerNetHead(LabelledPixels, UPerHead):
    """UPerNet's head."""


class SmallFCNHead(LabelledPixels, FCNHead):
    """MMSegmentation's FCN, in the sizes of an auxiliary head and of a linear layer."""


def fpn(pyramid: Maps, classes: int, options: options.PixelFPN) -> Parts:
    """Semantic FPN (Kirillov et al., CVPR 2019), as MMSegmentation's `fpn_r50`."""
    levels = levels_from(pyramid)
    neck = {
        "type": FPN,
        "in_channels": [pyramid.channels[level] for level in levels],
        "out_channels": options.pyramid,
        "num_outs": len(levels),
    }
    head = {
        "type": SemanticFPNHead,
        "in_channels": [options.pyramid] * len(levels),
        "in_index": list(range(len(levels))),
        "feature_strides": [pyramid.strides[level] for level in levels],
        **_shared(options.channels, classes, options.dropout),
    }
    return Parts(EncoderDecoder, levels, model(head, neck=neck), "mmseg")


def upernet(pyramid: Maps, classes: int, options: options.UPerNet) -> Parts:
    """UPerNet (Xiao et al., ECCV 2018), as MMSegmentation's `upernet_r50`."""
    levels = levels_from(pyramid)
    channels = [pyramid.channels[level] for level in levels]
    head = {
        "type": UPerNetHead,
        "in_channels": channels,
        "in_index": list(range(len(levels))),
        "pool_scales": (1, 2, 3, 6),
        **_shared(options.channels, classes, options.dropout),
    }
    if not options.auxiliary:
        return Parts(EncoderDecoder, levels, model(head), "mmseg")
    auxiliary = {
        "type": SmallFCNHead,
        "in_channels": channels[-2],
        "in_index": len(levels) - 2,
        "num_convs": 1,
        "concat_input": False,
        # Half of the head's, as in MMSegmentation.
        **_shared(max(1, options.channels // 2), classes, options.dropout, weight=options.auxiliary),
    }
    return Parts(EncoderDecoder, levels, model(head, auxiliary_head=auxiliary), "mmseg")


def linear(pyramid: Maps, classes: int, options: options.Linear) -> Parts:
    """One 1 x 1 convolution on the chosen maps, resized to the first of them and joined."""
    maps = range(len(pyramid.channels))
    levels = levels_from(pyramid) if options.levels is None else [maps[level] for level in options.levels]
    channels = [pyramid.channels[level] for level in levels]
    head = {
        "type": SmallFCNHead,
        "in_channels": channels,
        "in_index": list(range(len(levels))),
        "input_transform": "resize_concat",
        "num_convs": 0,
        "kernel_size": 1,
        "concat_input": False,
        **_shared(sum(channels), classes, dropout=0.0),
    }
    return Parts(EncoderDecoder, levels, model(head), "mmseg")


def _shared(channels: int, classes: int, dropout: float, weight: float = 1.0) -> dict[str, Any]:
    """What all heads of MMSegmentation take; the last layer keeps torch's own initialisation (docs/decisions/046)."""
    return {
        "channels": channels,
        "num_classes": classes,
        "out_channels": classes,
        "dropout_ratio": dropout,
        "norm_cfg": {"type": LoneBatchNorm},
        "align_corners": False,
        "ignore_index": IGNORE,
        "loss_decode": cross_entropy(weight),
        "init_cfg": None,
    }
