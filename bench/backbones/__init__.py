"""The backbones registry: every network that can be pretrained, listed without importing torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from bench.core.registry import Registry, Spec

if TYPE_CHECKING:
    from bench.backbones.pyramid import Backbone


@dataclass(frozen=True)
class Stem:
    """What a network does before its first stage.

    Attributes:
        module: name of the submodule whose output is the stem's.
        channels: channels of that output.
        axis: its axis of channels, 1 or 3.
    """

    module: str
    channels: int
    axis: int = 1


@dataclass(frozen=True)
class Transformer:
    """What is known of a plain vision transformer, all of whose maps have the stride of its patches.

    Attributes:
        patch: side of a patch, pixels.
        depth: number of blocks.
        pooling: what one vector an image is read from: the class `token`, the mean of the patches (`avg`), or another
            of timm's words.
        maskable: whether it can be given some of an image's patches alone: their positions are vectors that are added.
    """

    patch: int
    depth: int
    pooling: str
    maskable: bool


class Maps(NamedTuple):
    """Feature maps, finest first.

    Attributes:
        channels: of each map.
        strides: input pixels per map pixel, of each map.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]


# Strides of a simple feature pyramid and the most channels of its maps (Li et al., ViTDet, ECCV 2022, section 3).
SIMPLE_STRIDES, SIMPLE_CHANNELS = (4, 8, 16, 32), 256


@dataclass(frozen=True, kw_only=True)
class BackboneSpec(Spec):
    """One network.

    Attributes:
        factory: `module:function` of `(bands) -> bench.backbones.pyramid.Backbone`.
        channels: channels of each feature map, finest first.
        strides: input pixels per feature-map pixel, of each map.
        transformer: of a plain vision transformer, what it is made of; None of all others.
        stem: where its stem ends; None where that is not known, and methods that change the stem's output refuse it.
        batch_norm: whether it has batch norm, whose statistics can be taken from images.
        left_out: beginnings of the names that the library's full model has and the backbone leaves out.
        published: torchvision's name of the network whose published weights it takes; None where there are none.
        library: distribution that the network comes from, named with its version in every record.
        formats: libraries that weights can be written for, each with the `module:function` that renames a state_dict,
            or with "" where the names stay.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    transformer: Transformer | None = None
    stem: Stem | None = None
    batch_norm: bool = True
    left_out: tuple[str, ...] = ()
    published: str | None = None
    library: str = "torch"
    formats: Mapping[str, str] = field(default_factory=dict)

    @property
    def maps(self) -> Maps:
        """What a task offers its heads: the network's own maps; of a plain transformer a simple feature pyramid."""
        if self.transformer is None:
            return Maps(self.channels, self.strides)
        width = min(SIMPLE_CHANNELS, self.channels[-1])
        return Maps((width,) * len(SIMPLE_STRIDES), SIMPLE_STRIDES)

    def make(self, bands: int) -> "Backbone":
        """The network for images of so many bands."""
        backbone: Backbone = self.load()(bands)
        return backbone


# torchvision's names of ResNet and VGG are those of timm, and of OpenMMLab's plain `ResNet` and mmcv's `VGG`.
SAME_NAMES = dict.fromkeys(("torchvision", "timm", "mmseg", "mmdet"), "")
SWIN_NAMES = {
    "torchvision": "",
    "timm": "bench.backbones.export:swin_to_timm",
    "mmseg": "bench.backbones.export:swin_to_openmmlab",
    "mmdet": "bench.backbones.export:swin_to_openmmlab",
}

