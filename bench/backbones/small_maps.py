"""3x3 convolutions of very small feature maps in bf16 on a CPU, as one matrix product.

With tiles of 64 px the last stages work on 4 x 4 and 2 x 2 maps. There oneDNN's bf16 convolution spends its time
rearranging weights: on one core a 512 to 512 convolution of 128 maps of 2 x 2 takes 113 ms forward and backward, the
same as a matrix product of gathered neighbourhoods about a tenth of that (docs/decisions/031).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

# Largest map, in pixels, that is gathered; on larger ones the convolution is as good.
LARGEST = 16


class SmallMapConv2d(nn.Conv2d):
    """A 3x3 convolution of stride 1 that gathers small maps; parameters and their names are those of `nn.Conv2d`."""

    def forward(self, images: Tensor) -> Tensor:
        """Convolve B x C x H x W."""
        if images.device.type == "cpu" and images.shape[2] * images.shape[3] <= LARGEST and _in_bf16():
            return convolve_by_product(images, self.weight)
        return super().forward(images)


def _in_bf16() -> bool:
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


def convolve_by_product(images: Tensor, weight: Tensor) -> Tensor:
    """Convolve with a 3x3 kernel, one pixel of zeros around, by gathering each pixel's neighbourhood.

    Args:
        images: B x C x H x W.
        weight: O x C x 3 x 3.

    Returns:
        B x O x H x W, channels last.
    """
    height, width = images.shape[2:]
    padded = functional.pad(images.permute(0, 2, 3, 1), (0, 0, 1, 1, 1, 1))
    neighbours = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    product = functional.linear(torch.cat(neighbours, dim=3), weight.permute(0, 2, 3, 1).flatten(1))
    return product.permute(0, 3, 1, 2)


def gather_small_maps(network: nn.Module) -> None:
    """Let every plain 3x3 convolution of a network gather small maps; its parameters stay the same objects."""
    for module in network.modules():
        if type(module) is nn.Conv2d and _fits(module):
            # The subclass differs in `forward` alone, so changing the class keeps parameters, hooks and names.
            module.__class__ = SmallMapConv2d


def _fits(module: nn.Conv2d) -> bool:
    shape = (module.kernel_size, module.stride, module.padding, module.dilation)
    return shape == ((3, 3), (1, 1), (1, 1), (1, 1)) and module.groups == 1 and module.bias is None
