"""Outcomes of classification: of images the classes, of masks and changes the confusion counts of each image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from bench.metrics import confusion
from bench.metrics.confusion import IGNORE, Counts
from bench.metrics.means import mean
from bench.metrics.outcomes import Arrays, Outcomes, array, below


@dataclass(frozen=True, eq=False)
class ImageOutcomes(Outcomes):
    """One class of each image.

    Attributes:
        classes: K names.
        truth: true class of each image, N; 255 is not counted.
        predicted: predicted class, N.
        margin: how far the predicted class is ahead of the next, in the classifier's own measure, N.
    """

    kind: ClassVar[str] = "image"
    classes: Sequence[str]
    truth: NDArray[np.integer[Any]]
    predicted: NDArray[np.integer[Any]]
    margin: NDArray[np.floating[Any]]

    def __len__(self) -> int:
        return len(self.truth)

    def scores(self) -> dict[str, float]:
        """See `confusion.image_scores`."""
        return confusion.image_scores(self._matrix, self.classes)

    def further(self) -> dict[str, float]:
        """See `confusion.further_image_scores`."""
        return confusion.further_image_scores(self._matrix, self.classes)

    def take(self, at: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The outcomes of some images."""
        places = np.asarray(at, dtype=np.int64)
        return type(self)(self.classes, self.truth[places], self.predicted[places], self.margin[places])

    def arrays(self) -> Arrays:
        """Classes in 8 bits; margins in 16, for no metric rests on them."""
        widest = float(np.finfo(np.float16).max)
        margin = np.clip(self.margin, -widest, widest).astype(np.float16)
        return {"truth": self.truth.astype(np.uint8), "predicted": self.predicted.astype(np.uint8), "margin": margin}

    @classmethod
    def of_arrays(cls, classes: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Outcomes from what `arrays` gave."""
        truth = array(arrays, "truth", "u", (None,))
        below(truth[truth != IGNORE], len(classes), "truth")
        predicted = array(arrays, "predicted", "u", truth.shape)
        below(predicted, len(classes), "predicted")
        return cls(classes, truth, predicted, array(arrays, "margin", "f", truth.shape))

    @property
    def _matrix(self) -> Counts:
        return confusion.confusion(self.predicted, self.truth, len(self.classes))


@dataclass(frozen=True, eq=False)
class PixelOutcomes(Outcomes):
    """The classes of each image's pixels.

    Attributes:
        classes: K names.
        matrices: counts of each image, N x K x K, rows truth, columns prediction.
    """

    kind: ClassVar[str] = "pixel"
    classes: Sequence[str]
    matrices: Counts

    def __len__(self) -> int:
        return len(self.matrices)

    def scores(self) -> dict[str, float]:
        """See `confusion.pixel_scores`."""
        return confusion.pixel_scores(self._matrix, self.classes)

    def further(self) -> dict[str, float]:
        """See `confusion.further_pixel_scores`."""
        return confusion.further_pixel_scores(self._matrix, self.classes)

    def take(self, at: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The outcomes of some images."""
        return type(self)(self.classes, self.matrices[np.asarray(at, dtype=np.int64)])

    def arrays(self) -> Arrays:
        """The counts, by bytes: most counts are small, so that the upper bytes are nearly all 0 and take no room."""
        pairs = self.matrices.reshape(len(self), -1).T
        return {f"counts_{place}": (pairs >> 8 * place & 255).astype(np.uint8) for place in range(_bytes(pairs))}

    @classmethod
    def of_arrays(cls, classes: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Outcomes from what `arrays` gave."""
        first = array(arrays, "counts_0", "u", (len(classes) ** 2, None))
        places = sum(name.startswith("counts_") for name in arrays)
        if places > _WIDEST:
            raise ValueError("its counts are of more bytes than a count has")
        pairs = np.zeros(first.shape, dtype=np.int64)
        for place in range(places):
            pairs += array(arrays, f"counts_{place}", "u", first.shape).astype(np.int64) << 8 * place
        return cls(classes, pairs.T.reshape(-1, len(classes), len(classes)))

    @property
    def _matrix(self) -> Counts:
        return np.asarray(self.matrices.sum(axis=0), dtype=np.int64)


# Bytes of a count: an image of 2^32 pixels is beyond what is ever cut.
_WIDEST = 4


def _bytes(counts: Counts) -> int:
    return max(1, -(-int(counts.max(initial=0)).bit_length() // 8))


@dataclass(frozen=True, eq=False)
class ChangeOutcomes(PixelOutcomes):
    """Which pixels of each pair of images changed: class 1 of 2.

    CMID (Muhtar et al. 2023) prints the mean of the F1 of each test batch, which is another number than the F1 over the
    test set: it weighs a batch with ten changed pixels as much as one with a million. `F1_batch_mean` is that mean over
    batches of `BATCH` samples in the order of the test part; the paper does not say how large a batch is, so it is ours.
    """

    kind: ClassVar[str] = "change"
    BATCH: ClassVar[int] = 16

    def scores(self) -> dict[str, float]:
        """See `confusion.change_scores`, and the mean of the batches' F1."""
        starts = range(0, len(self), self.BATCH)
        batches = [self.matrices[at : at + self.BATCH].sum(axis=0) for at in starts]
        means = [confusion.change_scores(batch, self.classes)["F1"] for batch in batches]
        return {**confusion.change_scores(self._matrix, self.classes), "F1_batch_mean": mean(means)}

    def further(self) -> dict[str, float]:
        """See `confusion.further_change_scores`."""
        return confusion.further_change_scores(self._matrix, self.classes)
