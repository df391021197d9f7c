"""Networks as torchvision builds them, without their classifiers; the names of their weights are torchvision's."""

from torch import Tensor, nn
from torchvision.models import VGG, ResNet, SqueezeNet, SwinTransformer
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.vgg import cfgs, make_layers

from bench.backbones.pyramid import Backbone, StoppingBackbone

# Position in torchvision's `features` of the last layer of each map: VGG's second to fifth max pooling; SqueezeNet's
# stem and the layer before each pooling; Swin's stages, between two of which stands a patch merging.
VGG_POOLS = (9, 16, 23, 30)
SQUEEZENET_ENDS = (1, 4, 7, 12)
SWIN_STAGES = (1, 3, 5, 7)


class ResNetPyramid(ResNet, StoppingBackbone):
    """ResNet (He et al., CVPR 2016): feature maps after each of the four stages."""

    conv1: nn.Module
    bn1: nn.Module
    relu: nn.Module
    maxpool: nn.Module
    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module

    def __init__(self, block: type[BasicBlock | Bottleneck], layers: list[int], bands: int) -> None:
        super().__init__(block, layers)
        del self.fc
        if bands != 3:
            nn.init.kaiming_normal_(_take_bands(self, "conv1", bands).weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to the outputs of the four stages, or of the first `count`."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4)[:count]:
            x = stage(x)
            maps.append(x)
        return tuple(maps)


class VGGPyramid(VGG, StoppingBackbone):
    """VGG (Simonyan and Zisserman, ICLR 2015) without batch norm: maps after the second to fifth max pooling."""

    features: nn.Sequential

    def __init__(self, layers: list[str | int], bands: int) -> None:
        super().__init__(make_layers(layers))
        del self.classifier
        del self.avgpool
        if bands != 3:
            first = _take_bands(self, "features.0", bands)
            nn.init.kaiming_normal_(first.weight, mode="fan_out", nonlinearity="relu")
            nn.init.constant_(first.get_parameter("bias"), 0)

    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to the outputs of the four blocks, or of the first `count`."""
        x, maps = images, []
        for position, layer in enumerate(self.features[: _end(VGG_POOLS, count)]):
            x = layer(x)
            if position in VGG_POOLS:
                maps.append(x)
        return tuple(maps)


class SqueezeNetPyramid(SqueezeNet, StoppingBackbone):
    """SqueezeNet 1.1 (Iandola et al. 2016): feature maps at strides 2, 4, 8, 16; the network has no stride 32.

    The stem's convolution has no padding and the poolings round up, so a map can be one pixel smaller than H/stride.
    """

    features: nn.Sequential

    def __init__(self, bands: int) -> None:
        super().__init__("1_1")
        del self.classifier
        if bands != 3:
            first = _take_bands(self, "features.0", bands)
            nn.init.kaiming_uniform_(first.weight)
            nn.init.constant_(first.get_parameter("bias"), 0)

    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to four feature maps, or the finest `count`."""
        x, maps = images, []
        for position, layer in enumerate(self.features[: _end(SQUEEZENET_ENDS, count)]):
            x = layer(x)
            if position in SQUEEZENET_ENDS:
                maps.append(x)
        return tuple(maps)


class SwinPyramid(SwinTransformer, StoppingBackbone):
    """Swin (Liu et al., ICCV 2021): maps after each of the four stages; the last is normalised as before the head."""

    features: nn.Sequential
    norm: nn.Module

    def __init__(self, bands: int) -> None:
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
        if bands != 3:
            _take_bands(self, "features.0.0", bands)  # torchvision keeps the draw of nn.Conv2d

    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to the outputs of the four stages, or of the first `count`."""
        x, maps = images, []
        for position, layer in enumerate(self.features[: _end(SWIN_STAGES, count)]):
            x = layer(x)
            if position == SWIN_STAGES[-1]:
                x = self.norm(x)
            if position in SWIN_STAGES:
                maps.append(x.permute(0, 3, 1, 2))
        return tuple(maps)


def resnet18(bands: int) -> Backbone:
    """ResNet-18: 512 channels at stride 32."""
    return ResNetPyramid(BasicBlock, [2, 2, 2, 2], bands)


def resnet50(bands: int) -> Backbone:
    """ResNet-50: 2048 channels at stride 32."""
    return ResNetPyramid(Bottleneck, [3, 4, 6, 3], bands)


def vgg16(bands: int) -> Backbone:
    """VGG-16: 512 channels at stride 32."""
    return VGGPyramid(cfgs["D"], bands)


def squeezenet1_1(bands: int) -> Backbone:
    """SqueezeNet 1.1: 512 channels at stride 16."""
    return SqueezeNetPyramid(bands)


def swin_t(bands: int) -> Backbone:
    """Swin-T: 768 channels at stride 32."""
    return SwinPyramid(bands)


def _end(ends: tuple[int, ...], count: int | None) -> int:
    """How many layers give so many maps, by the position of each map's last layer."""
    return ends[:count][-1] + 1


def _take_bands(network: nn.Module, first: str, bands: int) -> nn.Conv2d:
    """Give a network's first convolution weights for another number of bands, drawn as `nn.Conv2d` draws them."""
    convolution = network.get_submodule(first)
    assert isinstance(convolution, nn.Conv2d)
    convolution.in_channels = bands
    shape = convolution.weight.shape
    convolution.weight = nn.Parameter(convolution.weight.new_empty(shape[0], bands, *shape[2:]))
    convolution.reset_parameters()
    return convolution
