"""Any number of classes of the whole image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.metrics.confusion import IGNORE
from tasks.labels.boxes import presence
from tasks.labels.label import Colour, Counts, Drawn, Label, Picture, in_words


class MultiLabel(Label):
    """Which classes an image has, K of 0 and 1; strata are sets of classes."""

    name = "multilabel"
    kind = "multilabel"
    unit = "slices"
    members = "images with the class"

    def shape(self, size: int, classes: int) -> tuple[int, ...]:
        """One number a class."""
        del size
        return (classes,)

    def count(self, stored: NDArray[Any], classes: int) -> Counts:
        """1 of each class that the image has."""
        del classes
        return np.asarray(stored, dtype=np.int64)

    def target(self, stored: NDArray[Any], lookup: NDArray[np.uint8], classes: int) -> dict[str, NDArray[Any]]:
        """`label`, K of 0 and 1: a class of the protocol is there where one that it joins is."""
        numbers = lookup[np.flatnonzero(stored)]
        label = np.zeros(classes, dtype=np.uint8)
        label[numbers[numbers != IGNORE]] = 1
        return {"label": label}

    def strata(self, counts: Counts) -> list[int]:
        """The classes of each image, as a number with one bit a class."""
        return presence(counts)

    def draw(
        self, shown: Mapping[str, Picture], truth: Any, prediction: Any, legend: Sequence[tuple[str, Colour]]
    ) -> Drawn:
        """Image, and the true and the predicted classes in words, one below the other.

        Args:
            shown: the image.
            truth: K of 0 and 1.
            prediction: K of 0 and 1.
            legend: name and colour of each class.
        """
        names = [name for name, _ in legend]
        there = {part: _names(flags, names) for part, flags in (("truth", truth), ("prediction", prediction))}
        widest, height = max(map(len, names)), len(next(iter(shown.values())))
        bars = {part: in_words(words, widest, height) for part, words in there.items()}
        return Drawn({**shown, **bars}, {part: ", ".join(words) or "none" for part, words in there.items()})


LABEL = MultiLabel()


def _names(flags: NDArray[Any], names: Sequence[str]) -> list[str]:
    return [name for name, there in zip(names, flags, strict=True) if there]
