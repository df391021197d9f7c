"""SqueezeNet 1.1 (Iandola et al. 2016) as torchvision builds it, without the classifier."""

from torch import Tensor, nn
from torchvision.models import SqueezeNet

from bench.backbones.pyramid import Backbone

# Position in torchvision's `features` of the last layer at each stride: after the stem, and before each pooling.
ENDS = (1, 4, 7, 12)


class SqueezeNetPyramid(SqueezeNet, Backbone):
    """Feature maps at strides 2, 4, 8, 16; the network has no stride 32.

    The stem's convolution has no padding and the poolings round up, so a map can be one pixel smaller than H/stride.
    """

    features: nn.Sequential
    strides = (2, 4, 8, 16)
    channels = (64, 128, 256, 512)
    classifier_prefix = "classifier."
    stem = "features.2"
    stem_channels = 64

    def __init__(self) -> None:
        super().__init__("1_1")
        del self.classifier

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to four feature maps."""
        x, maps = images, []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in ENDS:
                maps.append(x)
        return tuple(maps)


def squeezenet1_1() -> Backbone:
    """SqueezeNet 1.1: 512 channels at stride 16."""
    return SqueezeNetPyramid()
