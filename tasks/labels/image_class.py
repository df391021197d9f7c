"""One class of the whole image."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.metrics.confusion import IGNORE
from tasks.labels.label import Colour, Counts, Drawn, Label, Picture, in_words


class ImageClass(Label):
    """One class of the whole image, a number; strata are classes."""

    name = "class"
    kind = "class"
    unit = "slices"
    members = "images"
    shots = True
    every_class = True

    def shape(self, size: int, classes: int) -> tuple[int, ...]:
        """A number."""
        del size, classes
        return ()

    def count(self, stored: NDArray[Any], classes: int) -> Counts:
        """1 of the class."""
        return np.bincount(stored.ravel(), minlength=IGNORE + 1)[:classes]

    def strata(self, counts: Counts) -> list[int]:
        """The class of each image, 255 where it is ignored."""
        return [int(k) for k in np.where(counts.sum(axis=1) > 0, counts.argmax(axis=1), IGNORE)]

    def draw(
        self, shown: Mapping[str, Picture], truth: Any, prediction: Any, legend: Sequence[tuple[str, Colour]]
    ) -> Drawn:
        """Image, and the true and the predicted class in words."""
        names = [name for name, _ in legend]
        words = {"truth": names[int(truth)], "prediction": names[int(prediction)]}
        widest, height = max(map(len, names)), len(next(iter(shown.values())))
        bars = {part: in_words([word], widest, height) for part, word in words.items()}
        return Drawn({**shown, **bars}, words)


LABEL = ImageClass()
