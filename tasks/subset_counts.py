"""What subsets hold, class by class: what a fraction asks for, and what it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.subsets import chain, size_at
from tasks.task import Task


@dataclass(frozen=True)
class SubsetCount:
    """One subset.

    Attributes:
        fraction: share of the training samples.
        seed: index of the repeat.
        asked_samples: the share of all training samples, not rounded.
        samples: how many there are.
        asked: the share of the samples of each class, not rounded.
        true: how many there are of each class.
    """

    fraction: float
    seed: int
    asked_samples: float
    samples: int
    asked: list[float]
    true: list[int]


def count_subsets(task: Task, fractions: Sequence[float], seeds: Mapping[int, int]) -> list[SubsetCount]:
    """Count every subset of a protocol.

    Args:
        task: the protocol on its data.
        fractions: shares of the training samples.
        seeds: subset seed of each repeat.
    """
    train = task.parts().train
    names = task.data.names
    members = membership(task, train)
    counts = []
    for seed, subset_seed in seeds.items():
        order = chain([names[at] for at in train], task.strata(train), subset_seed)
        for fraction in fractions:
            taken = order[: size_at(fraction, len(order))]
            asked = (members.sum(axis=0) * fraction).tolist()
            true = members[taken].sum(axis=0).tolist()
            counts.append(SubsetCount(fraction, seed, fraction * len(order), len(taken), asked, true))
    return sorted(counts, key=lambda count: (count.fraction, count.seed))


def membership(task: Task, samples: list[int]) -> NDArray[np.int64]:
    """Which classes each sample counts for, N x K of 0 and 1: its dominant class, its class, or all it shows."""
    pixels = task.scheme.counts(task.data.class_counts[samples])
    if task.kind == "mask":
        dominant = np.zeros_like(pixels)
        dominant[np.arange(len(pixels)), pixels.argmax(axis=1)] = pixels.sum(axis=1) > 0
        return dominant
    return np.asarray(pixels > 0, dtype=np.int64)
