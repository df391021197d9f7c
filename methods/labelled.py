"""Labelled pictures as a method reads them: a batch for each step, the same after an interruption."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bench.core.errors import CorpusError, DataError
from bench.core.seeding import derive
from bench.corpus.storage.reader import Corpus
from bench.pretraining.labelled import LabelledImages, list_images
from bench.pretraining.method import Batch, entropy
from methods.options.labelled import LabelledOptions

# Pictures are cut to squares somewhat larger than the views, 256 for 224 as is usual for ImageNet.
MARGIN = 256 / 224
READERS = 8


class LabelledFeed:
    """Batches of labelled images in an order that follows from the seed; short sets repeat, each time reshuffled.

    Args:
        images: the labelled set.
        batch: images in a batch.
        size: side they are read at, pixels.
        seed: of the order.
    """

    def __init__(self, images: LabelledImages, batch: int, size: int, seed: int) -> None:
        self.images = images
        self._batch = batch
        self._size = size
        self._seed = seed
        self._pool = ThreadPoolExecutor(READERS)
        self._ahead: tuple[int, list[Future[np.ndarray]]] | None = None

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Images, uint8, B x 3 x size x size, and labels, B; the next batch is read meanwhile."""
        if self._ahead is None or self._ahead[0] != step:
            self._ahead = (step, self._read(step))
        pixels = np.stack([future.result() for future in self._ahead[1]])
        self._ahead = (step + 1, self._read(step + 1))
        labels = torch.tensor([self.images.labels[index] for index in self.order(step)])
        return torch.from_numpy(pixels).permute(0, 3, 1, 2), labels

    def order(self, step: int) -> Iterator[int]:
        """Positions of the images of a step, counted from 0."""
        count = len(self.images)
        shuffles: dict[int, np.ndarray] = {}
        for place in range(step * self._batch, (step + 1) * self._batch):
            turn, at = divmod(place, count)
            if turn not in shuffles:
                shuffles[turn] = np.random.default_rng(derive(self._seed, "labelled", turn)).permutation(count)
            yield int(shuffles[turn][at])

    def _read(self, step: int) -> list[Future[np.ndarray]]:
        return [self._pool.submit(self.images.read, index, self._size) for index in self.order(step)]


class LabelledTiles(nn.Module):
    """The corpus' own tiles as labelled pictures: each has the class of the folder that its image lies in.

    Args:
        corpus: of images in class folders.

    Attributes:
        classes: names of the folders.

    Raises:
        CorpusError: it has no class folders.
    """

    of_tiles: Tensor

    def __init__(self, corpus: Corpus | None) -> None:
        super().__init__()
        if corpus is None or corpus.labels is None:
            raise CorpusError("labelled=corpus needs a corpus of images in two class folders or more: build one")
        self.classes = corpus.labels.classes
        # Not in a checkpoint: they are the corpus' own.
        self.register_buffer("of_tiles", torch.from_numpy(corpus.labels.of_tiles), persistent=False)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """The tiles of a batch, as stored, B x C x S x S, and their labels, B."""
        assert batch.indices is not None
        return batch.images, self.of_tiles[batch.indices]

    def constant_loss(self) -> float:
        """The entropy of the labels' shares."""
        return entropy(np.bincount(self.of_tiles.cpu().numpy()))


class Pictures(nn.Module):
    """The labelled pictures of a method; its place among them is in the method's `state_dict`.

    Args:
        options: name the folder, the batch and the size of the views; the order is drawn from torch's generator.

    Raises:
        DataError: there is no folder, or it holds no labelled pictures.
    """

    seed: Tensor
    step: Tensor

    def __init__(self, options: LabelledOptions) -> None:
        super().__init__()
        if options.labelled is None:
            raise DataError(
                f"{options.METHOD} trains on labelled pictures: set options.{options.METHOD}.labelled to an image folder"
            )
        self.images = list_images(Path(options.labelled))
        self._batch, self._size = options.batch, round(options.size * MARGIN)
        self.register_buffer("seed", torch.zeros((), dtype=torch.long))
        self.register_buffer("step", torch.zeros((), dtype=torch.long))
        self._feed: LabelledFeed | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the folders."""
        return self.images.classes

    def draw_order(self) -> None:
        """Draw the seed of the order of the pictures from torch's generator."""
        self.seed.fill_(int(torch.randint(2**31, ())))

    def forward(self, device: torch.device) -> tuple[Tensor, Tensor]:
        """Pictures of the present step, uint8, B x 3 x S x S, and their labels, B."""
        if self._feed is None:
            # Made late: the seed may have come from a checkpoint.
            self._feed = LabelledFeed(self.images, self._batch, self._size, int(self.seed))
        pictures, labels = self._feed.batch(int(self.step))
        return pictures.to(device, non_blocking=True), labels.to(device, non_blocking=True)

    def constant_loss(self) -> float:
        """Cross-entropy of the labels' shares, the best that one answer for all pictures gets: their entropy."""
        return entropy(np.bincount(self.images.labels))
