"""Seeds added until intervals are narrow: what that costs, and how it is paid.

Whether to add a seed is decided by widths alone. For normal errors a mean is independent of all variances seen so far, so
looking at widths moves no estimate. But a study stops where its variance came out small, and its intervals are too
narrow then (Anscombe 1953; Starr 1966 for a sequential t interval). Uncorrected, 95% intervals miss in up to 10% of
studies. The price is paid by a constant boundary: at each look intervals are judged at `LEVEL`, and so are the p of the
store. The figure is the largest of a few round ones with which simulated studies err in no more than 5.5% (equal errors,
decision 076).
"""

from dataclasses import dataclass, fields

import numpy as np
from scipy.special import stdtrit

from results.stats.intervals import Floats
from results.stats.moderation import moderate
from results.stats.simulation import Design, Draw, differences, quantiles
from results.stats.simultaneous import ALPHA, Family

# Nominal error of the intervals at each look, in place of 5%.
LEVEL = ALPHA / 2


@dataclass(frozen=True)
class Stopped:
    """What simulated studies without a difference did until they stopped.

    Attributes:
        error: share of studies in which an interval of rows against one misses the truth at the stop.
        plain: the same of intervals that were not corrected, in studies that stop by those.
        single: share of single intervals, of rows against one, that hold the truth.
        seeds: mean number of seeds at the stop; `plain_seeds` of uncorrected intervals.
        capped: share of studies that ended with the most seeds.
    """

    error: float
    plain: float
    single: float
    seeds: float
    plain_seeds: float
    capped: float


def simulate_until(design: Design, most: int, width: float, draw: Draw, draws: int, seed: int = 0) -> Stopped:
    """Draw studies without any difference, each with seeds added until its intervals are narrow.

    Args:
        design: the study at its first look.
        most: seeds after which none is added.
        width: that no interval of rows against the first may exceed to either side, in standard deviations of one score.
        draw: makes errors, as of `results.stats.simulation.draw_errors`.
        draws: number of studies.
        seed: makes the figures repeatable.
    """
    random = np.random.default_rng(seed)
    scores = draw(random, (draws, design.columns, design.rows, most))
    ours = _stop(scores, design, width, LEVEL)
    plain = _stop(scores, design, width, ALPHA)
    return Stopped(
        error=float(ours.missed.mean()),
        plain=float(plain.missed.mean()),
        single=float(ours.single.mean()),
        seeds=float(ours.seeds.mean()),
        plain_seeds=float(plain.seeds.mean()),
        capped=float((ours.seeds == most).mean()),
    )


@dataclass
class _Stops:
    """Of each study at its stop: whether an interval missed, share of single ones that hold, and seeds."""

    missed: Floats
    single: Floats
    seeds: Floats

    @classmethod
    def of(cls, draws: int) -> "_Stops":
        return cls(*(np.zeros(draws) for _ in fields(cls)))


def _stop(scores: Floats, design: Design, width: float, level: float) -> _Stops:
    """Look at each study after each seed, and leave it where its intervals are narrow."""
    most = scores.shape[-1]
    first = design.pairs.a == 0
    star = [pair for pair in zip(design.pairs.column, design.pairs.a, design.pairs.b, strict=True) if pair[1] == 0]
    family = Family.of(star)
    critical = quantiles(lambda df: family.critical(df, level))
    alone = quantiles(lambda df: float(stdtrit(df, 1 - level / 2)))
    found, going = _Stops.of(len(scores)), np.arange(len(scores))
    for seeds in range(design.seeds, most + 1):
        now = Design(design.rows, seeds, design.columns)
        difference, variance = differences(scores[going][..., :seeds])
        moderated = moderate(variance, now.pairs)
        df, error = moderated.df[:, first], np.sqrt(moderated.variance / seeds)[:, first]
        reach, away = critical(df) * error, np.abs(difference[:, first])
        over = (reach.max(axis=1) <= width) | (seeds == most)
        stopped = going[over]
        found.missed[stopped] = (away > reach)[over].any(axis=1)
        found.single[stopped] = (away <= alone(df) * error)[over].mean(axis=1)
        found.seeds[stopped] = seeds
        going = going[~over]
        if not going.size:
            break
    return found
