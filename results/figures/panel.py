"""Predictions of several methods on the same images, beside image and truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from bench.errors import StoreError
from results.figures.drawing import plain

_IGNORED = (128, 128, 128)


@dataclass(frozen=True)
class Example:
    """One test image.

    Attributes:
        image: RGB, H x W x 3, uint8.
        truth: class indices, H x W; 255 is ignored.
        predictions: row label of a method -> class indices, H x W.
    """

    image: NDArray[np.uint8]
    truth: NDArray[np.uint8]
    predictions: Mapping[str, NDArray[np.uint8]]


def predictions_panel(examples: Sequence[Example], colours: Sequence[tuple[int, int, int]]) -> Figure:
    """Draw one row an example: image, truth, then each method's prediction.

    Args:
        examples: at least one, all with the same methods.
        colours: RGB of each class.

    Raises:
        StoreError: the examples have different methods, or a class has no colour.
    """
    methods = list(examples[0].predictions)
    if any(list(example.predictions) != methods for example in examples):
        raise StoreError(
            "a panel needs predictions of the same methods for every image: leave out what is not complete"
        )
    figure = Figure(figsize=(1.6 * (2 + len(methods)), 1.7 * len(examples)), layout="constrained")
    axes = figure.subplots(len(examples), 2 + len(methods), squeeze=False)
    for row, example in zip(axes, examples, strict=True):
        maps = [example.truth, *(example.predictions[method] for method in methods)]
        pictures = [example.image, *(_painted(labels, colours) for labels in maps)]
        for place, picture in zip(row, pictures, strict=True):
            place.imshow(picture, interpolation="nearest")
            place.set_axis_off()
    for place, title in zip(axes[0], ["image", "truth", *methods], strict=True):
        place.set_title(plain(title), fontsize="small")
    return figure


def _painted(labels: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> NDArray[np.uint8]:
    palette = np.full((256, 3), _IGNORED, dtype=np.uint8)
    palette[: len(colours)] = colours
    unknown = sorted(set(np.unique(labels).tolist()) - set(range(len(colours))) - {255})
    if unknown:
        raise StoreError(f"class {unknown[0]} has no colour: give {unknown[-1] + 1} colours")
    return np.asarray(palette[labels])
