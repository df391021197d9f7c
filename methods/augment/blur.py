"""Gaussian blur, each sample with its own width."""

from functools import partial

import torch
from torch import Tensor

from methods.augment import select

# At three standard deviations a Gaussian has fallen to 1% of its height.
REACH = 3.0


def gaussian_blur(images: Tensor, applied: Tensor, sigma: Tensor, radius: Tensor | None = None) -> None:
    """Blur the chosen samples; edges are repeated outwards, as Pillow does.

    Args:
        images: float, B x C x H x W; changed.
        applied: which samples, bool, B, on the CPU.
        sigma: standard deviation of each sample, pixels, B, on the CPU.
        radius: reach of each sample's kernel, pixels, int64, B, on the CPU; None for as far as the Gaussian goes.
    """
    if applied.any():
        reach = None if radius is None else radius[applied]
        rows, columns = (
            blur_matrix(sigma[applied], length, reach).to(images.device, non_blocking=True)
            for length in images.shape[2:]
        )
        select.change(images, applied, partial(_separable, rows, columns))


def blur_matrix(sigma: Tensor, length: int, radius: Tensor | None = None) -> Tensor:
    """Weights that blur a line of pixels.

    The products with it do more arithmetic than a convolution with the few weights that are not zero, and are several
    times as fast (docs/decisions/030).

    Args:
        sigma: standard deviation of each sample, pixels, B.
        length: of the line, pixels.
        radius: reach of each sample's kernel, pixels, int64, B; None for three standard deviations of the widest.

    Returns:
        Rows sum to one, float32, B x length x length.
    """
    # One reach for all, that of the widest.
    widest = max(1, int(torch.ceil(REACH * sigma.max()).item())) if radius is None else int(radius.max())
    offsets = torch.arange(-widest, widest + 1)
    weights = torch.exp(-0.5 * (offsets / sigma[:, None]) ** 2)
    if radius is not None:
        weights = weights * (offsets.abs() <= radius[:, None])
    weights = weights / weights.sum(dim=1, keepdim=True)
    # What would come from beyond an edge comes from its last pixel.
    sources = (torch.arange(length)[:, None] + offsets).clamp(0, length - 1)
    matrix = torch.zeros(len(sigma), length, length)
    return matrix.scatter_add_(2, sources.expand(len(sigma), -1, -1), weights[:, None].expand(-1, length, -1))


def _separable(rows: Tensor, columns: Tensor, images: Tensor) -> Tensor:
    return rows[:, None] @ images @ columns[:, None].transpose(2, 3)
