"""Teachers: networks that follow another by averaging its parameters."""

from copy import deepcopy
from typing import TypeVar

from lightly.models.utils import deactivate_requires_grad
from torch import nn
from torchvision.ops import StochasticDepth

Network = TypeVar("Network", bound=nn.Module)


def teacher_of(student: Network) -> Network:
    """A copy of a network that is not trained by gradient, without stochastic depth (Swin's, as CMID's release)."""
    teacher = deepcopy(student)
    deactivate_requires_grad(teacher)
    for module in teacher.modules():
        if isinstance(module, StochasticDepth):
            module.p = 0.0
    return teacher
