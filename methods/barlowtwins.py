"""Barlow Twins (Zbontar et al., ICML 2021) from lightly's parts."""

import torch
from lightly.loss import BarlowTwinsLoss
from lightly.models.modules import BarlowTwinsProjectionHead
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.options.barlowtwins import BarlowTwinsOptions


class BarlowTwins(Method[BarlowTwinsOptions]):
    """An encoder whose numbers agree between two views and are not correlated with each other."""

    def __init__(self, backbone: Backbone, options: BarlowTwinsOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.head = BarlowTwinsProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        self.loss = BarlowTwinsLoss(options.redundancy)
        self.views = list(views_of(self).values())

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """How far the correlations of the two views are from the identity (Eq. 1); each view has its own batch norm."""
        views = [view(batch.images, batch.generator) for view in self.views]
        first, second = (self.head(gathered(self.backbone.pooled(view))).float() for view in views)
        with torch.autocast(first.device.type, enabled=False):
            return {"correlation": self.loss(first, second)}

    def constant_losses(self) -> dict[str, float]:
        """Numbers that do not vary are correlated with nothing: 1 for each of them."""
        return {"correlation": float(self.options.dim)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """LARS; the learning rate grows with the batch."""
        return schedules.lars([self.backbone, self.head], self.options.peak_lr(), self.options, self.length)
