"""What a task is to the harness: it divides a prepared data set, fine-tunes on part of it, and measures the result."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

import tasks
from bench.backbones.normalisation import Normalisation
from bench.core.context import Context
from bench.core.errors import DataError
from bench.corpus.storage.reader import Corpus
from bench.metrics.outcomes import Outcomes
from bench.pretraining.method import entropy
from tasks.labels.label import Label
from tasks.labels.mask import LABEL as MASK
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.samples import LabelledSlices, check_bands
from tasks.scheme import Scheme
from tasks.splits import Parts, parts_of


@dataclass(frozen=True)
class Start:
    """What a fine-tuning starts from.

    Attributes:
        backbone: its name.
        weights: its weights.
        input: the statistics of their input.
        corpus: of the study, where the protocol takes batch norm's statistics from it.
        key: of the weights, under which their features may be kept; None keeps none.
    """

    backbone: str
    weights: dict[str, Tensor]
    input: Normalisation
    corpus: Corpus | None = None
    key: str | None = None


@dataclass(frozen=True)
class Result:
    """What a fine-tuning gives.

    Attributes:
        metrics: test metrics by name; none where there are no test samples.
        steps: optimiser steps of the training.
        train_seconds, test_seconds: wall times.
        warnings: named warnings of the training, each with one line of what was seen.
        outcomes: what was found of each test sample, in their order, of which `metrics` are the scores; None where the
            task keeps none, or there are no test samples.
        backbone: the fine-tuned backbone's weights, for an oracle; a task that hands out none cannot have one.
        selection: the rule that chose the weights: `last`, `val`, `within`, `folds`, or `untuned` where the labels are too
            few to select on; of ridge regression on frozen features `leave-one-out` inside its labels.
        selected_on: labels that selected: positions in the data set.
        tuned: what a grid chose, by name, and `trials`.
        settled: see `bench.store.records.Record`.
        design: words of a record's design that the run alone knows.
    """

    metrics: dict[str, float]
    steps: int
    train_seconds: float
    test_seconds: float
    warnings: dict[str, str] = field(default_factory=dict)
    outcomes: Outcomes | None = None
    backbone: dict[str, Tensor] = field(default_factory=dict)
    selection: str = "last"
    selected_on: list[int] = field(default_factory=list)
    tuned: dict[str, float | str] = field(default_factory=dict)
    settled: dict[str, float] = field(default_factory=dict)
    design: dict[str, str] = field(default_factory=dict)


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
        label: what a label must be for this task.
    """

    label: Label = MASK

    def __init__(self, protocol: Protocol, data: Prepared) -> None:
        """Take a protocol and its data.

        Raises:
            DataError: the data set's labels are of another kind.
            StudyError: the protocol names a class that the data set does not have, or asks for what the task cannot do.
        """
        tasks.get(protocol.task).check(protocol)
        if data.label is not self.label:
            raise DataError(
                f"{data.path} holds {data.label.name} labels, task {protocol.task} of {protocol.id} needs "
                f"{self.label.name} labels"
            )
        self.protocol = protocol
        self.data = data
        self.scheme = Scheme(protocol, data)

    def parts(self) -> Parts:
        """Training, validation and test samples, the same for every method, fraction and seed."""
        return parts_of(self.protocol, self.data)

    def counts(self, samples: list[int]) -> NDArray[np.int64]:
        """What each sample shows of each class of the protocol, N x K."""
        return self.scheme.counts(self.data.class_counts[samples])

    def strata(self, samples: list[int]) -> list[int]:
        """The stratum of each sample, by which subsets are drawn in proportion."""
        return self.label.strata(self.counts(samples))

    def samples(self, positions: list[int]) -> LabelledSlices:
        """Slices by their positions in the prepared set, labelled with the protocol's classes."""
        return LabelledSlices(self.data, positions, self.scheme)

    def statistics(self, start: Start) -> Normalisation:
        """What images are normalised with: the statistics of the weights, or of the data set's training part.

        Raises:
            DataError: the weights saw other bands than the data set has.
        """
        check_bands(start.input, self.data)
        return start.input if self.protocol.evaluation.statistics == "weights" else self._own_statistics

    @cached_property
    def _own_statistics(self) -> Normalisation:
        return self.data.statistics(self.parts().train)

    def trivial(self, train: list[int], test: list[int]) -> float | None:  # noqa: ARG002 - overridden where it is known
        """Headline metric of the best answer that looks at no image; None where the task does not know it.

        Args:
            train: samples that tell which answer that is.
            test: samples it is scored on.
        """
        return None

    @abstractmethod
    def run(self, start: Start, train: list[int], parts: Parts, context: Context) -> Result:
        """Fine-tune on `train`, select on the validation split, and read the test split once, at the end."""
