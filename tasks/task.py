"""What a task is to the harness: it divides a prepared data set, fine-tunes on part of it, and measures the result."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from bench.backbones.normalisation import Normalisation
from bench.core.context import Context
from bench.core.errors import DataError, StudyError
from bench.metrics.confusion import IGNORE
from bench.pretraining.method import entropy
from tasks.prepared import Kind, Prepared
from tasks.protocols import Protocol
from tasks.splits import Parts, divide


@dataclass(frozen=True)
class Start:
    """What a fine-tuning starts from: a backbone by name, its weights, and the statistics of their input."""

    backbone: str
    weights: dict[str, Tensor]
    input: Normalisation


@dataclass(frozen=True)
class Result:
    """What a fine-tuning gives.

    Attributes:
        metrics: test metrics by name; none where there are no test samples.
        steps: optimiser steps of the training.
        train_seconds, test_seconds: wall times.
        warnings: named warnings of the training, each with one line of what was seen.
        backbone: the fine-tuned backbone's weights, for an oracle; a task that hands out none cannot have one.
    """

    metrics: dict[str, float]
    steps: int
    train_seconds: float
    test_seconds: float
    warnings: dict[str, str] = field(default_factory=dict)
    backbone: dict[str, Tensor] = field(default_factory=dict)


def constant_loss(counts: NDArray[np.integer[Any]]) -> float | None:
    """Cross-entropy of the best constant prediction: the entropy of the classes' shares, in nats.

    Args:
        counts: of each class in the training samples, K.

    Returns:
        The loss; None with fewer than two classes, where a constant prediction is right.
    """
    return entropy(counts) if np.count_nonzero(counts) > 1 else None


class Task(ABC):
    """One protocol on its prepared data set.

    Attributes:
        kind: what a label must be for this task.
        channels: bands of an image, 6 for two dates.
    """

    kind: Kind = "mask"
    channels = 3

    def __init__(self, protocol: Protocol, data: Prepared) -> None:
        """Take a protocol and its data.

        Raises:
            DataError: the data set's labels are of another kind.
            StudyError: the protocol names a class that the data set does not have.
        """
        if data.kind != self.kind or data.images.shape[-1] != self.channels:
            raise DataError(
                f"{data.path} holds {data.kind} labels on {data.images.shape[-1]} bands, task {protocol.task} of "
                f"{protocol.id} needs {self.kind} labels on {self.channels}"
            )
        self.protocol = protocol
        self.data = data
        self.scheme = Scheme(protocol, data)

    def parts(self) -> Parts:
        """Training, validation and test samples, the same for every method, fraction and seed."""
        return divide(self.protocol.split, self.data)

    @abstractmethod
    def strata(self, samples: list[int]) -> list[int]:
        """The stratum of each sample, by which subsets are drawn in proportion."""

    @abstractmethod
    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune on `train`, select on the validation split, and read the test split once, at the end."""


class Scheme:
    """The classes that a protocol tells apart, made from those of its data set.

    Attributes:
        classes: names of the K classes.
        palette: colour of each.
        lookup: class of each stored label, 256 values; 255 where it is ignored.
    """

    def __init__(self, protocol: Protocol, data: Prepared) -> None:
        stored = data.classes
        joined = protocol.classes or {name: [name] for name in stored}
        unknown = [name for names in joined.values() for name in names if name not in stored]
        if unknown:
            raise StudyError(
                f"protocol {protocol.id}: classes names {unknown[0]!r}, the data set has {', '.join(stored)}"
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
