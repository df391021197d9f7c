"""Nested subsets of the training samples.

For each (protocol, subset seed) there is one order of all training samples of which every amount takes a beginning, so
the 5% is inside the 10%. By quota it is a chain: it first takes one sample of each stratum, as a shuffle of all samples
meets them, then fills up so that every beginning holds each stratum in proportion, within one sample: the quota method
of Balinski and Young (1975), which is the division of seats that never takes one back as the house grows.
"""

import math
from collections import defaultdict
from typing import Literal

from bench.core.seeding import derive, shuffled

Draw = Literal["quota", "random", "by-source"]

# The rule by which labels are drawn, which is part of every subset seed, and so of every cell's key.
DRAW_VERSION = 2


def subset_seed(root: int, repeat: int) -> int:
    """The subset seed of a study's repeat, the same for every row and protocol.

    Args:
        root: the study's seed.
        repeat: its index, from 0.
    """
    return derive(root, "subset", DRAW_VERSION, repeat)


def draw_order(
    draw: Draw, names: list[str], strata: list[int], sources: list[str], seed: int, count: int | None = None
) -> list[int]:
    """Order samples as they are labelled one after the other.

    Args:
        draw: in proportion to the strata, at random, or whole source images first, as a campaign yields them.
        names: a name of each sample; the order depends on names and not on positions.
        strata: the stratum of each sample, such as its class.
        sources: the source image of each sample.
        seed: subset seed.
        count: how many of the order are needed; None for all.

    Returns:
        Positions of all samples, or of as many of the first as are needed.
    """
    if draw == "quota":
        return chain(names, strata, seed, count)
    if draw == "random":
        return shuffled(names, seed)
    distinct = sorted(set(sources))
    place = {distinct[at]: rank for rank, at in enumerate(shuffled(distinct, seed))}
    return sorted(shuffled(names, seed), key=lambda at: place[sources[at]])


def chain(names: list[str], strata: list[int], seed: int, count: int | None = None) -> list[int]:
    """Order samples so that every beginning is a stratified subset.

    Args:
        names: a name of each sample; the order depends on names and not on positions.
        strata: the stratum of each sample, such as its class.
        seed: subset seed.
        count: how many of the order are needed; None for all.

    Returns:
        Positions of all samples, or of as many of the first as are needed.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for position in shuffled(names, seed):
        members[strata[position]].append(position)
    # Strata come as the shuffle meets them, a large one likely before a small one: which of them few samples lack is drawn.
    size = {stratum: len(found) for stratum, found in members.items()}
    order = [members[stratum][0] for stratum in size]
    taken = dict.fromkeys(size, 1)
    total = len(names)
    for house in range(len(order) + 1, (total if count is None else min(count, total)) + 1):
        # A stratum may take the next place only while it stays under its share rounded up.
        under = [s for s in size if taken[s] * total < size[s] * house]
        chosen = max(under, key=lambda s: size[s] / (taken[s] + 1))
        order.append(members[chosen][taken[chosen]])
        taken[chosen] += 1
    return order


def shots(ordered: list[int], strata: list[int], count: int) -> list[int]:
    """The first so many samples of each class, in the order they have.

    Args:
        ordered: positions of the samples that belong to a class, as `draw_order` gives them.
        strata: the class of each sample.
        count: samples of each class.
    """
    taken: dict[int, int] = defaultdict(int)
    chosen = []
    for position in ordered:
        taken[strata[position]] += 1
        if taken[strata[position]] <= count:
            chosen.append(position)
    return chosen


def size_at(fraction: float, total: int) -> int:
    """Number of samples at a fraction: rounded half up, at least one."""
    return max(1, math.floor(fraction * total + 0.5))
