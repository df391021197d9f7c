"""What a test found, sample by sample: all that the metrics are computed from, and that is kept beside a record."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]


class Outcomes(ABC):
    """The outcomes of N test samples, in the order of the test part.

    A cell is scored through them: a task measures outcomes, and `scores` turns these into the record's metrics. So what
    was kept gives the same metrics again, to the last digit.

    Attributes:
        kind: word for it in a file of outcomes.
        classes: K names.
    """

    kind: ClassVar[str]
    classes: Sequence[str]

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def scores(self) -> dict[str, float]:
        """The metrics of a record, by name."""

    @abstractmethod
    def further(self) -> dict[str, float]:
        """Metrics that papers print beside those of the record, by name; what cannot be computed has no entry."""

    @abstractmethod
    def take(self, at: Sequence[int] | NDArray[np.integer[Any]]) -> Self:
        """The outcomes of the samples at some places, in this order; a sample may come several times."""

    @abstractmethod
    def arrays(self) -> Arrays:
        """Arrays of plain numbers by name, each in its smallest form."""

    @classmethod
    @abstractmethod
    def of_arrays(cls, classes: Sequence[str], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Outcomes from what `arrays` gave.

        Raises:
            ValueError: an array is missing, or does not fit the others or the classes.
        """


def array(arrays: Mapping[str, NDArray[Any]], name: str, kind: str, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """An array of a file by name.

    Args:
        arrays: by name.
        name: which.
        kind: numpy's letters of the kinds of number that may be in it, such as `u`.
        shape: as it must be; None takes any length.

    Raises:
        ValueError: it is absent, or of another kind or shape.
    """
    if name not in arrays:
        raise ValueError(f"it has no {name}")
    found = arrays[name]
    fits = found.ndim == len(shape) and all(
        asked in {None, size} for asked, size in zip(shape, found.shape, strict=True)
    )
    if found.dtype.kind not in kind or not fits:
        raise ValueError(f"its {name} is {found.dtype} of shape {found.shape}")
    return found


def below(values: NDArray[Any], limit: int, name: str) -> None:
    """Refuse numbers that name nothing.

    Raises:
        ValueError: one is not in [0, limit).
    """
    if values.size and not 0 <= int(values.min()) <= int(values.max()) < limit:
        raise ValueError(f"its {name} must lie in [0, {limit})")


def smallest(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers from 0 on in the smallest unsigned type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max(initial=0))))
