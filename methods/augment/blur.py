"""Gaussian blur, each sample with its own width."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from methods.augment import select

# At three standard deviations a Gaussian has fallen to 1% of its height.
REACH = 3.0


def gaussian_blur(images: Tensor, applied: Tensor, sigma: Tensor) -> None:
    """Blur the chosen samples; edges are repeated outwards, as Pillow does.

    Args:
        images: float, B x 3 x H x W; changed.
        applied: which samples, bool, B, on the CPU.
        sigma: standard deviation of each sample, pixels, B, on the CPU.
    """
    if applied.any():
        kernels = _kernels(sigma[applied]).to(images.device, non_blocking=True)
        select.change(images, applied, partial(_separable, kernels))


def _kernels(sigma: Tensor) -> Tensor:
    """One normalised kernel a sample, as long as the widest needs, B x taps."""
    radius = max(1, int(torch.ceil(REACH * sigma.max()).item()))
    offsets = torch.arange(-radius, radius + 1)
    weights = torch.exp(-0.5 * (offsets / sigma[:, None]) ** 2)
    return weights / weights.sum(dim=1, keepdim=True)


def _separable(kernel: Tensor, images: Tensor) -> Tensor:
    """Convolve rows, then columns, all channels of all samples as groups of one convolution."""
    count, channels, height, width = images.shape
    groups = count * channels
    radius = kernel.shape[1] // 2
    weight = kernel.repeat_interleave(channels, dim=0)
    planes = functional.pad(images.reshape(1, groups, height, width), (radius,) * 4, mode="replicate")
    planes = functional.conv2d(planes, weight.view(groups, 1, 1, -1), groups=groups)
    planes = functional.conv2d(planes, weight.view(groups, 1, -1, 1), groups=groups)
    return planes.view(count, channels, height, width)
