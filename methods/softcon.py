"""SoftCon (Wang, Albrecht and Zhu, arXiv 2405.20462): contrast whose targets are how alike the tiles' land cover is.

Of the paper no more than its abstract was at hand. What it leaves open is of our choosing (docs/decisions/081).
"""

import math

import torch
from lightly.models.modules import SimCLRProjectionHead
from torch import Tensor
from torch.nn import functional
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.landcover import supervised
from methods.options.softcon import SoftConOptions


def labels_of(landcover: Tensor, presence: float | None) -> Tensor:
    """Multi-label vectors: the classes with this share of a tile at least, its dominant one always.

    Args:
        landcover: proportions, B x K.
        presence: least share of a class that counts; None takes the proportions as they are.

    Returns:
        One for each label of a tile and zero elsewhere, or the proportions, B x K.
    """
    if presence is None:
        return landcover
    return (landcover >= landcover.amax(dim=1, keepdim=True).clamp(max=presence)).to(landcover.dtype)


def likeness(labels: Tensor) -> Tensor:
    """Cosine of the label vectors of every two tiles: 0 where they share no class, 1 where all; B x K to B x B."""
    unit = functional.normalize(labels, dim=1)
    return unit @ unit.T


def soft_contrast(first: Tensor, second: Tensor, targets: Tensor, temperature: float, form: str) -> Tensor:
    """Contrast of every view with every other, held to soft targets and not to its tile's other view alone.

    With the identity as targets `softmax` is NT-Xent.

    Args:
        first: projected first views, B x D.
        second: projected second views, B x D.
        targets: how alike the tiles are, in [0, 1], B x B.
        temperature: divides the cosines of the projected vectors.
        form: `softmax`, cross-entropy of each row's softmax with the row of targets over its sum; or `sigmoid`, binary
            cross-entropy of each pair.

    Returns:
        The mean over the 2B views, or over the pairs of different views.
    """
    views = functional.normalize(torch.cat([first, second]), dim=1)
    others = ~torch.eye(len(views), dtype=torch.bool, device=views.device)
    shape = (len(views), len(views) - 1)
    logits = (views @ views.T)[others].view(shape) / temperature
    wanted = targets.repeat(2, 2)[others].view(shape)
    if form == "sigmoid":
        return functional.binary_cross_entropy_with_logits(logits, wanted)
    return functional.cross_entropy(logits, functional.normalize(wanted, p=1, dim=1))


class SoftCon(Method[SoftConOptions]):
    """An encoder that is taught how alike its tile is to each other of the batch."""

    def __init__(self, backbone: Backbone, options: SoftConOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        supervised(corpus, options)
        self.head = SimCLRProjectionHead(backbone.channels[-1], options.hidden, options.dim)
        (self.view,) = views_of(self).values()

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """The soft contrast of both views of the batch, which go through one batch norm."""
        assert batch.landcover is not None
        views = torch.cat([self.view(batch.images, batch.generator) for _ in range(2)])
        first, second = self.head(gathered(self.backbone.pooled(views), views=2)).float().chunk(2)
        options = self.options
        with torch.autocast(views.device.type, enabled=False):
            targets = likeness(labels_of(batch.landcover, options.presence))
            return {"contrast": soft_contrast(first, second, targets, options.temperature, options.form)}

    def constant_losses(self) -> dict[str, float]:
        """All pairs equally alike: log(2B - 1), or pair by pair the entropy of how alike two views are on average."""
        batch = self.options.batch
        if self.options.form == "softmax":
            return {"contrast": math.log(2 * batch - 1)}
        assert self.corpus is not None
        labels = labels_of(torch.tensor(self.corpus.landcover, dtype=torch.float64), self.options.presence)
        tiles = len(labels)
        of_two_tiles = (float(functional.normalize(labels, dim=1).sum(dim=0).square().sum()) - tiles) / (tiles - 1)
        mean = (1 + (2 * batch - 2) * of_two_tiles / tiles) / (2 * batch - 1)
        return {"contrast": sum(-p * math.log(p) for p in (mean, 1 - mean) if p > 0)}

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """LARS; the learning rate grows with the root of the batch."""
        return schedules.lars([self.backbone, self.head], self.options.peak_lr(), self.options, self.length)
