"""Batches of a corpus by number, for a training loop or a torch `DataLoader`.

`Batches` has a length and takes a number, which is all a `DataLoader` asks of a data set: with `batch_size=None` and
`sampler=range(start, len(batches))` its workers share the batches, and a run goes on exactly where it stopped.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.corpus.reader import Corpus
from bench.corpus.sampling import TileOrder
from bench.errors import CorpusError


class Batch(NamedTuple):
    """Some tiles.

    Attributes:
        tiles: `B x size x size x 3`, 8-bit.
        landcover: `B x K` proportions.
        indices: `B` numbers of the tiles in the corpus.
    """

    tiles: NDArray[np.uint8]
    landcover: NDArray[np.float32]
    indices: NDArray[np.int64]


@dataclass(frozen=True)
class Position:
    """Where a run is, as plain values for a checkpoint.

    Attributes:
        corpus: hash of the corpus.
        seed, balance, batch_size, ranks: what decides the order.
        epoch: from 0.
        batch: batches of this epoch that were used.
    """

    corpus: str
    seed: int
    balance: float
    batch_size: int
    ranks: int
    epoch: int
    batch: int

    def to_json(self) -> dict[str, Any]:
        """The position as plain JSON values."""
        return asdict(self)


class Batches:
    """The batches of one rank in one epoch; a batch that would not be full is left out, on all ranks alike.

    Args:
        corpus: the corpus.
        batch_size: tiles in a batch of one rank.
        seed: names the order.
        balance: see `TileOrder`.
        rank, ranks: this process' number and how many there are; their batches share no position.

    Raises:
        CorpusError: balance without land cover, or a corpus smaller than one batch of all ranks.
    """

    def __init__(
        self, corpus: Corpus, batch_size: int, seed: int, balance: float = 0.0, rank: int = 0, ranks: int = 1
    ) -> None:
        if balance and not corpus.has_landcover:
            raise CorpusError(f"corpus {corpus.path} has no land cover: class-balanced sampling cannot be used")
        if len(corpus) < batch_size * ranks:
            raise CorpusError(
                f"corpus {corpus.path} has {len(corpus)} tiles, fewer than a batch of {batch_size} on {ranks} ranks"
            )
        self.corpus = corpus
        self.batch_size = batch_size
        self.rank, self.ranks = rank, ranks
        self.order = TileOrder(len(corpus), seed, corpus.dominant if balance else None, balance)
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.corpus) // (self.batch_size * self.ranks)

    def __getitem__(self, number: int) -> Batch:
        if not 0 <= number < len(self):
            raise IndexError(number)
        start = (number * self.ranks + self.rank) * self.batch_size
        indices = self.order.draw(self.epoch, np.arange(start, start + self.batch_size))
        return Batch(self.corpus.tiles(indices), np.asarray(self.corpus.landcover[indices]), indices)

    def position(self, used: int) -> Position:
        """What a checkpoint has to keep after `used` batches of this epoch."""
        order = self.order
        epoch, batch = self.epoch + used // len(self), used % len(self)
        return Position(self.corpus.hash, order.seed, order.balance, self.batch_size, self.ranks, epoch, batch)

    def go_to(self, position: Position) -> int:
        """Go to a checkpoint's epoch and return the number of its next batch.

        Raises:
            CorpusError: the position belongs to another corpus, seed, batch size or number of ranks.
        """
        here = self.position(0)
        for name in ("corpus", "seed", "balance", "batch_size", "ranks"):
            was, now = getattr(position, name), getattr(here, name)
            if was != now:
                raise CorpusError(f"the checkpoint was made with {name} {was}, this run has {now}: use the same")
        self.epoch = position.epoch
        return position.batch
