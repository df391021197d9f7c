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
        tiles: this rank's part of them, `B/ranks x size x size x C`, in the order and of the type of the corpus' bands.
        landcover: `B x K` proportions, of all ranks' tiles.
        indices: `B` numbers of the tiles in the corpus, of all ranks'.
    """

    tiles: NDArray[Any]
    landcover: NDArray[np.float32]
    indices: NDArray[np.int64]


@dataclass(frozen=True)
class Position:
    """Where a run is, as plain values for a checkpoint.

    Attributes:
        corpus: hash of the corpus.
        seed, weighting, batch_size: what decides the order; `weighting` is a hash of the weights.
        batch: batches that were used, over all epochs.
    """

    corpus: str
    seed: int
    weighting: str
    batch_size: int
    batch: int

    def to_json(self) -> dict[str, Any]:
        """The position as plain JSON values."""
        return asdict(self)


class Batches:
    """The batches of a corpus, or one rank's part of each; one that would not be full at an epoch's end is left out.

    Args:
        corpus: the corpus.
        batch_size: tiles in a batch, of all ranks together.
        seed: names the order.
        weights: relative chance of each tile (`bench.corpus.storage.sampling.class_balance`, for one), `N`; None draws every
            tile once an epoch.
        rank, ranks: this process' number and how many there are, which divides the batch; the batches are the same
            whatever it is.

    Attributes:
        per_epoch: batches in an epoch.

    Raises:
        CorpusError: a corpus smaller than one batch, or a batch that ranks do not divide.
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
        if len(corpus) < batch_size:
            raise CorpusError(f"corpus {corpus.path} has {len(corpus)} tiles, fewer than a batch of {batch_size}")
        if batch_size % ranks:
            raise CorpusError(
                f"a batch of {batch_size} tiles is not divided evenly by {ranks} ranks: change one of them"
            )
        self.corpus = corpus
        self.batch_size = batch_size
        self.rank, self.ranks = rank, ranks
        self.order = TileOrder(len(corpus), seed, weights)
        self.per_epoch = len(corpus) // batch_size

    def __getitem__(self, number: int) -> TileBatch:
        if number < 0:
            raise IndexError(number)
        epoch, at = divmod(number, self.per_epoch)
        start = at * self.batch_size
        indices = self.order.draw(epoch, np.arange(start, start + self.batch_size))
        own = np.split(indices, self.ranks)[self.rank]
        return TileBatch(self.corpus.tiles(own), np.asarray(self.corpus.landcover[indices]), indices)

    def position(self, used: int) -> Position:
        """What a checkpoint has to keep after `used` batches."""
        order = self.order
        return Position(self.corpus.hash, order.seed, order.weighting, self.batch_size, used)

    def after(self, position: Position) -> int:
        """The number of the batch that follows a checkpoint's position.

        Raises:
            CorpusError: the position belongs to another corpus, seed, weights or batch size.
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