_BUILTIN = [
    BackboneSpec(
        name="resnet18",
        summary="ResNet-18 (He et al., Deep Residual Learning, CVPR 2016).",
        factory="bench.backbones.from_torchvision:resnet18",
        channels=(64, 128, 256, 512),
        strides=(4, 8, 16, 32),
        stem=Stem("maxpool", 64),
        left_out=("fc.",),
        published="resnet18",
        formats=SAME_NAMES,
    ),
    BackboneSpec(
        name="resnet50",
        summary="ResNet-50 (He et al., Deep Residual Learning, CVPR 2016).",
        factory="bench.backbones.from_torchvision:resnet50",
        channels=(256, 512, 1024, 2048),
        strides=(4, 8, 16, 32),
        stem=Stem("maxpool", 64),
        left_out=("fc.",),
        published="resnet50",
        formats=SAME_NAMES,
    ),
    BackboneSpec(
        name="vgg16",
        summary="VGG-16 without batch norm (Simonyan and Zisserman, VGG, ICLR 2015).",
        factory="bench.backbones.from_torchvision:vgg16",
        channels=(128, 256, 512, 512),
        strides=(4, 8, 16, 32),
        stem=Stem("features.4", 64),
        batch_norm=False,
        left_out=("classifier.",),
        published="vgg16",
        formats=SAME_NAMES,
    ),
    BackboneSpec(
        name="squeezenet1_1",
        summary="SqueezeNet 1.1, small and without stride 32 (Iandola et al., SqueezeNet, 2016).",
        factory="bench.backbones.from_torchvision:squeezenet1_1",
        channels=(64, 128, 256, 512),
        strides=(2, 4, 8, 16),
        stem=Stem("features.2", 64),
        batch_norm=False,
        left_out=("classifier.",),
        published="squeezenet1_1",
        formats={"torchvision": ""},
    ),
    BackboneSpec(
        name="swin_t",
        summary="Swin-T, a transformer of shifted windows (Liu et al., Swin Transformer, ICCV 2021).",
        factory="bench.backbones.from_torchvision:swin_t",
        channels=(96, 192, 384, 768),
        strides=(4, 8, 16, 32),
        stem=Stem("features.0", 96, axis=3),
        batch_norm=False,
        left_out=("head.",),
        published="swin_t",
        formats=SWIN_NAMES,
    ),
    # The demo's: it stands here so that a command that only reads names need not import timm.
    BackboneSpec(
        name="timm:test_resnet",
        summary="timm's smallest ResNet, 0.37 M parameters.",
        factory="bench.backbones.from_timm:test_resnet",
        channels=(32, 48, 192, 96),
        strides=(4, 8, 16, 32),
        stem=Stem("network.maxpool", 32),
        left_out=("fc.bias", "fc.weight"),
        library="timm",
        formats={"timm": ""},
    ),
]

# Any other name that begins so is looked up in timm, which imports torch.
FAMILIES = {"timm:": "bench.backbones.from_timm:find"}

registry = Registry("backbones", "backbone", _BUILTIN, FAMILIES, listed_by="bench backbones")

# One vector an image, in place of a pyramid: such a network belongs to one method (`MethodSpec.network`), is never
# trained and can only be probed. So no study names it, and `bench backbones` does not list it.
_FEATURES = [
    BackboneSpec(
        name="image-stats",
        summary="Colour and texture statistics of an image; 30 of three bands.",
        factory="bench.backbones.image_stats:ImageStatistics",
        channels=(30,),
        strides=(),
        batch_norm=False,
    ),
    BackboneSpec(
        name="mosaiks",
        summary="Random convolutional features of 512 patches (Rolf et al., MOSAIKS, Nature Communications 2021).",
        factory="bench.backbones.mosaiks:RandomConvolutionalFeatures",
        channels=(1024,),
        strides=(),
        batch_norm=False,
    ),
]

features = Registry("features", "feature network", _FEATURES)


def get(name: str) -> BackboneSpec:
    """A backbone, or a feature network.

    Raises:
        StudyError: there is no backbone of this name.
    """
    return features.all().get(name) or registry.get(name)


def build(name: str, bands: int = 3) -> "Backbone":
    """Build a backbone with its own default initialisation, drawn from torch's global generator.

    Args:
        name: of a backbone or a feature network.
        bands: bands of its images; the first layer is made for them.

    Raises:
        StudyError: there is no backbone of this name.
    """
    from bench.backbones.small_maps import gather_small_maps

    spec = get(name)
    backbone = spec.make(bands)
    backbone.spec, backbone.bands = spec, bands
    gather_small_maps(backbone)
    return backbone


def outline(name: str, bands: int = 3) -> "Backbone":
    """A backbone on torch's meta device, without values and without a draw: for its names and shapes."""
    import torch

    with torch.device("meta"):
        return build(name, bands)
