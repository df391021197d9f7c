"""What a kind of label owns: how it is stored, counted, divided into strata, moved with its image, and drawn."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.core import files

if TYPE_CHECKING:
    from tasks.augment import Moves

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
Counts = NDArray[np.int64]

# What is drawn where there is no label, and behind words.
UNLABELLED: Colour = (96, 96, 96)


@dataclass(frozen=True)
class Drawn:
    """Pictures of one sample side by side, by name, and the words that stand in some of them."""

    parts: dict[str, Picture]
    words: dict[str, str] = field(default_factory=dict)


class Stored(ABC):
    """The labels of a set that is being written, in the order of its slices."""

    @abstractmethod
    def add(self, label: Any) -> NDArray[Any]:
        """Store the next slice's label; returns it as it is stored."""

    @abstractmethod
    def __getitem__(self, at: int) -> NDArray[Any]:
        """The label of a slice that was added."""

    @abstractmethod
    def finish(self) -> None:
        """Write what is not on the disk yet."""


class Rows(Stored):
    """Labels of one shape, written by memory map into `labels.npy` as they come.

    Args:
        folder: of the set.
        count: number of slices.
        shape: of one label.
    """

    def __init__(self, folder: Path, count: int, shape: tuple[int, ...]) -> None:
        self._array = np.lib.format.open_memmap(folder / "labels.npy", mode="w+", dtype=np.uint8, shape=(count, *shape))
        files.reserve(folder / "labels.npy")
        self._next = 0

    def add(self, label: Any) -> NDArray[Any]:
        """Store the next slice's label."""
        self._array[self._next] = label
        self._next += 1
        return self[self._next - 1]

    def __getitem__(self, at: int) -> NDArray[Any]:
        """The label of a slice that was added."""
        return np.asarray(self._array[at])

    def finish(self) -> None:
        """Flush the array."""
        self._array.flush()


class Label(ABC):
    """One kind of label.

    Counts are N x K: of each sample what it shows of each class, in `unit`. The classes of a prepared set become those
    of a protocol by `lookup`, 256 class numbers, 255 where a class is ignored.

    Attributes:
        name: in words.
        kind: word for it in the index of a prepared set.
        dates: images side by side in the bands of a slice.
        unit: what is counted of each class.
        members: which samples count for a class, in words.
        ragged: whether labels of two slices differ in size, so that a batch lists them.
        shots: whether a sample belongs to one class, so that so many of each class can be drawn.
        every_class: whether nothing is learnt of a class that no sample of a subset belongs to.
    """

    name: str
    kind: str
    dates: int = 1
    unit: str
    members: str
    ragged: bool = False
    shots: bool = False
    every_class: bool = False

    @abstractmethod
    def shape(self, size: int, classes: int) -> tuple[int, ...]:
        """Shape of one stored label of 8-bit numbers.

        Args:
            size: side of a slice in pixels.
            classes: number of classes of the data set.
        """

    def room(self, size: int, classes: int) -> int:
        """Bytes that a label takes."""
        return int(np.prod(self.shape(size, classes)))

    def store(self, folder: Path, count: int, size: int, classes: int) -> Stored:
        """Begin to write the labels of a set of `count` slices into its folder."""
        return Rows(folder, count, self.shape(size, classes))

    def read(self, array: Callable[[str], Any], at: int) -> NDArray[Any]:
        """The label of a slice.

        Args:
            array: gives an array of the prepared set by name.
            at: position of the slice.
        """
        return np.asarray(array("labels")[at])

    @abstractmethod
    def count(self, stored: NDArray[Any], classes: int) -> Counts:
        """What one stored label shows of each class, K."""

    def target(self, stored: NDArray[Any], lookup: NDArray[np.uint8], classes: int) -> dict[str, NDArray[Any]]:
        """A stored label as a network is to learn it, by name, in the K = `classes` classes of a protocol."""
        del classes
        return {"label": np.asarray(lookup[stored])}

    @abstractmethod
    def strata(self, counts: Counts) -> list[int]:
        """The stratum of each sample, by which subsets are drawn in proportion."""

    def membership(self, counts: Counts) -> Counts:
        """Which classes each sample counts for, N x K of 0 and 1; here all that it shows."""
        return np.asarray(counts > 0, dtype=np.int64)

    def move(self, targets: "dict[str, Any]", moves: "Moves", size: int) -> "dict[str, Any]":
        """A batch of targets, moved as its images of `size` pixels are; here a move changes nothing."""
        del moves, size
        return targets

    @abstractmethod
    def draw(
        self, shown: Mapping[str, Picture], truth: Any, prediction: Any, legend: Sequence[tuple[str, Colour]]
    ) -> Drawn:
        """Picture truth and prediction of one sample.

        Args:
            shown: its image, or the images of both dates, by name.
            truth: the true label.
            prediction: the predicted one.
            legend: name and colour of each class.
        """


def in_words(lines: Sequence[str], widest: int, height: int) -> Picture:
    """Words on a grey bar beside an image, one line below the other.

    Args:
        lines: what stands there.
        widest: letters of the longest line that any bar has, so that all are of one width.
        height: of the image in pixels.
    """
    bar = Image.new("RGB", (16 + 8 * widest, height), UNLABELLED)
    ImageDraw.Draw(bar).text((8, 8), "\n".join(lines), fill=(255, 255, 255))
    return np.asarray(bar)
