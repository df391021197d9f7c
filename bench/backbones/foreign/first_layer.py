"""The first layer of weights that were trained on other bands: by a stated rule, never by guess."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from bench.core.bands import Bands
from bench.core.errors import WeightsError

MEAN = "mean"
# The file's channel for each band of the images, or the mean for all of them.
Rule = Sequence[str] | Literal["mean"]


def adapt(weight: Tensor, images: Bands, channels: Sequence[str] | None, rule: Rule | None, source: str) -> Tensor:
    """A first convolution's weight for images of other bands.

    With a list, each band of the images takes the channel that stands in its place; `mean` in the list, or in place of
    it, is the mean over all of the file's channels, scaled by file channels over image bands where it stands for all, so
    that equal bands give the same answer. (timm's `adapt_input_conv` does so for one band.)

    Args:
        weight: O x C x k x k.
        images: the bands that the backbone sees, as many as the result has.
        channels: names of the C channels in order; None where the file's are not known.
        rule: the channel for each band, or `mean`; None where channels and bands are as many and in one order.
        source: of the weights, for messages.

    Returns:
        O x bands x k x k.

    Raises:
        WeightsError: no rule is stated and one is needed, or it does not fit; the message says what to write.
    """
    count = weight.shape[1]
    if channels is not None and len(channels) != count:
        raise WeightsError(
            f"{source}: channels names {len(channels)}, the first layer takes {count}: name each in order"
        )
    if rule is None:
        if count == len(images):
            return weight
        shown = ", ".join(f"<channel of {name}>" for name in images.names)
        raise WeightsError(
            f"{source}: the first layer takes {count} channels, the images have {images}: state `channels: [<{count} "
            f"names>]` and `bands: [{shown}]`, such as [B4, B3, B2], or `bands: mean`"
        )
    mean = weight.mean(dim=1, keepdim=True)
    if rule == MEAN:
        return mean.repeat(1, len(images), 1, 1) * (count / len(images))
    if len(rule) != len(images):
        raise WeightsError(f"{source}: bands names {len(rule)}, the images have {images}: name one for each")
    return torch.cat([mean if name == MEAN else weight[:, [at]] for name, at in _places(rule, channels, source)], dim=1)


def _places(rule: Sequence[str], channels: Sequence[str] | None, source: str) -> list[tuple[str, int]]:
    names = list(channels or ())
    unknown = next((name for name in rule if name != MEAN and name not in names), None)
    if unknown is not None:
        known = (
            f"choose from {', '.join(names)}"
            if names
            else "state `channels`, the names of the file's channels in order"
        )
        raise WeightsError(f"{source}: bands names {unknown!r}, which is no channel of the file: {known}")
    return [(name, names.index(name) if name in names else -1) for name in rule]


def pick(values: Sequence[float], channels: Sequence[str] | None, rule: Rule | None, bands: int) -> tuple[float, ...]:
    """Input statistics of the file's channels as those of the images' bands, by the same rule."""
    mean = sum(values) / len(values)
    if rule is None:
        return tuple(values)
    if rule == MEAN:
        return (mean,) * bands
    return tuple(mean if name == MEAN else values[at] for name, at in _places(rule, channels, "input statistics"))
