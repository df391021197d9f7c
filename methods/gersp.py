"""GeRSP (Huang et al., TGRS 2024): contrast on tiles and classification of natural images in one encoder."""

import torch
from lightly.models.modules import MoCoProjectionHead
from lightly.models.utils import update_momentum
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment.views import views_of
from methods.labelled import Pictures
from methods.moco import queue_constant, queue_loss, shuffled_keys
from methods.options.gersp import GeRSPOptions
from methods.teacher import teacher_of


class GeRSP(Method[GeRSPOptions]):
    """A student on both sources at once, a mean teacher on tiles alone; the student is exported."""

    def __init__(self, backbone: Backbone, options: GeRSPOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        self.pictures = Pictures(options)
        channels = backbone.channels[-1]
        # The hidden layer is as wide as the features, 2048 for ResNet-50 (release).
        self.head = MoCoProjectionHead(channels, channels, options.dim)
        self.classifier = nn.Linear(channels, len(self.pictures.images.classes))
        self.teacher = teacher_of(backbone)
        self.teacher_head = teacher_of(self.head)
        self.contrast = queue_loss(options.temperature, options.queue, options.dim)
        self.view, self.picture_view = views_of(self).values()
        self.pictures.draw_order()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """InfoNCE on the tiles plus cross-entropy on as many natural images, through one batch norm."""
        first, second = (self.view(batch.images, batch.generator) for _ in range(2))
        pictures, labels = self.pictures(batch.images.device)
        natural = self.picture_view(pictures, batch.generator)
        features = self.backbone.pooled(torch.cat((first, natural)))
        query = self.head(features[: len(first)])
        logits = self.classifier(features[len(first) :])
        key = shuffled_keys(self.teacher, self.teacher_head, second, self.options.shuffle, batch.generator)
        with torch.autocast(first.device.type, enabled=False):
            return {
                "contrast": self.contrast(query.float(), key.float()),
                "supervised": self.options.supervised * functional.cross_entropy(logits.float(), labels),
            }

    def constant_losses(self) -> dict[str, float]:
        """InfoNCE of equal features, and the cross-entropy of the labels' shares, which is their entropy."""
        constant = {"contrast": queue_constant(self.options.queue)}
        if self.options.supervised:
            constant["supervised"] = self.options.supervised * self.pictures.constant_loss()
        return constant

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD with weight decay on everything, a cosine learning rate that restarts."""
        options = self.options
        networks = [self.backbone, self.head, self.classifier]
        optimiser = schedules.sgd(networks, options.peak_lr(), options.weight_decay, spare=False)
        lowest = options.lr_min / options.lr
        return optimiser, schedules.cosine_restarts(optimiser, lowest, options.cycles, self.length)

    def after_step(self, step: int) -> None:
        """Move the teacher, its projector included (the release forgets the projector)."""
        self.pictures.step.fill_(step)
        update_momentum(self.backbone, self.teacher, self.options.momentum)
        update_momentum(self.head, self.teacher_head, self.options.momentum)
