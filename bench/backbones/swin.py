"""Swin-T (Liu et al., ICCV 2021) as torchvision builds it, without the classifier."""

from torch import Tensor, nn
from torchvision.models import SwinTransformer

from bench.backbones.pyramid import Backbone

# Position in torchvision's `features` of each stage; between two stages stands a patch merging.
STAGES = (1, 3, 5, 7)


class SwinPyramid(SwinTransformer, Backbone):
    """Feature maps after each of the four stages, strides 4, 8, 16, 32; the last is normalised as before the head."""

    features: nn.Sequential
    norm: nn.Module
    strides = (4, 8, 16, 32)
    channels = (96, 192, 384, 768)
    classifier_prefix = "head."
    stem = "features.0"
    stem_channels = 96
    stem_axis = 3

    def __init__(self) -> None:
        # Sizes of the published Swin-T; stochastic depth as torchvision trains it.
        super().__init__(
            patch_size=[4, 4],
            embed_dim=96,
            depths=[2, 2, 6, 2],
            num_heads=[3, 6, 12, 24],
            window_size=[7, 7],
            stochastic_depth_prob=0.2,
        )
        del self.head

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to the four stages' outputs."""
        x, maps = images, []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position == STAGES[-1]:
                x = self.norm(x)
            if position in STAGES:
                maps.append(x.permute(0, 3, 1, 2))
        return tuple(maps)


def swin_t() -> Backbone:
    """Swin-T: 768 channels at stride 32."""
    return SwinPyramid()
