"""Colour operations on float batches, B x 3 x H x W in [0, 1], each sample with its own strength.

They follow torchvision's `ColorJitter` on Pillow images, without its rounding to whole grey levels in between.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from methods.augment import select
from methods.augment.draws import Jitter

# ITU-R 601 luma, the grey of Pillow and torchvision.
LUMA = (0.299, 0.587, 0.114)


def grey(images: Tensor) -> Tensor:
    """Grey value of each pixel, B x 1 x H x W."""
    red, green, blue = images.unbind(1)
    return (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2]).unsqueeze(1)


def brightness(images: Tensor, factor: Tensor) -> Tensor:
    """Scale towards black; `factor` is B x 1 x 1 x 1."""
    return images.mul_(factor).clamp_(0, 1)


def contrast(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with the image's mean grey."""
    mean = grey(images).mean(dim=(2, 3), keepdim=True)
    return images.mul_(factor).add_((1 - factor) * mean).clamp_(0, 1)


def saturation(images: Tensor, factor: Tensor) -> Tensor:
    """Blend with each pixel's grey."""
    pale = (1 - factor) * grey(images)
    return images.mul_(factor).add_(pale).clamp_(0, 1)


def hue(images: Tensor, turns: Tensor) -> Tensor:
    """Turn the hue in HSV space, which leaves each pixel's largest and smallest channel value as they are."""
    red, green, blue = images.unbind(1)
    low = torch.minimum(torch.minimum(red, green), blue)
    high = torch.maximum(torch.maximum(red, green), blue)
    chroma = high - low
    inverse = chroma.clamp_min(1e-6).reciprocal_()
    # Hue in sixths of a turn, from -1 to 5; a grey pixel gets an arbitrary one, which its chroma of 0 hides.
    angle = torch.where(
        high == red,
        (green - blue).mul_(inverse),
        torch.where(high == green, (blue - red).mul_(inverse).add_(2), (red - green).mul_(inverse).add_(4)),
    )
    angle.add_(turns.view(-1, 1, 1) * 6)
    for channel, own in enumerate((0.0, 2.0, 4.0)):
        # A channel is full within one sixth of its own hue and falls to nothing over the next sixth.
        distance = angle - own
        distance.sub_((distance / 6).round_().mul_(6)).abs_()
        images[:, channel] = distance.neg_().add_(2).clamp_(0, 1).mul_(chroma).add_(low)
    return images


OPERATIONS = (brightness, contrast, saturation, hue)


def apply_jitter(images: Tensor, drawn: Jitter) -> None:
    """Apply to each sample its operations in its order; changes `images`."""
    for position in range(4):
        for number, operation in enumerate(OPERATIONS):
            chosen = drawn.applied & (drawn.order[:, position] == number)
            if not chosen.any():
                continue
            factors = drawn.factors[chosen, number].view(-1, 1, 1, 1).to(images.device, non_blocking=True)
            select.change(images, chosen, partial(_with, operation, factors))


def _with(operation: Callable[[Tensor, Tensor], Tensor], factors: Tensor, images: Tensor) -> Tensor:
    return operation(images, factors)


def to_grey(images: Tensor) -> Tensor:
    """Put each pixel's grey value in place of its colours."""
    return grey(images).expand(-1, 3, -1, -1)


def solarise(images: Tensor) -> Tensor:
    """Invert the upper half of the range; Pillow inverts grey levels from 128 on, of 255."""
    return torch.where(images >= 128 / 255, 1 - images, images)
