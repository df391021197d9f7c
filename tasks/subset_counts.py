"""What subsets hold, class by class: what a fraction asks for, and what it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    members = task.label.membership(task.counts(train))
    counts = []
    for seed, subset_seed in seeds.items():
        order = chain([names[at] for at in train], task.strata(train), subset_seed)
        for fraction in fractions:
            taken = order[: size_at(fraction, len(order))]
            asked = (members.sum(axis=0) * fraction).tolist()
            true = members[taken].sum(axis=0).tolist()
            counts.append(SubsetCount(fraction, seed, fraction * len(order), len(taken), asked, true))
    return sorted(counts, key=lambda count: (count.fraction, count.seed))
