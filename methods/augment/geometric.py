"""Crops, flips and quarter turns of batches as stored, of any bands."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from methods.augment import select


def crop_resize(images: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Cut a box out of each image and resize it, bilinear with antialiasing, as Pillow does.

    Args:
        images: uint8, or float with the values of uint16, B x C x H x W.
        boxes: top, left, height, width in pixels, on the CPU, B x 4.
        size: side of the result, pixels.

    Returns:
        Of the same type, B x C x size x size; uint8 is rounded as Pillow rounds.
    """
    if images.is_cuda:
        return _crop_resize_by_matrix(images, boxes, size)
    result = torch.empty(*images.shape[:2], size, size, dtype=images.dtype)
    for i, (top, left, height, width) in enumerate(boxes.tolist()):
        crop = images[i : i + 1, :, top : top + height, left : left + width]
        result[i] = functional.interpolate(crop, size=(size, size), mode="bilinear", antialias=True)[0]
    return result


def _crop_resize_by_matrix(images: Tensor, boxes: Tensor, size: int) -> Tensor:
    """The same as two matrix products a batch: one kernel launch for all samples instead of some for each."""
    device = images.device
    rows = resize_matrix(boxes[:, 0], boxes[:, 2], images.shape[2], size).to(device, non_blocking=True)
    columns = resize_matrix(boxes[:, 1], boxes[:, 3], images.shape[3], size).to(device, non_blocking=True)
    pixels = rows[:, None] @ images.float() @ columns[:, None].transpose(2, 3)
    return pixels if images.is_floating_point() else pixels.round_().clamp_(0, 255).to(torch.uint8)


def resize_matrix(start: Tensor, length: Tensor, source: int, size: int) -> Tensor:
    """Weights that cut [start, start + length) out of a line of pixels and resize it, antialiased.

    Args:
        start: of the cut of each sample, pixels, int64, B.
        length: of the cut of each sample, pixels, int64, B.
        source: length of the line, pixels.
        size: length of the result, pixels.

    Returns:
        Rows sum to one, float32, B x size x source.
    """
    scale = (length / size)[:, None, None]
    # Triangle filter of Pillow and torch: as wide as an output pixel when shrinking, one input pixel when enlarging.
    reach = scale.clamp_min(1.0)
    centre = (torch.arange(size)[None, :, None] + 0.5) * scale
    position = torch.arange(source)[None, None, :] - start[:, None, None] + 0.5
    weights = (1 - (position - centre).abs() / reach).clamp_min(0)
    inside = (position > 0) & (position < length[:, None, None])
    weights = weights * inside
    return weights / weights.sum(dim=2, keepdim=True)


def flip(images: Tensor, left_right: Tensor, up_down: Tensor) -> None:
    """Mirror the chosen samples; the masks are bool, B, on the CPU."""
    for mask, axis in ((left_right, 3), (up_down, 2)):
        select.change(images, mask, partial(torch.flip, dims=(axis,)))


def quarter_turns(images: Tensor, turns: Tensor) -> None:
    """Turn each square sample counter-clockwise by 0 to 3 quarters; `turns` is int64, B, on the CPU."""
    for quarters in (1, 2, 3):
        select.change(images, turns == quarters, partial(torch.rot90, k=quarters, dims=(2, 3)))
