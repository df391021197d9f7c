"""Dense land cover: each pixel's class on the map under its tile, as a plain supervised segmentation."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import class_balance
from bench.pretraining.method import Batch, Length, Method, entropy
from methods import schedules
from methods.augment import geometric
from methods.augment.views import draw, views_of
from methods.landcover import supervised
from methods.options.landcover import SegmentationOptions

# Pixels that are not mapped, or of a class that the corpus has not.
IGNORED = 255


class JoinedMaps(nn.Module):
    """Logits of a pyramid: every map is projected, brought to the finest one's size, and all are added up.

    Args:
        channels: of the maps, finest first.
        hidden: channels that they are joined in.
        classes: of the logits.
    """

    def __init__(self, channels: tuple[int, ...], hidden: int, classes: int) -> None:
        super().__init__()
        self.projections = nn.ModuleList(nn.Conv2d(each, hidden, 1) for each in channels)
        self.classifier = nn.Conv2d(hidden, classes, 1)

    def forward(self, maps: list[Tensor], size: int) -> Tensor:
        """Logits of every pixel, B x K x size x size."""
        projected = [projection(each) for projection, each in zip(self.projections, maps, strict=True)]
        finest, *others = projected
        for each in others:
            finest = finest + functional.interpolate(each, finest.shape[2:], mode="bilinear")
        logits: Tensor = functional.interpolate(self.classifier(finest.relu()), (size, size), mode="bilinear")
        return logits


def pixel_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Mean cross-entropy of the pixels that have a class; 0 where none has.

    Args:
        logits: B x K x H x W.
        classes: numbers below K, or `IGNORED`, B x H x W.
    """
    losses = functional.cross_entropy(logits, classes, ignore_index=IGNORED, reduction="sum")
    return losses / (classes != IGNORED).sum().clamp_min(1)


class LandCoverSegmentation(Method[SegmentationOptions]):
    """A backbone that learns the map under its tile, through all of its feature maps."""

    def __init__(self, backbone: Backbone, options: SegmentationOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        corpus = supervised(corpus, options)
        self.classes = len(corpus.classes)
        self.maps = corpus.maps
        self.head = JoinedMaps(backbone.channels, options.hidden, self.classes)
        (self.view,) = views_of(self).values()
        self._weights = class_balance(corpus.dominant) if options.balance else None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy of the pixels; a map is turned and mirrored as its tile is."""
        assert batch.indices is not None
        images, maps = batch.images, torch.from_numpy(self.maps[batch.indices.cpu().numpy()]).to(batch.images.device)
        drawn = draw(self.view.recipe, len(images), images.shape[2], images.shape[3], batch.generator)
        maps = maps[:, None]
        geometric.flip(maps, drawn.left_right, drawn.up_down)
        geometric.quarter_turns(maps, drawn.turns)
        logits = self.head(self.backbone(self.view.apply(images, drawn)), maps.shape[-1]).float()
        classes = maps[:, 0].long()
        return {"class": pixel_loss(logits, torch.where(classes < self.classes, classes, IGNORED))}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """Adam, its learning rate falling after every epoch, as GeoKR's."""
        of = self.options
        return schedules.decaying_adam([self.backbone, self.head], of.lr, of.lr_decay, of.weight_decay, self.length)

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Tiles of rare dominant classes more often, unless `balance` is off."""
        return self._weights

    def constant_losses(self) -> dict[str, float]:
        """The entropy of the classes' shares under the sampler's weights."""
        assert self.corpus is not None
        drawn = np.ones(len(self.corpus)) if self._weights is None else self._weights
        return {"class": entropy(drawn @ self.corpus.landcover)}
