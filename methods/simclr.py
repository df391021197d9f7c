"""SimCLR (Chen et al., ICML 2020) from lightly's parts."""

import math

import torch
from lightly.loss import NTXentLoss
from lightly.models.modules import SimCLRProjectionHead
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.contrastive import SimCLROptions


class SimCLR(Method[SimCLROptions]):
    """An encoder trained to find a tile's other view among the views of its batch."""

    def __init__(self, backbone: Backbone, options: SimCLROptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = SimCLRProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        self.loss = NTXentLoss(temperature=options.temperature)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """NT-Xent over both views of the batch, which go through one batch norm."""
        views = torch.cat([self.view(batch.images, batch.generator) for _ in range(2)])
        first, second = self.head(gathered(self.backbone.pooled(views), views=2)).float().chunk(2)
        with torch.autocast(views.device.type, enabled=False):
            return {"contrast": self.loss(first, second)}

    def constant_losses(self) -> dict[str, float]:
        """NT-Xent of features that are the same for every tile: a view has 2B - 1 others, its own is left out."""
        return {"contrast": math.log(2 * self.options.batch - 1)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """LARS; the learning rate grows with the root of the batch (appendix B)."""
        return schedules.lars([self.backbone, self.head], self.options.peak_lr(), self.options, self.length)
