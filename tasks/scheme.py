"""The classes that a protocol tells apart."""

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import StudyError
from bench.core.suggest import among
from bench.metrics.confusion import IGNORE
from tasks.prepared import Prepared
from tasks.protocols import Protocol


class Scheme:
    """The classes that a protocol tells apart, made from those of its data set.

    Attributes:
        classes: names of the K classes.
        palette: colour of each.
        lookup: class of each stored label, 256 values; 255 where it is ignored.
    """

    def __init__(self, protocol: Protocol, data: Prepared) -> None:
        stored = data.classes
        joined = protocol.classes or len(stored)
        if isinstance(joined, int):
            if joined > len(stored):
                raise StudyError(f"protocol {protocol.id}: classes is {joined}, the data set has {len(stored)}")
            joined = {name: [name] for name in stored[:joined]}
        unknown = [name for names in joined.values() for name in names if name not in stored]
        if unknown:
            raise StudyError(
                f"protocol {protocol.id}: classes names {unknown[0]!r}, which the data set has not"
                f"{among(unknown[0], stored)}"
            )
        self.classes = list(joined)
        self.palette = [data.palette[stored.index(names[0])] for names in joined.values()]
        self.lookup = np.full(IGNORE + 1, IGNORE, dtype=np.uint8)
        for number, names in enumerate(joined.values()):
            self.lookup[[stored.index(name) for name in names]] = number

    def counts(self, class_counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Join the columns of the data set's counts N x K' into the protocol's N x K."""
        joined = np.zeros((len(class_counts), len(self.classes)), dtype=np.int64)
        for stored in range(class_counts.shape[1]):
            if self.lookup[stored] != IGNORE:
                joined[:, self.lookup[stored]] += class_counts[:, stored]
        return joined
