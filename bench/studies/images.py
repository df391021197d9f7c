"""What the images of a study are, for rows that no corpus tells it: initialisations and oracles."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bench.backbones.normalisation import IMAGENET, Channels
from bench.core.bands import RGB, Bands
from bench.core.errors import StudyError
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.splits import parts_of

# Images whose statistics are taken at once.
AT_ONCE = 64


@dataclass(frozen=True)
class Images:
    """Bands of some images, with mean and standard deviation of each in [0, 1]."""

    bands: Bands
    mean: Channels
    std: Channels


def images_of(sets: Iterable[tuple[Protocol, Prepared]]) -> Images:
    """The images of protocols' data sets.

    8-bit red, green and blue are fed with ImageNet's statistics by convention; of other bands the mean and standard
    deviation are those of the first protocol's training images, never of those it tests on.

    Raises:
        StudyError: the sets differ in their bands.
    """
    (protocol, first), *others = sets
    bands = first.bands
    for _, other in others:
        if other.bands != bands:
            raise StudyError(
                f"{first.path} has {bands} and {other.path} {other.bands}: make a study of each, or name a corpus"
            )
    if bands == RGB:
        return Images(RGB, IMAGENET.mean, IMAGENET.std)
    total, square, count = np.zeros(len(bands)), np.zeros(len(bands)), 0
    train = parts_of(protocol, first).train
    for start in range(0, len(train), AT_ONCE):
        values = first.images[train[start : start + AT_ONCE]].reshape(-1, len(bands)) / bands.highest
        total, square, count = total + values.sum(axis=0), square + (values**2).sum(axis=0), count + len(values)
    mean = total / count
    std = np.sqrt(np.maximum(square / count - mean**2, 0))
    return Images(bands, tuple(mean.tolist()), tuple(std.tolist()))
