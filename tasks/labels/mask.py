"""A class of each pixel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.metrics.confusion import IGNORE
from tasks.labels.label import UNLABELLED, Colour, Counts, Drawn, Label, Picture

if TYPE_CHECKING:
    from tasks.augment import Moves


class Mask(Label):
    """A class of each pixel, H x W; strata are dominant classes."""

    name = "mask"
    kind = "mask"
    unit = "pixels"
    members = "slices with the class as the dominant one"
    shots = True

    def shape(self, size: int, classes: int) -> tuple[int, ...]:
        """As the slice."""
        del classes
        return size, size

    def count(self, stored: NDArray[Any], classes: int) -> Counts:
        """Pixels of each class."""
        return np.bincount(stored.ravel(), minlength=IGNORE + 1)[:classes]

    def strata(self, counts: Counts) -> list[int]:
        """The class with most pixels of each slice; a slice without a label is a stratum of its own."""
        return [int(k) for k in np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), -1)]

    def membership(self, counts: Counts) -> Counts:
        """The dominant class of each slice."""
        dominant = np.zeros_like(counts)
        dominant[np.arange(len(counts)), counts.argmax(axis=1)] = counts.sum(axis=1) > 0
        return dominant

    def move(self, targets: dict[str, Any], moves: "Moves", size: int) -> dict[str, Any]:
        """Masks move as their images."""
        from tasks.augment import move_rasters

        del size
        return {"label": move_rasters(targets["label"], moves)}

    def draw(
        self, shown: Mapping[str, Picture], truth: Any, prediction: Any, legend: Sequence[tuple[str, Colour]]
    ) -> Drawn:
        """Image (or both dates), true mask and predicted mask in the classes' colours."""
        palette = [colour for _, colour in legend]
        return Drawn({**shown, "truth": paint(truth, palette), "prediction": paint(prediction, palette)})


LABEL = Mask()


def paint(mask: NDArray[Any], palette: Sequence[Colour]) -> Picture:
    """Colour a mask H x W of class numbers; what is ignored becomes grey."""
    table = np.full((IGNORE + 1, 3), UNLABELLED, dtype=np.uint8)
    table[: len(palette)] = palette
    return np.asarray(table[mask])
