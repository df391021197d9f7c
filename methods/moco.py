"""MoCo v1 and v2 (He et al. 2020, Chen et al. 2020) from lightly's parts."""

import math
from collections.abc import Callable

import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import update_momentum
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import count, dealt, gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.contrastive import MoCoOptions
from methods.teacher import teacher_of

TEMPERATURE = {1: 0.07, 2: 0.2}  # He et al. 2020, section 3.3; Chen et al. 2020, table 2
# Batch norm over fewer tiles than this is too rough.
SMALLEST_PART = 16


def queue_loss(temperature: float, size: int, dim: int) -> NTXentLoss:
    """InfoNCE against a queue that, unlike lightly's own, is part of the `state_dict` and so of a checkpoint."""
    loss = NTXentLoss(temperature=temperature, memory_bank_size=(size, dim))
    bank = loss.memory_bank
    bank.register_buffer("bank", bank.bank)
    bank.register_buffer("bank_ptr", bank.bank_ptr)
    return loss


def queue_constant(size: int) -> float:
    """InfoNCE of equal vectors against a queue of `size` of them: none of 1 + K is told apart, log(1 + K)."""
    return math.log(1 + size)


@torch.no_grad()
def shuffled(forward: Callable[[Tensor], Tensor], views: Tensor, parts: int, generator: torch.Generator) -> Tensor:
    """What a network says of views whose batch norm saw other company than the queries' (He et al. 2020, section 3.3).

    The queue holds keys of other batches, so that a common batch statistic would give the positive away.

    Args:
        forward: the network, with a first axis of views.
        views: B x C x H x W.
        parts: number of parts to go through batch norm one by one; fewer where a part would have under 16 views.
        generator: on the CPU.

    Returns:
        The network's answers in the order of the views, of the whole batch where ranks share it.
    """
    batch = len(views) * count()
    parts = max(1, min(parts, batch // SMALLEST_PART))
    order = torch.randperm(batch, generator=generator).to(views.device)
    return dealt(forward, gathered(views)[order].chunk(parts))[order.argsort()]


def shuffled_keys(teacher: Backbone, head: nn.Module, views: Tensor, parts: int, generator: torch.Generator) -> Tensor:
    """Keys of `shuffled` views, B x D: a key encoder and its projector, C to D."""

    def keys(part: Tensor) -> Tensor:
        projected: Tensor = head(teacher.pooled(part))
        return projected

    return shuffled(keys, views, parts, generator)


class MoCo(Method[MoCoOptions]):
    """A query encoder trained to recognise its tile's key among the keys of a queue."""

    apart = ("teacher",)

    def __init__(self, backbone: Backbone, options: MoCoOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        channels = backbone.channels[-1]
        self.head: nn.Module
        if options.version == 1:
            self.head = nn.Linear(channels, options.dim)
        else:
            # The hidden layer is as wide as the features, 2048 for ResNet-50 (Chen et al. 2020).
            self.head = MoCoProjectionHead(channels, channels, options.dim, batch_norm=options.head_norm)
        self.teacher = teacher_of(backbone)
        self.teacher_head = teacher_of(self.head)
        self.loss = queue_loss(options.temperature or TEMPERATURE[options.version], options.queue, options.dim)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """InfoNCE between the query of one view and the key of the other."""
        first = self.view(batch.images, batch.generator)
        second = self.view(batch.images, batch.generator)
        query = self.head(gathered(self.backbone.pooled(first)))
        key = shuffled_keys(self.teacher, self.teacher_head, second, self.options.shuffle, batch.generator)
        with torch.autocast(query.device.type, enabled=False):
            return {"contrast": self.loss(query.float(), key.float())}

    def constant_losses(self) -> dict[str, float]:
        """InfoNCE of features that are the same for every tile."""
        return {"contrast": queue_constant(self.options.queue)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD without weight decay on norms and biases, cosine learning rate."""
        optimiser = schedules.sgd([self.backbone, self.head], self.options.peak_lr(), self.options.weight_decay)
        return optimiser, schedules.cosine(optimiser, self.length)

    def after_step(self, step: int) -> None:
        """Move the key encoder a little towards the query encoder."""
        del step
        update_momentum(self.backbone, self.teacher, self.options.momentum)
        update_momentum(self.head, self.teacher_head, self.options.momentum)
