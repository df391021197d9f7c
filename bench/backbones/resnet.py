"""ResNet (He et al., CVPR 2016) as torchvision builds it, without the classifier."""

from torch import Tensor, nn
from torchvision.models import ResNet
from torchvision.models.resnet import BasicBlock, Bottleneck

from bench.backbones.pyramid import Backbone
from bench.backbones.small_maps import gather_small_maps


class ResNetPyramid(ResNet, Backbone):
    """Feature maps after each of the four stages, strides 4, 8, 16, 32."""

    conv1: nn.Module
    bn1: nn.Module
    relu: nn.Module
    maxpool: nn.Module
    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module
    strides = (4, 8, 16, 32)
    classifier_prefix = "fc."
    stem = "maxpool"
    stem_channels = 64

    def __init__(self, block: type[BasicBlock | Bottleneck], layers: list[int]) -> None:
        super().__init__(block, layers)
        del self.fc
        gather_small_maps(self)
        self.channels = tuple(width * block.expansion for width in (64, 128, 256, 512))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map normalised images B x 3 x H x W to the four stages' outputs."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
            maps.append(x)
        return tuple(maps)


def resnet18() -> Backbone:
    """ResNet-18: 512 channels at stride 32."""
    return ResNetPyramid(BasicBlock, [2, 2, 2, 2])


def resnet50() -> Backbone:
    """ResNet-50: 2048 channels at stride 32."""
    return ResNetPyramid(Bottleneck, [3, 4, 6, 3])
