"""Initialisations: methods that train nothing."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import update_bn

from bench.backbones.initial import load_initial
from bench.backbones.pyramid import Backbone
from bench.core.context import Context
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import TileOrder
from bench.pretraining.method import Batch, Length, Method, Options
from methods.options.initial import CALIBRATION_TILES, ImageNetOptions, RandomOptions

# Tiles whose statistics batch norm takes at once.
CALIBRATION_BATCH = 128


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

        They are the mean of those of all batches. No label is read and no weight moves.
        """
        if self.corpus is None:
            return
        self.to(context.device)
        update_bn(self._batches(calibration_tiles(len(self.corpus), context.seed), context.device), self.backbone)

    def _batches(self, tiles: np.ndarray, device: torch.device) -> Iterator[Tensor]:
        """Normalised tiles, B x C x S x S, in batches whose sizes differ by one at most: each counts the same."""
        assert self.corpus is not None
        for part in np.array_split(tiles, -(-len(tiles) // CALIBRATION_BATCH)):
            yield self.normalise(torch.from_numpy(self.corpus.tiles(part)).to(device).permute(0, 3, 1, 2))


def calibration_tiles(size: int, seed: int) -> np.ndarray:
    """The tiles of a corpus of `size` that calibrate batch norm: 2,560, or all of a smaller one."""
    return TileOrder(size, derive(seed, "calibration")).draw(0, np.arange(min(CALIBRATION_TILES, size)))


class ImageNetInitialisation(Initialisation[ImageNetOptions]):
    """The backbone with published ImageNet weights, or with those of a file."""

    def __init__(self, backbone: Backbone, options: ImageNetOptions, corpus: Corpus | None, length: Length) -> None:
        super().__init__(backbone, options, corpus, length)
        load_initial(backbone, options.weights)
