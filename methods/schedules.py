"""Optimisers and schedules that several methods share."""

import math
from collections.abc import Sequence

from lightly.models.utils import get_weight_decay_parameters
from lightly.utils.lars import LARS
from lightly.utils.scheduler import CosineWarmupScheduler
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from bench.pretraining.method import Length
from bench.pretraining.optimisers import on_plain_views
from methods.options.contrastive import LarsOptions
from methods.options.updates import warmup_steps


def decay_groups(modules: Sequence[nn.Module], weight_decay: float, *, spare: bool = True) -> list[dict[str, object]]:
    """Parameter groups: weight decay on all but norms and biases, or with `spare` off on these too."""
    decayed, plain = get_weight_decay_parameters(modules)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0 if spare else weight_decay},
    ]


def sgd(modules: Sequence[nn.Module], lr: float, weight_decay: float, *, spare: bool = True) -> Optimizer:
    """SGD with momentum 0.9; weight decay as in `decay_groups`."""
    return on_plain_views(SGD(decay_groups(modules, weight_decay, spare=spare), lr=lr, momentum=0.9, fused=True))


def adamw(modules: Sequence[nn.Module], lr: float, weight_decay: float, betas: tuple[float, float]) -> Optimizer:
    """AdamW; weight decay on all but norms and biases."""
    return on_plain_views(AdamW(decay_groups(modules, weight_decay), lr=lr, betas=betas, fused=True))


def decaying_adam(
    modules: Sequence[nn.Module], lr: float, decay: float, weight_decay: float, length: Length
) -> tuple[Optimizer, LRScheduler]:
    """Adam whose learning rate is multiplied by `decay` after every epoch (GeoKR, section III-C)."""
    weights = [weight for module in modules for weight in module.parameters()]
    optimiser = on_plain_views(Adam(weights, lr=lr, weight_decay=weight_decay, fused=True))
    return optimiser, LambdaLR(optimiser, lambda step: decay ** length.epoch(step))


def lars(
    modules: Sequence[nn.Module], lr: float, options: LarsOptions, length: Length
) -> tuple[Optimizer, LRScheduler]:
    """LARS with momentum 0.9, linear warm-up and cosine decay."""
    optimiser = LARS(decay_groups(modules, options.weight_decay), lr=lr, momentum=0.9)
    return optimiser, cosine(optimiser, length, options.warmup_epochs)


def cosine(optimiser: Optimizer, length: Length, warmup_epochs: int = 0) -> LRScheduler:
    """Linear warm-up and cosine decay to a thousandth, step by step.

    The warm-up is at most a tenth of the run, so that a short run reaches its learning rate at all.
    """
    warmup = warmup_steps(warmup_epochs, length)
    scheduler: LRScheduler = CosineWarmupScheduler(optimiser, warmup_epochs=warmup, max_epochs=length.steps)
    return scheduler


def cosine_restarts(optimiser: Optimizer, lowest: float, cycles: int, length: Length) -> LRScheduler:
    """Cosines from one to `lowest`, `cycles` of them over the run, step by step.

    Where the steps do not divide evenly, the start of each cycle is rounded up, so that no run ends in a cycle of its
    own at the highest rate.

    Args:
        optimiser: whose learning rate is scaled.
        lowest: share of the learning rate at the end of each cycle.
        cycles: number of cosines.
        length: of the run.
    """

    def factor(step: int) -> float:
        done = step * cycles % length.steps / length.steps
        return lowest + (1 - lowest) * (1 + math.cos(math.pi * done)) / 2

    return LambdaLR(optimiser, factor)
