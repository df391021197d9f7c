"""The local loss: positions of one ground are assigned to the same prototypes by student and teacher."""

import torch
from torch import Tensor, nn
from torch.nn import functional

# Length of the vectors that are compared with the prototypes (release).
BOTTLENECK = 256


class PrototypeHead(nn.Module):
    """Three 1x1 layers, and the cosine of their result with each prototype.

    Args:
        channels: of the features.
        hidden: width of the first two layers.
        prototypes: number of prototypes, K.
    """

    def __init__(self, channels: int, hidden: int, prototypes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(channels, hidden),
            nn.BatchNorm1d(hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.BatchNorm1d(hidden),
            nn.GELU(),
            nn.Linear(hidden, BOTTLENECK),
        )
        self.prototypes = nn.Parameter(torch.randn(prototypes, BOTTLENECK))

    def forward(self, features: Tensor) -> Tensor:
        """Similarities of positions, N x C to N x K, in [-1, 1]."""
        compared = functional.normalize(self.layers(features), dim=1)
        return functional.linear(compared, functional.normalize(self.prototypes, dim=1))


def assignment_loss(
    student: Tensor, teacher: Tensor, centre: Tensor, student_temperature: float, teacher_temperature: float
) -> Tensor:
    """Cross-entropy of the student's assignment to the teacher's, centred and sharpened.

    Args:
        student: similarities to K prototypes, ... x K.
        teacher: the same, without gradient.
        centre: running mean of the teacher's, K.
        student_temperature: of the student's softmax.
        teacher_temperature: of the teacher's softmax.
    """
    target = ((teacher - centre) / teacher_temperature).softmax(dim=-1)
    return -(target * (student / student_temperature).log_softmax(dim=-1)).sum(dim=-1).mean()


def teacher_temperature(step: int, steps: int, start: float, end: float) -> float:
    """Linear from `start` to `end` over the first eighth of the run, then constant; `step` counts from 0."""
    warmup = max(1, steps // 8)
    return start + (end - start) * min(1.0, step / warmup)
