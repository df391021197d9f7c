"""The simple feature pyramid of ViTDet (Li et al., ECCV 2022, section 3): maps of several strides from one map."""

import math
from collections.abc import Sequence

from torch import Size, Tensor, nn
from torch.nn import functional


class SimpleFeaturePyramid(nn.Module):
    """Maps of several strides, each from the last map of a plain transformer alone.

    A finer map comes from deconvolutions of 2 x 2, each with half the channels of its input; a coarser one from max
    pooling. Each is followed by convolutions of 1 x 1 and 3 x 3. Norms are over channels.

    Args:
        in_channels: of the transformer's map.
        stride: of that map. Where it is no power of two, as 14, the map is interpolated to the nearest that is.
        strides: of the maps that are wanted, powers of two.
        channels: of every map that is given.
    """

    def __init__(self, in_channels: int, stride: int, strides: Sequence[int], channels: int) -> None:
        super().__init__()
        self.stride = 2 ** round(math.log2(stride))
        self.exact = self.stride == stride
        self.levels = nn.ModuleList(_level(in_channels, self.stride, wanted, channels) for wanted in strides)

    def forward(self, last: Tensor, size: Size) -> tuple[Tensor, ...]:
        """Map the transformer's map to maps of the wanted strides.

        Args:
            last: B x C x h x w, of the whole image.
            size: height and width of the image, pixels.

        Returns:
            B x channels x ceil(h 2^k) x ceil(w 2^k), k from the quotient of strides, finest first as they were asked for.
        """
        if not self.exact:
            grid = [-(-side // self.stride) for side in size]
            last = functional.interpolate(last, grid, mode="bilinear", antialias=True)
        return tuple(level(last) for level in self.levels)


def _level(in_channels: int, stride: int, wanted: int, channels: int) -> nn.Sequential:
    from timm.layers.norm import LayerNorm2d  # all of timm comes with it, which only transformers need

    layers: list[nn.Module] = []
    width = in_channels
    doublings = round(math.log2(stride / wanted))
    for left in reversed(range(max(0, doublings))):
        half = max(1, width // 2)
        layers.append(nn.ConvTranspose2d(width, half, kernel_size=2, stride=2))
        # The last deconvolution is followed by the convolutions below, which have a norm of their own.
        layers += [LayerNorm2d(half), nn.GELU()] if left else []
        width = half
    if doublings < 0:
        layers.append(nn.MaxPool2d(2**-doublings, ceil_mode=True))
    layers += [
        nn.Conv2d(width, channels, kernel_size=1, bias=False),
        LayerNorm2d(channels),
        nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=False),
        LayerNorm2d(channels),
    ]
    return nn.Sequential(*layers)
