"""DenseCL (Wang et al., CVPR 2021) from lightly's parts."""

import torch
from lightly.models.modules import DenseCLProjectionHead
from lightly.models.utils import select_most_similar, update_momentum
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from methods import schedules
from methods.augment.views import views_of
from methods.moco import queue_constant, queue_loss, shuffled
from methods.options.densecl import DenseCLOptions
from methods.teacher import teacher_of


def vectors(network: Backbone, images: Tensor) -> Tensor:
    """The pooled vector of each tile, then those of its positions, B x (1 + positions) x C."""
    features, pooling = network.map_and_pooling(images)
    return torch.cat((pooling()[:, None], features.flatten(2).transpose(1, 2)), dim=1)


class DenseCL(Method[DenseCLOptions]):
    """MoCo for a tile and for each position of its last feature map."""

    def __init__(self, backbone: Backbone, options: DenseCLOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        widths = backbone.channels[-1], options.hidden, options.dim
        # Of tiles, and of positions.
        self.heads = nn.ModuleList(DenseCLProjectionHead(*widths) for _ in range(2))
        self.teacher = teacher_of(backbone)
        self.teacher_heads = teacher_of(self.heads)
        self.losses = nn.ModuleList(queue_loss(options.temperature, options.queue, options.dim) for _ in range(2))
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """InfoNCE of tiles and of positions, each position held to the key of the most similar one (Eq. 2, 3, 4)."""
        query, key = (self.view(batch.images, batch.generator) for _ in range(2))
        features = vectors(self.backbone, query)
        with torch.no_grad():
            others = shuffled(lambda part: vectors(self.teacher, part), key, self.options.shuffle, batch.generator)
        places, other_places = features[:, 1:], others[:, 1:]
        queries = self.heads[0](features[:, 0]), self.heads[1](places.flatten(0, 1))
        with torch.no_grad():
            keys = self.teacher_heads[0](others[:, 0]), self.teacher_heads[1](other_places)
            with torch.autocast(query.device.type, enabled=False):
                found = select_most_similar(
                    functional.normalize(places.float(), dim=2),
                    functional.normalize(other_places.float(), dim=2),
                    keys[1].float(),
                )
        with torch.autocast(query.device.type, enabled=False):
            tile = self.losses[0](queries[0].float(), keys[0].float())
            place = self.losses[1](queries[1].float(), found.flatten(0, 1))
        return {"tile": (1 - self.options.dense) * tile, "place": self.options.dense * place}

    def constant_losses(self) -> dict[str, float]:
        """InfoNCE that tells none of the queues' keys apart, each with its share."""
        chance, dense = queue_constant(self.options.queue), self.options.dense
        return {name: share * chance for name, share in (("tile", 1 - dense), ("place", dense)) if share}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """SGD without weight decay on norms and biases, cosine learning rate."""
        optimiser = schedules.sgd([self.backbone, self.heads], self.options.peak_lr(), self.options.weight_decay)
        return optimiser, schedules.cosine(optimiser, self.length)

    def after_step(self, step: int) -> None:
        """Move the key encoder a little towards the query encoder."""
        del step
        update_momentum(self.backbone, self.teacher, self.options.momentum)
        update_momentum(self.heads, self.teacher_heads, self.options.momentum)
