"""Boxes with classes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from bench.metrics.confusion import IGNORE
from tasks.labels.label import Colour, Counts, Drawn, Label, Picture, Stored

if TYPE_CHECKING:
    from tasks.augment import Moves

# Boxes below this score clutter the picture; the metric counts them all.
SCORE = 0.3


class Ragged(Stored):
    """Boxes of all slices one after the other in `boxes.npy`, and where each slice's begin in `box_starts.npy`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boxes: list[NDArray[np.float32]] = []

    def add(self, label: Any) -> NDArray[np.float32]:
        """Keep the next slice's boxes, M x 5."""
        self._boxes.append(np.asarray(label, dtype=np.float32).reshape(-1, 5))
        return self._boxes[-1]

    def __getitem__(self, at: int) -> NDArray[np.float32]:
        """Boxes of a slice that was added."""
        return self._boxes[at]

    def finish(self) -> None:
        """Write all."""
        starts = np.cumsum([0, *map(len, self._boxes)], dtype=np.int64)
        np.save(self._folder / "box_starts.npy", starts)
        np.save(self._folder / "boxes.npy", np.concatenate([np.empty((0, 5), np.float32), *self._boxes]))


class Boxes(Label):
    """Boxes M x 5: left, top, right, bottom in pixels of the slice, and class; strata are sets of classes."""

    name = "boxes"
    kind = "boxes"
    unit = "boxes"
    members = "slices with the class"
    ragged = True

    def shape(self, size: int, classes: int) -> tuple[int, ...]:
        """Nothing is set aside for them: they are few."""
        del size, classes
        return (0,)

    def store(self, folder: Path, count: int, size: int, classes: int) -> Stored:
        """Begin to write boxes."""
        del count, size, classes
        return Ragged(folder)

    def read(self, array: Callable[[str], Any], at: int) -> NDArray[np.float32]:
        """Boxes of a slice, M x 5."""
        first, last = array("box_starts")[at : at + 2]
        return np.array(array("boxes")[first:last], dtype=np.float32)

    def count(self, stored: NDArray[Any], classes: int) -> Counts:
        """Boxes of each class."""
        return np.bincount(stored[:, 4].astype(np.int64), minlength=IGNORE + 1)[:classes]

    def target(self, stored: NDArray[Any], lookup: NDArray[np.uint8], classes: int) -> dict[str, NDArray[Any]]:
        """Corners `boxes` M x 4 and `classes` M; boxes of ignored classes are left out."""
        del classes
        numbers = lookup[stored[:, 4].astype(np.int64)]
        kept = numbers != IGNORE
        return {"boxes": stored[kept, :4], "classes": numbers[kept].astype(np.int64)}

    def strata(self, counts: Counts) -> list[int]:
        """The classes present in each slice, as a number with one bit a class; 0 for a slice without objects."""
        return presence(counts)

    def move(self, targets: dict[str, Any], moves: "Moves", size: int) -> dict[str, Any]:
        """Boxes move as their images."""
        from tasks.augment import move_boxes

        return targets | {"boxes": [move_boxes(boxes, moves, at, size) for at, boxes in enumerate(targets["boxes"])]}

    def draw(
        self, shown: Mapping[str, Picture], truth: Any, prediction: Any, legend: Sequence[tuple[str, Colour]]
    ) -> Drawn:
        """The image with the true boxes, M x 5, and with those found, M x 6 with their scores."""
        image, palette = next(iter(shown.values())), [colour for _, colour in legend]
        found = prediction[prediction[:, 5] >= SCORE]
        return Drawn({"truth": outline(image, truth, palette), "prediction": outline(image, found, palette)})


LABEL = Boxes()


def presence(counts: Counts) -> list[int]:
    """The classes that each sample shows, as a number with one bit a class."""
    present = counts > 0
    return [int(bits) for bits in present @ (1 << np.arange(present.shape[1]))]


def outline(image: Picture, boxes: NDArray[Any], palette: Sequence[Colour]) -> Picture:
    """Draw boxes, M x 5 or more (left, top, right, bottom, class, ...), on a copy of an image."""
    picture = Image.fromarray(image)
    pen = ImageDraw.Draw(picture)
    for left, top, right, bottom, number in boxes[:, :5].tolist():
        corners = (min(left, right - 1), min(top, bottom - 1), max(left, right - 1), max(top, bottom - 1))
        pen.rectangle(corners, outline=palette[int(number)], width=2)
    return np.asarray(picture)
