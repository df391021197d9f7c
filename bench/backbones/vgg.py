"""VGG-16 (Simonyan and Zisserman, ICLR 2015) as torchvision builds it, without batch norm and classifier."""

from torch import Tensor, nn
from torchvision.models import VGG
from torchvision.models.vgg import cfgs, make_layers

from bench.backbones.pyramid import Backbone

# Position of the max pooling that ends each of the second to fifth block in torchvision's `features`.
POOLS = (9, 16, 23, 30)


class VGGPyramid(VGG, Backbone):
    """Feature maps after the second to fifth max pooling, strides 4, 8, 16, 32."""

    features: nn.Sequential
    strides = (4, 8, 16, 32)
    channels = (128, 256, 512, 512)
    classifier_prefix = "classifier."
    stem = "features.4"
    stem_channels = 64

    def __init__(self) -> None:
        super().__init__(make_layers(cfgs["D"]))
        del self.classifier
        del self.avgpool

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to the four blocks' outputs."""
        x, maps = images, []
        for position, layer in enumerate(self.features):
            x = layer(x)
            if position in POOLS:
                maps.append(x)
        return tuple(maps)


def vgg16() -> Backbone:
    """VGG-16: 512 channels at stride 32."""
    return VGGPyramid()
