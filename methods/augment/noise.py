"""Gaussian noise, each sample from a generator of its own."""

import torch
from torch import Tensor


def add_noise(images: Tensor, applied: Tensor, seeds: Tensor, sigma: Tensor) -> None:
    """Add noise to the chosen samples and keep them in [0, 1].

    Args:
        images: float, B x C x H x W in [0, 1]; changed.
        applied: which samples, bool, B, on the CPU.
        seeds: of each sample's noise, int64, B, on the CPU.
        sigma: standard deviation of each sample's noise, B, on the CPU.
    """
    for index in applied.nonzero().squeeze(1).tolist():
        generator = torch.Generator(images.device).manual_seed(int(seeds[index]))
        noise = torch.randn(images.shape[1:], generator=generator, device=images.device)
        images[index].add_(noise, alpha=float(sigma[index])).clamp_(0, 1)
