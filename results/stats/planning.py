"""What a study can call, before it is run: the smallest difference, and the seeds that another would need."""

import math

from scipy.special import stdtrit

from results.stats.simultaneous import ALPHA, Family

POWER = 0.8
MOST_SEEDS = 200


def callable_difference(error: float, df: float, critical: float, power: float = POWER) -> float:
    """The true difference whose interval excludes 0 in a share `power` of studies: error x (critical + t(df, power)).

    The noncentral t distribution is taken as a t distribution that is moved, which is exact for a known variance and
    within 3% from four degrees of freedom on.

    Args:
        error: standard error of the difference.
        df: its degrees of freedom.
        critical: what |difference| / error must exceed, as of `results.stats.simultaneous.Family`.
        power: share of studies, in (0, 1).
    """
    return error * (critical + float(stdtrit(df, power)))


def smallest_difference(spread: float, seeds: int, borrowed: float, family: Family, level: float = ALPHA) -> float:
    """The difference that a study of so many seeds calls with 80% power.

    Args:
        spread: standard deviation of the difference of two rows with one seed.
        seeds: units of repetition, at least 2.
        borrowed: degrees of freedom that the board adds to those of the seeds.
        family: the primary questions.
        level: nominal error of its intervals.
    """
    df = seeds - 1 + borrowed
    return callable_difference(spread / math.sqrt(seeds), df, family.critical(df, level))


def seeds_needed(difference: float, spread: float, borrowed: float, family: Family, level: float = ALPHA) -> int | None:
    """The fewest seeds with which a true difference is called with 80% power; None above `MOST_SEEDS`.

    Args:
        difference: to be called, above 0, in the unit of the spread.
        spread: see `smallest_difference`.
        borrowed: see `smallest_difference`.
        family: the primary questions.
        level: see `smallest_difference`.
    """
    enough = (
        seeds
        for seeds in range(2, MOST_SEEDS + 1)
        if smallest_difference(spread, seeds, borrowed, family, level) <= difference
    )
    return next(enough, None)
