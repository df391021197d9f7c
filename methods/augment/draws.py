"""Random parameters of the augmentations, one value a sample.

They are always drawn on the CPU, so that a seed gives the same views on every device; only pixels live elsewhere.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from bench.pretraining.views import JitterStrength


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Numbers from [low, high)."""
    return torch.rand(shape, generator=generator) * (high - low) + low


def chance(probability: float, count: int, generator: torch.Generator) -> Tensor:
    """Which samples an augmentation of this probability is applied to, bool, B."""
    return torch.rand(count, generator=generator) < probability


def crop_boxes(count: int, height: int, width: int, scale: tuple[float, float], generator: torch.Generator) -> Tensor:
    """Boxes of random resized crops, as torchvision's `RandomResizedCrop` draws them.

    Ten areas and aspect ratios are tried; the first that fits is taken, and the whole image where none does.

    Args:
        count: boxes to draw, B.
        height: of the images, pixels.
        width: of the images, pixels.
        scale: least and greatest share of the image's area.
        generator: on the CPU.

    Returns:
        Top, left, height and width in pixels, int64, B x 4.
    """
    area = height * width * uniform(*scale, (count, 10), generator)
    # 3/4 to 4/3 is torchvision's default; lightly does not change it.
    aspect = torch.exp(uniform(math.log(3 / 4), math.log(4 / 3), (count, 10), generator))
    widths = torch.sqrt(area * aspect).round().long()
    heights = torch.sqrt(area / aspect).round().long()
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    first = fits.int().argmax(dim=1, keepdim=True)
    some = fits.any(dim=1)
    box_height = torch.where(some, heights.gather(1, first).squeeze(1), height)
    box_width = torch.where(some, widths.gather(1, first).squeeze(1), width)
    top = (torch.rand(count, generator=generator) * (height - box_height + 1)).long()
    left = (torch.rand(count, generator=generator) * (width - box_width + 1)).long()
    return torch.stack((top, left, box_height, box_width), dim=1)


@dataclass(frozen=True)
class Jitter:
    """A drawn colour jitter.

    Attributes:
        applied: which samples are jittered, bool, B.
        order: for each sample the four operations in the order they are applied, int64, B x 4.
        factors: brightness, contrast and saturation as factors, hue as a shift in turns, B x 4.
    """

    applied: Tensor
    order: Tensor
    factors: Tensor


def jitter(count: int, strength: JitterStrength, probability: float, generator: torch.Generator) -> Jitter:
    """Draw a colour jitter for each sample, with an order of its own as torchvision does."""
    ranges = [
        (max(0.0, 1 - value), 1 + value) for value in (strength.brightness, strength.contrast, strength.saturation)
    ]
    ranges.append((-strength.hue, strength.hue))
    factors = torch.stack([uniform(low, high, (count,), generator) for low, high in ranges], dim=1)
    order = torch.rand((count, 4), generator=generator).argsort(dim=1)
    return Jitter(chance(probability, count, generator), order, factors)
