"""What every backbone offers: a pyramid of feature maps with known channels and strides."""

from abc import abstractmethod

from torch import Tensor, nn


class Backbone(nn.Module):
    """A network without its classifier, whose `state_dict` has torchvision's names.

    What its input is normalised with belongs to its weights (`bench.backbones.normalisation`), not to it.

    Attributes:
        name: name in the registry, so that a second network of the same kind can be built.
        channels: channels of each feature map, finest first.
        strides: input pixels per feature-map pixel, of each map.
        classifier_prefix: first part of the names that torchvision's full model has and the backbone leaves out.
        stem: name of the submodule whose output is the stem's.
        stem_channels: channels of that output.
        stem_axis: its axis of channels.
    """

    name: str
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    classifier_prefix: str
    stem: str
    stem_channels: int
    stem_axis: int = 1

    @abstractmethod
    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to feature maps B x C_i x H/s_i x W/s_i."""
