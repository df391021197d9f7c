"""VICReg (Bardes et al., ICLR 2022) from lightly's parts."""

import math

import torch
from lightly.loss import VICRegLoss
from lightly.models.modules.heads import VICRegProjectionHead
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.vicreg import VICRegOptions


class VICReg(Method[VICRegOptions]):
    """An encoder whose views agree, while every number keeps a spread of 1 and says what the others do not."""

    def __init__(self, backbone: Backbone, options: VICRegOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = VICRegProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        self.loss = VICRegLoss(options.invariance, options.variance, options.covariance)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Invariance, variance and covariance with their weights (Eq. 6); each view has its own batch norm."""
        views = [self.view(batch.images, batch.generator) for _ in range(2)]
        first, second = (self.head(gathered(self.backbone.pooled(view))).float() for view in views)
        with torch.autocast(first.device.type, enabled=False):
            return {"vicreg": self.loss(first, second)}

    def constant_losses(self) -> dict[str, float]:
        """The hinge at a spread of none, 1 - sqrt(eps) (Eq. 1); views agree and nothing varies together."""
        return {"vicreg": self.options.variance * (1 - math.sqrt(self.loss.eps))}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """LARS; the learning rate grows with the batch."""
        return schedules.lars([self.backbone, self.head], self.options.peak_lr(), self.options, self.length)
