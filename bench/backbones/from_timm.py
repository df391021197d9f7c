"""Any network of timm that gives a pyramid of feature maps, or a plain transformer, as backbone `timm:<name>`."""

import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import timm
import torch
from timm.models import FeatureListNet
from torch import Tensor, nn

from bench.backbones import BackboneSpec, Stem, vision_transformer
from bench.backbones.pyramid import Backbone, StoppingBackbone
from bench.backbones.timm_network import PREFIX, TimmNetwork
from bench.core.errors import StudyError
from bench.core.suggest import among

# The coarsest maps that are handed on, as many as torchvision's networks have.
MAPS = 4
# Size of the image that a network is tried with; its sides differ, so that they can be told apart and from channels.
HEIGHT, WIDTH = 64, 96
BATCH_NORM = nn.modules.batchnorm._BatchNorm  # noqa: SLF001 - the common base has no public name
# What timm's networks raise, each in its own way, where they have no extractor or take another size of image.
REFUSALS = (RuntimeError, AssertionError, AttributeError, NotImplementedError, TypeError, ValueError)


@dataclass(frozen=True, kw_only=True)
class TimmSpec(BackboneSpec):
    """One of timm's networks.

    Attributes:
        arguments: of `timm.create_model`, besides the name.
        names: timm's own name of each module that its feature extractor calls otherwise.
    """

    arguments: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def make(self, bands: int) -> Backbone:
        """The feature extractor of timm for images of so many bands, with timm's own initialisation."""
        network = timm.create_model(
            self.name.removeprefix(PREFIX), features_only=True, pretrained=False, in_chans=bands, **self.arguments
        )
        backbone: Backbone = self.load()(network, self.names)
        return backbone


class TimmPyramid(TimmNetwork, StoppingBackbone):
    """The coarsest maps of timm's feature extractor, channels first; the names of its weights are timm's.

    Args:
        network: what `timm.create_model(..., features_only=True)` gives.
        names: as in `TimmSpec`.
    """

    def __init__(self, network: nn.Module, names: Mapping[str, str]) -> None:
        super().__init__(network, names)
        self._channels_last = str(getattr(network, "output_fmt", "")).endswith("NHWC")

    def forward(self, images: Tensor, count: int | None = None) -> tuple[Tensor, ...]:
        """Map normalised images B x bands x H x W to the coarsest maps, or the finest `count` of these."""
        maps = self._maps(images, count)
        return tuple(each.permute(0, 3, 1, 2) if self._channels_last else each for each in maps)

    def _maps(self, images: Tensor, count: int | None) -> list[Tensor]:
        if count is None or type(self.network) is not FeatureListNet:
            maps: list[Tensor] = self.network(images)
            return maps[-MAPS:][:count]
        x, maps, taken = images, [], self.network.return_layers
        finer = max(0, len(taken) - MAPS)
        for name, module in self.network.items():
            x = module(x)
            if name in taken:
                maps.append(x[0] if isinstance(x, (tuple, list)) else x)
            if len(maps) == finer + count:
                break
        return maps[finer:]


