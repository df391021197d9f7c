"""What the images of a study are, for rows that no corpus tells it: initialisations and oracles."""

from collections.abc import Iterable
from dataclasses import dataclass

from bench.backbones.normalisation import IMAGENET, Channels
from bench.core.bands import RGB, Bands
from bench.core.errors import StudyError
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.splits import parts_of


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
    found = first.statistics(parts_of(protocol, first).train)
    return Images(bands, found.mean, found.std)
