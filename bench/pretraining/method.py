"""What a pretraining method is to the harness, and the batch it is given."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.pyramid import Backbone
from bench.core.bands import RGB
from bench.core.context import Context
from bench.corpus.storage.reader import Corpus
from bench.pretraining.facts import Length
from bench.pretraining.options import PretrainOptions

__all__ = ["Batch", "Length", "Method"]

Options = TypeVar("Options", bound=PretrainOptions)


@dataclass(frozen=True)
class Batch:
    """What one step trains on.

    Attributes:
        images: tiles as stored, uint8 or uint16, B x C x H x W, on the training device; where several ranks share the
            batch (`bench.pretraining.ranks`), this rank's part of them.
        landcover: proportions of the corpus' classes, float32, B x K; None where the corpus has none.
        generator: source of this step's augmentation, on the CPU; it depends on seed and step only, so that views are
            the same on every device.
        indices: numbers of the tiles in the corpus, int64, B, on the training device; None where they do not count.
    """

    images: Tensor
    landcover: Tensor | None
    generator: torch.Generator
    indices: Tensor | None = None


def entropy(weights: NDArray[np.floating[Any]] | NDArray[np.integer[Any]]) -> float:
    """Entropy of weights over their sum, in nats; a weight whose share no float can hold counts as none."""
    shares = weights[weights > 0] / weights.sum()
    shares = shares[shares > 0]
    return -float((shares * np.log(shares)).sum())


class Method(nn.Module, Generic[Options]):
    """One way to pretrain a backbone.

    A method is a module: everything it needs to go on after an interruption (teacher, queue, counters) is in its
    `state_dict`.

    Args:
        backbone: the network to train; the method may copy it.
        options: the method's options.
        corpus: what the method trains on; None for an initialisation.
        length: how long the training is; zero steps for an initialisation.

    Attributes:
        input: the statistics that the method normalises its images with; they are exported with the weights.
        bands: names of the images' bands, and the type of their values.
        apart: names of backbones whose batch norm sees parts of the batch, and so no other ranks.
    """

    apart: tuple[str, ...] = ()

    def __init__(self, backbone: Backbone, options: Options, corpus: Corpus | None, length: Length) -> None:
        super().__init__()
        self.backbone = backbone
        self.options = options
        self.corpus = corpus
        self.length = length
        self.input = options.normalisation(corpus)
        self.bands = RGB if corpus is None else corpus.bands

    def normalise(self, images: Tensor) -> Tensor:
        """Images as stored, uint8 or uint16, B x C x H x W, normalised with the method's input statistics, float32."""
        mean, std = (
            torch.tensor(each, device=images.device).view(1, -1, 1, 1) for each in (self.input.mean, self.input.std)
        )
        return (images.float() / torch.iinfo(images.dtype).max - mean) / std

    def fit(self, context: Context) -> None:
        """Take from the corpus what needs no training; called once, in place of training, of a method that has none."""

    @abstractmethod
    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """Scalar losses by name; their sum is minimised."""

    @abstractmethod
    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """The optimiser, and the scheduler that is stepped after every step."""

    def after_step(self, step: int) -> None:
        """Update what is not trained by gradient (EMA teachers, queues); `step` counts from 1."""

    def sample_weights(self) -> NDArray[np.float64] | None:
        """Relative chance of each tile to be drawn; None draws every tile once an epoch."""
        return None

    def constant_losses(self) -> dict[str, float]:
        """What predictions that are the same for every tile score at best, of the losses where that is known.

        A training whose loss does not fall below it has learned nothing that the loss asks for.
        """
        return {}

    def export(self) -> dict[str, Tensor]:
        """The backbone's weights in torchvision's naming."""
        weights: dict[str, Any] = self.backbone.state_dict()
        return weights
