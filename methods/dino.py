"""DINO (Caron et al., ICCV 2021) from lightly's parts."""

import math
from typing import Any

import torch
from lightly.loss import DINOLoss
from lightly.models.modules import DINOProjectionHead
from lightly.models.utils import deactivate_requires_grad, update_momentum
from lightly.utils.scheduler import cosine_schedule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.dino import DINOOptions
from methods.teacher import teacher_of


class DINO(Method[DINOOptions]):
    """An encoder trained to sort a tile's view as its teacher sorts the other view, among outputs without a meaning."""

    def __init__(self, backbone: Backbone, options: DINOOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = self._head()
        self.teacher = teacher_of(backbone)
        # A copy, but torch cannot copy a layer with a normalised weight.
        self.teacher_head = self._head()
        self.teacher_head.load_state_dict(self.head.state_dict())
        deactivate_requires_grad(self.teacher_head)
        # The centre is a buffer of the loss.
        self.loss = DINOLoss(
            options.out_dim, student_temp=options.student_temperature, center_momentum=options.centre_momentum
        )
        self.step: Tensor
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self.views = list(views_of(self).values())

    def _head(self) -> DINOProjectionHead:
        options = self.options
        return DINOProjectionHead(
            self.backbone.channels[-1],
            options.hidden,
            options.bottleneck,
            options.out_dim,
            batch_norm=options.head_norm,
            norm_last_layer=options.norm_last_layer,
        )

    def _last_layer(self) -> list[nn.Parameter]:
        """Weights of the last layer that are trained: their directions, and their lengths unless these stay at 1."""
        last = self.head.last_layer
        return [last.weight_v] if self.options.norm_last_layer else [last.weight_v, last.weight_g]

    def teacher_temperature(self, step: int) -> float:
        """The teacher's temperature in a step, counted from 0: a line from its start to its end."""
        start, end = self.options.teacher_temperature, self.options.teacher_temperature_end
        warmup = self.length.steps_in(self.options.teacher_warmup_epochs)
        return end if step >= warmup else start + (end - start) * step / warmup

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of each view's outputs with the teacher's of the other view (Eq. 3)."""
        step = int(self.step)
        frozen = step < self.length.steps_in(self.options.freeze_epochs)
        for weight in self._last_layer():
            weight.requires_grad = not frozen
        views = [view(batch.images, batch.generator) for view in self.views]
        student = [self.head(gathered(self.backbone.pooled(view))).float() for view in views]
        with torch.no_grad():
            teacher = [self.teacher_head(gathered(self.teacher.pooled(view))).float() for view in views]
        with torch.autocast(views[0].device.type, enabled=False):
            return {"distillation": self.loss(teacher, student, teacher_temp=self.teacher_temperature(step))}

    def constant_losses(self) -> dict[str, float]:
        """Chance: the centre takes away what a teacher says of every tile alike, and what is left is uniform."""
        return {"distillation": math.log(self.options.out_dim)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD without weight decay on norms and biases, warm-up and cosine; the gradient's norm is clipped."""
        options = self.options
        optimiser = schedules.sgd([self.backbone, self.head.layers], options.peak_lr(), options.weight_decay)
        # A group of its own: torch's fused step takes no weights of a group that come later than others.
        optimiser.add_param_group({"params": self._last_layer(), "weight_decay": options.weight_decay})
        if options.clip is not None:
            clip_gradients(optimiser, options.clip)
        return optimiser, schedules.cosine(optimiser, self.length, options.warmup_epochs)

    def after_step(self, step: int) -> None:
        """Move the teacher, less and less (the paper's cosine from `momentum` to 1)."""
        keep = cosine_schedule(step - 1, self.length.steps, self.options.momentum, 1.0)
        update_momentum(self.backbone, self.teacher, keep)
        update_momentum(self.head, self.teacher_head, keep)
        self.step.fill_(step)


def clip_gradients(optimiser: Optimizer, largest: float) -> None:
    """Let each step of an optimiser scale its gradient to this norm where it is longer."""

    def clip(stepped: Optimizer, *_: Any) -> None:
        nn.utils.clip_grad_norm_([each for group in stepped.param_groups for each in group["params"]], largest)

    optimiser.register_step_pre_hook(clip)
