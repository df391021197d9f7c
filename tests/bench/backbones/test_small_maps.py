"""Gathering small maps is the same convolution."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from bench import backbones
from bench.backbones import small_maps


@pytest.mark.parametrize("side", [(1, 1), (2, 2), (3, 5), (4, 4)])
def test_the_product_and_its_gradients_equal_the_convolutions(side):
    generator = torch.Generator().manual_seed(0)
    images = torch.randn((2, 4, *side), generator=generator, dtype=torch.float64, requires_grad=True)
    weight = torch.randn((5, 4, 3, 3), generator=generator, dtype=torch.float64, requires_grad=True)
    results = [functional.conv2d(images, weight, padding=1), small_maps.convolve_by_product(images, weight)]
    assert torch.allclose(*results)
    seed = torch.randn(results[0].shape, generator=generator, dtype=torch.float64)
    gradients = [torch.autograd.grad(result, (images, weight), seed) for result in results]
    for expected, found in zip(*gradients, strict=True):
        assert torch.allclose(expected, found)


def test_in_full_precision_a_resnet_is_bit_for_bit_torchvisions():
    """Only bf16 on a CPU gathers; there the difference is that of bf16's rounding."""
    torch.manual_seed(0)
    backbone = backbones.build("resnet18").eval()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        gathered = [m for m in backbone.modules() if isinstance(m, small_maps.SmallMapConv2d)]
        full = backbone(images)[-1]
        with torch.autocast("cpu", dtype=torch.bfloat16):
            quick = backbone(images)[-1].float()
        for module in gathered:
            module.__class__ = nn.Conv2d
        assert torch.equal(full, backbone(images)[-1])
    # 13 of 17 3x3 convolutions have stride 1.
    assert len(gathered) == 13
    assert (quick - full).abs().mean() < 0.02 * full.abs().mean()
