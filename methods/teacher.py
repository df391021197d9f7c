"""Teachers: networks that follow another by averaging its parameters."""

from copy import deepcopy
from typing import TypeVar

from lightly.models.utils import deactivate_requires_grad
from torch import Tensor, nn

Network = TypeVar("Network", bound=nn.Module)


def teacher_of(student: Network) -> Network:
    """A copy of a network that is not trained by gradient."""
    teacher = deepcopy(student)
    deactivate_requires_grad(teacher)
    return teacher


def pool(feature_map: Tensor) -> Tensor:
    """Global average of a feature map, B x C x H x W to B x C."""
    return feature_map.mean(dim=(2, 3))
