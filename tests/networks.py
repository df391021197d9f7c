"""Which network a method is tried on: one that most take, or a plain transformer."""

import methods
from bench import backbones
from bench.core.errors import StudyError

TRANSFORMER = "timm:test_vit"


def takes(method: str, backbone: str) -> bool:
    """Whether a method trains a network of this kind."""
    try:
        methods.get(method).options(size=64).check_backbone(backbones.get(backbone))
    except StudyError:
        return False
    return True


def network_of(method: str, otherwise: str) -> str:
    """The network that most methods are tried on, or a plain transformer where a method takes no other."""
    return otherwise if takes(method, otherwise) else TRANSFORMER
