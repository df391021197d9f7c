"""Land cover with a correction that is learned beside it: after GeCo's abstract, and not GeCo.

Of GeCo (Geographical Supervision Correction for Remote Sensing Representation Learning) no more than the abstract is at
hand: a correction matrix for land cover that deviates from the image, learned jointly with the network and regularised
by minor changes and spatial aggregation. How it does each of these is not known; here the matrix is that of a forward
correction (Patrini et al., CVPR 2017).
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import class_balance
from bench.pretraining.method import Batch, Length, Method, entropy
from bench.pretraining.ranks import gathered
from methods import schedules
from methods.augment.views import views_of
from methods.geokr import representation_loss
from methods.landcover import supervised
from methods.options.landcover import CorrectionOptions


def near_identity(classes: int, kept: float) -> Tensor:
    """Logits, K x K, whose softmax by rows has `kept` on the diagonal and the rest spread evenly."""
    return torch.eye(classes) * float(np.log(kept * max(classes - 1, 1) / (1 - kept)))


def corrected(shares: Tensor, correction: Tensor) -> Tensor:
    """What a map would say of these shares of classes.

    Args:
        shares: that the network sees, B x K.
        correction: logits; the softmax of row k is what the map calls class k, K x K.

    Returns:
        Shares, B x K.
    """
    return shares @ correction.softmax(dim=1)


def change(correction: Tensor) -> Tensor:
    """How much a correction changes: minus the mean log of what it leaves of each class, 0 for the identity."""
    return -correction.log_softmax(dim=1).diagonal().mean()


def roughness(classes: Tensor) -> Tensor:
    """How far neighbouring positions differ: mean of the squared differences of their probabilities, summed over classes.

    Args:
        classes: probabilities of each position, B x K x H x W.

    Returns:
        In [0, 2]; 0 for a map of one position.
    """
    steps = [(classes[:, :, 1:] - classes[:, :, :-1]), (classes[..., 1:] - classes[..., :-1])]
    squares = torch.cat([step.square().sum(dim=1).flatten() for step in steps])
    return squares.sum() / max(len(squares), 1)


class LandCoverCorrection(Method[CorrectionOptions]):
    """A backbone that says the class of each position; their mean, corrected, is held to the tile's land cover."""

    def __init__(self, backbone: Backbone, options: CorrectionOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        corpus = supervised(corpus, options)
        self.head = nn.Conv2d(backbone.channels[-1], len(corpus.classes), 1)
        self.correction = nn.Parameter(near_identity(len(corpus.classes), options.kept))
        (self.view,) = views_of(self).values()
        self._weights = class_balance(corpus.dominant) if options.balance else None

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Cross-entropy with the land cover, and the penalties on changes and on rough maps."""
        assert batch.landcover is not None
        maps = gathered(self.backbone(self.view(batch.images, batch.generator))[-1])
        classes = self.head(maps).float().softmax(dim=1)
        said = corrected(classes.mean(dim=(2, 3)), self.correction.float())
        losses = {"landcover": representation_loss(batch.landcover, said.clamp_min(1e-8).log()).mean()}
        if self.options.minor:
            losses["change"] = self.options.minor * change(self.correction.float())
        if self.options.aggregation:
            losses["roughness"] = self.options.aggregation * roughness(classes)
        return losses

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """Adam, its learning rate falling after every epoch, as GeoKR's."""
        of = self.options
        learning = [self.backbone, self.head, nn.ParameterList([self.correction])]
        return schedules.decaying_adam(learning, of.lr, of.lr_decay, of.weight_decay, self.length)

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Rare dominant classes more often, unless `balance` is off."""
        return self._weights

    def constant_losses(self) -> dict[str, float]:
        """The entropy of the mean proportions under the sampler's weights, as GeoKR's L_s."""
        assert self.corpus is not None
        drawn = np.ones(len(self.corpus)) if self._weights is None else self._weights
        return {"landcover": entropy(drawn @ self.corpus.landcover)}
