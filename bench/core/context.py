"""Where a training runs, and who is told how far it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Steps done, steps in all, and a few words.
Progress = Callable[[int, int, str], None]
# Told what is being made, since that can take some seconds.
Say = Callable[[str], None]
# Pieces done, and pieces in all.
Count = Callable[[int, int], None]


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
    """

    device: "torch.device"
    folder: Path
    seed: int
    progress: Progress
    predictions: Path | None = None
    prediction_count: int = 0


def quiet(text: str) -> None:
    """Say nothing."""
