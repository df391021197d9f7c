"""The backbones registry: names and factories, listed without importing torch."""

import importlib
from typing import TYPE_CHECKING

from bench.core.errors import StudyError

if TYPE_CHECKING:
    from bench.backbones.pyramid import Backbone

FACTORIES = {
    "resnet18": "bench.backbones.resnet:resnet18",
    "resnet50": "bench.backbones.resnet:resnet50",
    "vgg16": "bench.backbones.vgg:vgg16",
    "squeezenet1_1": "bench.backbones.squeezenet:squeezenet1_1",
    "swin_t": "bench.backbones.swin:swin_t",
}


def check_name(name: str) -> None:
    """Refuse an unknown backbone with StudyError."""
    if name not in FACTORIES:
        raise StudyError(f"unknown backbone {name!r}: choose from {', '.join(FACTORIES)}")


def build(name: str) -> "Backbone":
    """Build a backbone with its own default initialisation, drawn from torch's global generator."""
    check_name(name)
    module, attribute = FACTORIES[name].split(":")
    backbone: Backbone = getattr(importlib.import_module(module), attribute)()
    backbone.name = name
    return backbone


def outline(name: str) -> "Backbone":
    """A backbone on torch's meta device, without values and without a draw: for its channels and names."""
    import torch

    with torch.device("meta"):
        return build(name)
