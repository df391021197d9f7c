"""Which labels choose the weights that are tested, and the values of a grid: by a protocol's `selection`.

Choosing on labels that nobody has is a common way to flatter a method when labels are few (Oliver et al., NeurIPS 2018):
at 1% of the labels, a checkpoint or a learning rate chosen on the whole validation part rests on far more labels than it
was trained on. `within` and `cv` choose by the drawn labels alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from bench.core.seeding import derive
from tasks.splits import Parts
from tasks.subsets import chain, size_at
from tasks.task import Task

# Of the drawn labels; below so many a class on average (over the classes that occur) there is nothing to choose by.
SHARE = 0.2
FEWEST_PER_CLASS = 5
# A fifth is held out by each, as `SHARE` is without folds.
FOLDS = 5

Members = NDArray[np.bool_]


@dataclass(frozen=True)
class Labels:
    """What a cell's labels are used for.

    Attributes:
        rule: `last` (the last weights are taken), `val` (the validation part chooses), `within` (a part of the drawn
            labels does), `folds` (all of them do, each in one fold, and a last training uses all) or `untuned` (they are
            too few, so the last weights are taken).
        folds: of each training that is chosen by, the samples trained on and those it is scored on.
    """

    rule: str
    folds: list[tuple[list[int], list[int]]]

    @property
    def choosing(self) -> list[int]:
        """The samples that choose, ascending."""
        return sorted({at for _, scored in self.folds for at in scored})


def divide(task: Task, train: list[int], parts: Parts, seed: int) -> Labels:
    """Say which labels choose.

    Args:
        task: the task; its protocol says the rule.
        train: the samples that were drawn for the cell.
        parts: those of the data set; only the validation part is looked at, and only under `val`.
        seed: of the draw; the same for every method.

    Raises:
        DataError: the protocol selects on a validation part, and there is none.
    """
    rule = task.protocol.selects
    if rule == "last":
        return Labels("last", [(train, [])])
    if rule == "val":
        if not parts.val:
            raise DataError(
                f"protocol {task.protocol.id} selects on the validation part, and {task.data.path} has none: write "
                "selection: within, or last"
            )
        return Labels("val", [(train, parts.val)])
    members = task.label.membership(task.counts(train)) > 0
    occurring = members[:, members.any(axis=0)]
    names = [task.data.names[at] for at in train]
    order = chain(names, task.strata(train), derive(seed, "selection"))
    enough = bool(occurring.size) and occurring.sum() >= FEWEST_PER_CLASS * occurring.shape[1]
    if rule == "within" and not enough:
        return Labels("untuned", [(train, [])])
    held = hold_out(order, occurring) if rule == "within" else None
    if held:
        return Labels("within", [_two(train, held)])
    count = min(FOLDS, int(occurring.any(axis=1).sum()))
    if count < 2:
        return Labels("untuned", [(train, [])])
    return Labels("folds", [_two(train, fold) for fold in divide_in_folds(order, occurring, count)])


def _two(train: list[int], held: Sequence[int]) -> tuple[list[int], list[int]]:
    """The samples that stay, in their order, and those at the positions that are held out."""
    out = set(held)
    return [at for i, at in enumerate(train) if i not in out], sorted(train[i] for i in out)


def hold_out(order: Sequence[int], members: Members) -> list[int] | None:
    """A fifth of the samples, with every class on both sides.

    Args:
        order: a stratified order of N samples (`tasks.subsets.chain`), by which all choices fall.
        members: which of the K classes that occur each sample counts for, N x K.

    Returns:
        The samples held out; None where a class is too rare to be on both sides.
    """
    left = members.sum(axis=0)
    held: list[int] = []

    def take(at: int) -> bool:
        """Hold a sample out, unless a class would have none left to train on."""
        if at in held or (left[members[at]] < 2).any():
            return False
        left[members[at]] -= 1
        held.append(at)
        return True

    for k in np.argsort(left, kind="stable"):  # the rarest class has the least choice
        if not members[held, k].any() and not any(take(at) for at in order if members[at, k]):
            return None
    for at in order:
        if len(held) >= size_at(SHARE, len(order)):
            break
        take(at)
    return held


def divide_in_folds(order: Sequence[int], members: Members, count: int) -> list[list[int]]:
    """Folds that share out every class as evenly as they can, the rarest first (after Sechidis et al., ECML 2011).

    Args:
        order: a stratified order of N samples.
        members: which classes each sample counts for, N x K.
        count: number of folds; with so many samples that count for a class, none is without.

    Returns:
        The samples of each fold; every sample is in one.
    """
    folds: list[list[int]] = [[] for _ in range(count)]
    having = np.zeros((count, members.shape[1] + 1), dtype=np.int64)  # the last column is for samples of no class
    columns: NDArray[Any] = np.column_stack([members, ~members.any(axis=1)])
    placed: set[int] = set()
    for k in [*np.argsort(members.sum(axis=0), kind="stable"), members.shape[1]]:
        for at in order:
            if columns[at, k] and at not in placed:
                fold = min(range(count), key=lambda f: (having[f, k], len(folds[f])))
                folds[fold].append(at)
                having[fold] += columns[at]
                placed.add(at)
    return folds