@functools.cache
def find(name: str) -> BackboneSpec:
    """The spec of one of timm's networks: maps and strides as timm states them, the rest as a trial shows it.

    A plain vision transformer has one map (`bench.backbones.vision_transformer`).

    Args:
        name: of the architecture, without `timm:` and without the tag of published weights.

    Raises:
        StudyError: timm has no such network, or it gives no pyramid of maps for images of any size.
    """
    known = timm.list_models()
    if name not in known:
        choice = among(PREFIX + name, (PREFIX + each for each in known))
        raise StudyError(f"unknown backbone {PREFIX + name!r}{choice}")
    with torch.device("meta"):
        full = timm.create_model(name, pretrained=False)
        if vision_transformer.is_plain(full):
            return vision_transformer.describe(name, full)
        takes = inspect.signature(type(full).__init__).parameters
        arguments = {"strict_img_size": False} if "strict_img_size" in takes else {}
        network = _extractor(name, arguments)
    info: Any = network.feature_info
    names = _renamed(full, network)
    trial = TimmPyramid(network, names)
    own, theirs = trial.state_dict(), full.state_dict()
    if any(key not in theirs or theirs[key].shape != value.shape for key, value in own.items()):
        raise StudyError(
            f"backbone {PREFIX}{name}: timm's extractor has weights that its network lacks: choose another"
        )
    channels, strides = (tuple(int(each) for each in of()[-MAPS:]) for of in (info.channels, info.reduction))
    _check_pyramid(name, strides)
    tapped = f"network.{_tapped(info, names)}"
    stem = _try(name, trial, tapped, [(c, HEIGHT // s, WIDTH // s) for c, s in zip(channels, strides, strict=True)])
    return TimmSpec(
        name=PREFIX + name,
        summary=f"{name} as timm builds it.",
        factory="bench.backbones.from_timm:TimmPyramid",
        channels=channels,
        strides=strides,
        stem=stem,
        batch_norm=any(isinstance(module, BATCH_NORM) for module in network.modules()),
        library="timm",
        left_out=tuple(sorted(theirs.keys() - own.keys())),
        formats={"timm": ""},
        arguments=arguments,
        names=names,
    )


def test_resnet(bands: int) -> Backbone:
    """Timm's smallest ResNet, which the registry lists without a look at timm."""
    return find("test_resnet").make(bands)


def _extractor(name: str, arguments: Mapping[str, Any]) -> nn.Module:
    try:
        network: nn.Module = timm.create_model(name, features_only=True, pretrained=False, **arguments)
    except REFUSALS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(
            f"backbone {PREFIX}{name}: timm extracts no feature maps from it ({reason}): choose another"
        ) from None
    return network


def _renamed(full: nn.Module, network: nn.Module) -> dict[str, str]:
    """The name in timm of each module that the extractor calls otherwise: it joins two levels, or puts one on top."""
    children = [name for name, _ in network.named_children()]
    if children == ["model"]:
        return {"model": ""}
    joined = {
        f"{name}_{child}": f"{name}.{child}"
        for name, module in full.named_children()
        for child, _ in module.named_children()
    }
    own = {name for name, _ in full.named_children()}
    return {name: joined[name] for name in children if name in joined and name not in own}


def _check_pyramid(name: str, strides: tuple[int, ...]) -> None:
    doubled = len(strides) > 1 and all(coarse > fine for fine, coarse in pairwise(strides))
    if not doubled or any(stride & (stride - 1) for stride in strides):
        said = ", ".join(map(str, strides))
        raise StudyError(
            f"backbone {PREFIX}{name} gives no pyramid of feature maps (strides {said}): choose a network whose "
            "strides grow by powers of two, such as timm:resnet18 or timm:convnext_atto"
        )


def _tapped(info: Any, names: Mapping[str, str]) -> str:
    """Name in the extractor of the module that gives the finest map handed on."""
    timms = str(info.module_name()[-MAPS:][0])
    for theirs, own in names.items():
        if not own:
            return f"{theirs}.{timms}"
        if timms == own or timms.startswith(own + "."):
            return theirs + timms.removeprefix(own)
    return timms


def _try(name: str, backbone: TimmPyramid, tapped: str, expected: list[tuple[int, int, int]]) -> Stem | None:
    """Run a network once without values; its maps must be those that timm states.

    Returns:
        Its stem: the last module that ended before the one with the finest map began.
    """
    ended: list[tuple[str, Any]] = []
    stem: list[tuple[str, Any]] = []
    modules = dict(backbone.named_modules())
    handles = [
        module.register_forward_hook(lambda _m, _i, output, named=named: ended.append((named, output)))
        for named, module in modules.items()
    ]
    if tapped in modules and any(True for _ in modules[tapped].parameters()):  # else it is no stage, as in timm's VGG
        handles.append(modules[tapped].register_forward_pre_hook(lambda *_: stem.extend(ended[-1:])))
    try:
        with torch.no_grad():
            maps = backbone.eval()(torch.empty(1, 3, HEIGHT, WIDTH, device="meta"))
    except REFUSALS as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise StudyError(
            f"backbone {PREFIX}{name} does not take images of {HEIGHT} x {WIDTH} pixels ({reason}): "
            "choose a network without a fixed image size"
        ) from None
    finally:
        for handle in handles:
            handle.remove()
    found = [tuple(each.shape[1:]) for each in maps]
    if found != expected:
        raise StudyError(f"backbone {PREFIX}{name} gives maps of {found}, timm states {expected}: choose another")
    return _stem(*stem[0]) if stem else None


def _stem(module: str, output: Any) -> Stem | None:
    """The stem that ends with this module, where its output is one map with a plain axis of channels."""
    if not isinstance(output, Tensor) or output.dim() != 4:
        return None
    for axis, rows in ((1, 2), (3, 1)):
        if output.shape[rows] * WIDTH == output.shape[rows + 1] * HEIGHT:
            return Stem(module, output.shape[axis], axis)
    return None
