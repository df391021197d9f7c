"""Colour operations on float batches, B x C x H x W in [0, 1], each sample with its own strength.

On red, green and blue they follow torchvision's `ColorJitter` on Pillow images, without its rounding to whole grey levels
in between. With other bands the rule is: the bands named red, green and blue change as if they were alone. Brightness and
contrast change every other band too, contrast about the band's own mean; saturation, hue and grey leave it as it is. Where
red, green or blue is missing, saturation, hue and grey are left out, and contrast is about each band's own mean.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from methods.augment import select
from methods.augment.draws import Jitter

# ITU-R 601 luma, the grey of Pillow and torchvision.
LUMA = (0.299, 0.587, 0.114)

# Places of red, green and blue among the bands (`bench.core.bands.Bands.colours`).
Colours = tuple[int, int, int] | None


def grey(images: Tensor) -> Tensor:
    """Grey value of each pixel, B x 1 x H x W."""
    red, green, blue = images.unbind(1)
    return (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2]).unsqueeze(1)


def brightness(images: Tensor, factor: Tensor, colours: Colours) -> Tensor:
    """Scale towards black; `factor` is B x 1 x 1 x 1."""
    del colours
    return images.mul_(factor).clamp_(0, 1)


def contrast(images: Tensor, factor: Tensor, colours: Colours) -> Tensor:
    """Blend with the mean grey of red, green and blue, other bands with their own mean."""
    if _alone(images, colours):
        mean = grey(images).mean(dim=(2, 3), keepdim=True)
    else:
        mean = images.mean(dim=(2, 3), keepdim=True)
        if colours is not None:
            mean[:, list(colours)] = grey(images[:, list(colours)]).mean(dim=(2, 3), keepdim=True)
    return images.mul_(factor).add_((1 - factor) * mean).clamp_(0, 1)


def saturation(images: Tensor, factor: Tensor, colours: Colours) -> Tensor:
    """Blend red, green and blue with each pixel's grey."""
    return _on_colours(images, colours, partial(_saturation, factor))


def hue(images: Tensor, turns: Tensor, colours: Colours) -> Tensor:
    """Turn the hue in HSV space, which leaves each pixel's largest and smallest channel value as they are."""
    return _on_colours(images, colours, partial(_hue, turns))


def _alone(images: Tensor, colours: Colours) -> bool:
    """Whether the bands are red, green and blue, in this order."""
    return images.shape[1] == 3 and colours == (0, 1, 2)


def _on_colours(images: Tensor, colours: Colours, operation: select.Operation) -> Tensor:
    """Change the bands that are colours, B x 3 x H x W, and leave the others."""
    if _alone(images, colours):
        return operation(images)
    if colours is not None:
        images[:, list(colours)] = operation(images[:, list(colours)])
    return images


def _saturation(factor: Tensor, images: Tensor) -> Tensor:
    pale = (1 - factor) * grey(images)
    return images.mul_(factor).add_(pale).clamp_(0, 1)


def _hue(turns: Tensor, images: Tensor) -> Tensor:
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


def apply_jitter(images: Tensor, drawn: Jitter, colours: Colours) -> None:
    """Apply to each sample its operations in its order; changes `images`."""
    for position in range(4):
        for number, operation in enumerate(OPERATIONS):
            chosen = drawn.applied & (drawn.order[:, position] == number)
            if not chosen.any():
                continue
            factors = drawn.factors[chosen, number].view(-1, 1, 1, 1).to(images.device, non_blocking=True)
            select.change(images, chosen, partial(_with, operation, factors, colours))


def _with(
    operation: Callable[[Tensor, Tensor, Colours], Tensor], factors: Tensor, colours: Colours, images: Tensor
) -> Tensor:
    return operation(images, factors, colours)


def to_grey(images: Tensor, colours: Colours) -> Tensor:
    """Put each pixel's grey value in place of its red, green and blue."""
    return _on_colours(images, colours, lambda three: grey(three).expand(-1, 3, -1, -1))


def solarise(images: Tensor) -> Tensor:
    """Invert the upper half of the range; Pillow inverts grey levels from 128 on, of 255."""
    return torch.where(images >= 128 / 255, 1 - images, images)
