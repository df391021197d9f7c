"""What subsets hold, class by class: what an amount of labels asks for, and what it gets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.amounts import Amount
from tasks.pools import Pool
from tasks.task import Task


@dataclass(frozen=True)
class SubsetCount:
    """One subset.

    Attributes:
        amount: of the labels.
        seed: index of the repeat.
        asked_samples: what the amount asks for, not rounded.
        samples: how many there are.
        asked: of the samples of each class, not rounded.
        true: how many there are of each class.
    """

    amount: Amount
    seed: int
    asked_samples: float
    samples: int
    asked: list[float]
    true: list[int]


def count_subsets(task: Task, amounts: Sequence[Amount], seeds: Mapping[int, int]) -> list[SubsetCount]:
    """Count every subset of a protocol, in the order of the amounts.

    Args:
        task: the protocol on its data.
        amounts: of the labels.
        seeds: subset seed of each repeat.

    Raises:
        StudyError: the training part is too small for an amount, or has no classes to draw shots of.
    """
    pool = Pool(task.protocol, task.data)
    pool.distinct(amounts)
    of_class = task.label.membership(task.counts(pool.parts.train)).sum(axis=0)
    counts = []
    for amount in amounts:
        for seed, subset_seed in seeds.items():
            taken = pool.draw(amount, subset_seed)
            samples = amount.value * len(pool) if amount.kind == "share" else float(pool.size(amount))
            each = [amount.value if amount.kind == "shot" else samples * n / len(pool) for n in of_class.tolist()]
            true = task.label.membership(task.counts(taken)).sum(axis=0).tolist()
            counts.append(SubsetCount(amount, seed, samples, len(taken), each, true))
    return counts
