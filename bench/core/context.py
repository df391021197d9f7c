"""Where a training runs, and who is told how far it is."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    # A worker imports this module before it says how many threads it may have, which numpy reads once.
    import numpy as np
    import torch
    from numpy.typing import NDArray

# Steps done, steps in all, and a few words.
Progress = Callable[[int, int, str], None]
# Told what is being made, since that can take some seconds.
Say = Callable[[str], None]
# Pieces done, and pieces in all.
Count = Callable[[int, int], None]


@dataclass(frozen=True)
class Kept:
    """An array that was kept, and what was said of it."""

    values: "NDArray[np.float32]"
    words: dict[str, str]


class Cache(Protocol):
    """Where features are kept between cells; any of them may vanish at any time."""

    def get(self, key: str) -> Kept | None:
        """What was kept under a key; None where nothing is, or it is damaged."""

    def put(
        self, key: str, shape: tuple[int, ...], blocks: "Iterable[NDArray[np.floating[Any]]]", words: dict[str, str]
    ) -> Kept:
        """Keep an array of some shape that comes in blocks of its first axis, and words about it."""

    def lock(self, key: str) -> AbstractContextManager[object]:
        """Wait until no other process makes what belongs under a key."""


@dataclass(frozen=True)
class Context:
    """Where a pretraining or a fine-tuning runs.

    Attributes:
        device: where the model is.
        folder: for the training's files, its checkpoint among them.
        seed: of everything random in it.
        progress: told how far it is.
        predictions: folder for pictures of predictions, or None.
        prediction_count: how many test samples to picture.
        features: where features of frozen networks are kept, or None.
        tensorboard: folder for the curves of this training (`bench.core.tensorboard`), or None.
    """

    device: "torch.device"
    folder: Path
    seed: int
    progress: Progress
    predictions: Path | None = None
    prediction_count: int = 0
    features: Cache | None = None
    tensorboard: Path | None = None


def quiet(text: str) -> None:
    """Say nothing."""
