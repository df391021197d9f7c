"""Initialisations: methods that train nothing."""

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.initial import load_initial
from bench.backbones.pyramid import Backbone
from bench.corpus.storage.reader import Corpus
from bench.pretraining.method import Batch, Length, Method
from bench.pretraining.options import PretrainOptions
from methods.options.initial import ImageNetOptions


class RandomInitialisation(Method[PretrainOptions]):
    """The backbone as its constructor initialised it, under the pretraining seed."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """An initialisation has nothing to train."""
        del batch
        raise RuntimeError("an initialisation is exported, not trained")

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """An initialisation has nothing to train."""
        raise RuntimeError("an initialisation is exported, not trained")


class ImageNetInitialisation(RandomInitialisation):
    """The backbone with published ImageNet weights, or with those of a file."""

    def __init__(self, backbone: Backbone, options: ImageNetOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        load_initial(backbone, options.weights)
