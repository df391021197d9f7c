"""Batches of a corpus by number, for a training loop or a torch `DataLoader`.

A batch follows from its number alone, counted from 0 over all epochs. That is all a `DataLoader` asks of a data set:
with `batch_size=None` and `sampler=range(start, stop)` its workers share the batches, and a run goes on exactly where
it stopped.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.sampling import TileOrder


class TileBatch(NamedTuple):
    """Some tiles.

    Attributes:
        tiles: `B x size x size x C`, in the order and of the type of the corpus' bands.
        landcover: `B x K` proportions.
        indices: `B` numbers of the tiles in the corpus.
    """

    tiles: NDArray[Any]
    landcover: NDArray[np.float32]
    indices: NDArray[np.int64]


@dataclass(frozen=True)
class Position:
    """Where a run is, as plain values for a checkpoint.

    Attributes:
        corpus: hash of the corpus.
        seed, weighting, batch_size, ranks: what decides the order; `weighting` is a hash of the weights.
        batch: batches that were used, over all epochs.
    """

    corpus: str
    seed: int
    weighting: str
    batch_size: int
    ranks: int
    batch: int

    def to_json(self) -> dict[str, Any]:
        """The position as plain JSON values."""
        return asdict(self)


class Batches:
    """The batches of one rank; one that would not be full at an epoch's end is left out, on all ranks alike.

    Args:
        corpus: the corpus.
        batch_size: tiles in a batch of one rank.
        seed: names the order.
        weights: relative chance of each tile (`bench.corpus.storage.sampling.class_balance`, for one), `N`; None draws every
            tile once an epoch.
        rank, ranks: this process' number and how many there are; their batches share no position.

    Attributes:
        per_epoch: batches of this rank in an epoch.

    Raises:
        CorpusError: a corpus smaller than one batch of all ranks.
        ValueError: see `TileOrder`.
    """

    def __init__(
        self,
        corpus: Corpus,
        batch_size: int,
        seed: int,
        weights: NDArray[np.float64] | None = None,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        if len(corpus) < batch_size * ranks:
            raise CorpusError(
                f"corpus {corpus.path} has {len(corpus)} tiles, fewer than a batch of {batch_size} on {ranks} ranks"
            )
        self.corpus = corpus
        self.batch_size = batch_size
        self.rank, self.ranks = rank, ranks
        self.order = TileOrder(len(corpus), seed, weights)
        self.per_epoch = len(corpus) // (batch_size * ranks)

    def __getitem__(self, number: int) -> TileBatch:
        if number < 0:
            raise IndexError(number)
        epoch, at = divmod(number, self.per_epoch)
        start = (at * self.ranks + self.rank) * self.batch_size
        indices = self.order.draw(epoch, np.arange(start, start + self.batch_size))
        return TileBatch(self.corpus.tiles(indices), np.asarray(self.corpus.landcover[indices]), indices)

    def position(self, used: int) -> Position:
        """What a checkpoint has to keep after `used` batches."""
        order = self.order
        return Position(self.corpus.hash, order.seed, order.weighting, self.batch_size, self.ranks, used)

    def after(self, position: Position) -> int:
        """The number of the batch that follows a checkpoint's position.

        Raises:
            CorpusError: the position belongs to another corpus, seed, weights, batch size or number of ranks.
        """
        here = self.position(position.batch)
        for field in fields(Position):
            was, now = getattr(position, field.name), getattr(here, field.name)
            if was != now:
                raise CorpusError(
                    f"the checkpoint was made with {field.name} {was or 'none'}, this run has {now or 'none'}: "
                    "use the same"
                )
        return position.batch
