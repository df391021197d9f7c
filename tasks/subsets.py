"""Nested, stratified subsets of the training samples.

For each (protocol, subset seed) there is one chain: an order of all training samples of which every fraction takes a
beginning, so the 5% is inside the 10%. The chain first takes one sample of each stratum, the largest stratum first,
then fills up so that every beginning holds each stratum in proportion, within one sample: the quota method of
Balinski and Young (1975), which is the division of seats that never takes one back as the house grows.
"""

import math
from collections import defaultdict

from bench.core.seeding import shuffled


def chain(names: list[str], strata: list[int], seed: int) -> list[int]:
    """Order samples so that every beginning is a stratified subset.

    Args:
        names: a name of each sample; the order depends on names and not on positions.
        strata: the stratum of each sample, such as its class.
        seed: subset seed.

    Returns:
        Positions of all samples.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for position in shuffled(names, seed):
        members[strata[position]].append(position)
    size = {stratum: len(members[stratum]) for stratum in sorted(members, key=lambda s: (-len(members[s]), s))}
    order = [members[stratum][0] for stratum in size]
    taken = dict.fromkeys(size, 1)
    total = len(names)
    for house in range(len(order) + 1, total + 1):
        # A stratum may take the next place only while it stays under its share rounded up.
        under = [s for s in size if taken[s] * total < size[s] * house]
        chosen = max(under, key=lambda s: size[s] / (taken[s] + 1))
        order.append(members[chosen][taken[chosen]])
        taken[chosen] += 1
    return order


def size_at(fraction: float, total: int) -> int:
    """Number of samples at a fraction: rounded half up, at least one."""
    return max(1, math.floor(fraction * total + 0.5))
