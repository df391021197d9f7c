"""Plain supervised pretraining: cross-entropy on labelled pictures, as ImageNet's weights are made."""

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment.views import views_of
from methods.labelled import LabelledTiles, Pictures
from methods.options.supervised import SupervisedOptions


class Supervised(Method[SupervisedOptions]):
    """A backbone with a linear layer on its pooled last feature map.

    The corpus' tiles play no part in its loss, unless they are the labelled pictures (`labelled: corpus`).
    """

    def __init__(self, backbone: Backbone, options: SupervisedOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.pictures = LabelledTiles(corpus) if options.on_tiles else Pictures(options)
        self.classifier = nn.Linear(backbone.channels[-1], len(self.pictures.classes))
        (self.view,) = views_of(self).values()
        if isinstance(self.pictures, Pictures):
            self.pictures.draw_order()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of a batch of labelled pictures."""
        pictures, labels = self.pictures(batch.images.device if isinstance(self.pictures, Pictures) else batch)
        logits = self.classifier(self.backbone.pooled(self.view(pictures, batch.generator)))
        with torch.autocast(pictures.device.type, enabled=False):
            return {"class": functional.cross_entropy(logits.float(), labels)}

    def constant_losses(self) -> dict[str, float]:
        """The entropy of the labels' shares."""
        return {"class": self.pictures.constant_loss()}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD with weight decay on everything, and a cosine in place of the reference's three steps."""
        options = self.options
        optimiser = schedules.sgd(
            [self.backbone, self.classifier], options.peak_lr(), options.weight_decay, spare=False
        )
        return optimiser, schedules.cosine(optimiser, self.length, options.warmup_epochs)

    def after_step(self, step: int) -> None:
        """Go on to the next pictures."""
        if isinstance(self.pictures, Pictures):
            self.pictures.step.fill_(step)
