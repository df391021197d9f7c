"""Initialisations: methods that train nothing."""

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from bench.backbones.initial import load_initial
from bench.backbones.pyramid import Backbone
from bench.core.context import Context
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining import batch_norm
from bench.pretraining.method import Batch, Length, Method, Options
from methods.options.initial import ImageNetOptions, RandomOptions


class Initialisation(Method[Options]):
    """The network as its constructor made it, under the pretraining seed."""

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        """An initialisation has nothing to train."""
        del batch
        raise RuntimeError("an initialisation is exported, not trained")

    def configure(self) -> tuple[Optimizer, LRScheduler]:
        """An initialisation has nothing to train."""
        raise RuntimeError("an initialisation is exported, not trained")


class RandomInitialisation(Initialisation[RandomOptions]):
    """Random weights, whose batch norm may take its statistics from tiles of the corpus.

    As initialised, batch norm in eval mode has mean 0 and variance 1 and normalises nothing; a trained network's does,
    and that alone is up to half of what probes credit to pretraining (docs/decisions/055).
    """

    def fit(self, context: Context) -> None:
        """Take batch norm's statistics from tiles that the job's seed draws; nothing without a corpus to read.

        The tiles are seen as they are stored. No label is read and no weight moves.
        """
        corpus = self.corpus
        if corpus is None:
            return
        self.to(context.device)
        drawn = batch_norm.draw(len(corpus), derive(context.seed, "calibration"))
        stored = (torch.from_numpy(corpus.tiles(part)).to(context.device) for part in drawn)
        batch_norm.estimate(self.backbone, (self.normalise(tiles.permute(0, 3, 1, 2)) for tiles in stored))


class ImageNetInitialisation(Initialisation[ImageNetOptions]):
    """The backbone with published ImageNet weights, or with those of a file."""

    def __init__(self, backbone: Backbone, options: ImageNetOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        load_initial(backbone, options.weights)
