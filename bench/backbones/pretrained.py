"""A pretrained network together with what its input is normalised with, so that it can be fed with images."""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from bench.backbones import weights
from bench.backbones.normalisation import Normalisation
from bench.backbones.pyramid import Backbone

# What an image of a type is divided by: the largest value that it holds.
LARGEST = {torch.uint8: 255, torch.uint16: 65535}


class Pretrained(nn.Module):
    """A backbone that normalises its images itself.

    Attributes:
        backbone: the network, whose `state_dict` has its library's names; it takes normalised images.
        input: mean, standard deviation and name of each band, for images in [0, 1].
    """

    mean: Tensor
    std: Tensor

    def __init__(self, backbone: Backbone, statistics: Normalisation) -> None:
        super().__init__()
        self.backbone = backbone
        self.input = statistics
        for name, values in (("mean", statistics.mean), ("std", statistics.std)):
            # They go to a device with the network, and are no weights.
            self.register_buffer(name, torch.tensor(values).view(1, -1, 1, 1), persistent=False)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """The network of a folder of weights, in evaluation mode.

        Args:
            folder: with weights and their card.
            name: of the backbone.

        Raises:
            WeightsError: they are absent, broken, or of another backbone.
        """
        kept = weights.load(folder)
        loaded = cls(weights.restore(name, kept.state, str(folder)), kept.input)
        loaded.eval()
        return loaded

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each feature map, finest first."""
        return self.backbone.channels

    @property
    def strides(self) -> tuple[int, ...]:
        """Input pixels per feature-map pixel, of each map."""
        return self.backbone.strides

    def normalise(self, images: Tensor) -> Tensor:
        """Images as the network was trained on them.

        Args:
            images: B x bands x H x W, floating point in [0, 1], or of 8 or 16 bits without sign.

        Raises:
            ValueError: they have another number of bands, or another type.
        """
        if images.dim() != 4 or images.shape[1] != len(self.input.bands):
            bands = ", ".join(self.input.bands)
            raise ValueError(f"images are B x {len(self.input.bands)} x H x W ({bands}), not {tuple(images.shape)}")
        if not images.is_floating_point() and images.dtype not in LARGEST:
            raise ValueError(f"images are floating point in [0, 1], uint8 or uint16, not {images.dtype}")
        scaled = images.to(self.mean.dtype) / LARGEST.get(images.dtype, 1)
        return (scaled - self.mean) / self.std

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Feature maps of images as `normalise` takes them: B x C_i x H/s_i x W/s_i, finest first."""
        maps: tuple[Tensor, ...] = self.backbone(self.normalise(images))
        return maps

    def pooled(self, images: Tensor) -> Tensor:
        """One vector an image, B x C, as the network's own classifier reads it."""
        return self.backbone.pooled(self.normalise(images))
