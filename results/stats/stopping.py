"""Seeds added until intervals are narrow: what that costs, and how it is paid.

Whether to add a seed is decided by widths alone. For normal errors a mean is independent of all variances seen so far, so
looking at widths moves no estimate. But a study stops where its variance came out small, and its intervals are too
narrow then (Anscombe 1953; Starr 1966 for a sequential t interval). Uncorrected, 95% intervals miss in up to 10% of
studies. The price is paid by a constant boundary: at each look intervals are judged at `LEVEL`, and so are the p of the
store. The figure is the largest of a few round ones with which simulated studies err in no more than 5.5% (equal errors,
decision 076).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from scipy.special import stdtrit

from results.stats.intervals import Floats
from results.stats.moderation import moderate
from results.stats.simulation import Design, Draw, differences, quantiles
from results.stats.simultaneous import ALPHA, Family

# Nominal error of the intervals at each look, in place of 5%.
LEVEL = 0.02
_AT_ONCE = 1000


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


def simulate_until(
    design: Design, most: int, widths: Sequence[float], draw: Draw, draws: int, seed: int = 0
) -> list[Stopped]:
    """Draw studies without any difference, each with seeds added until its intervals are narrow.

    Args:
        design: the study at its first look.
        most: seeds after which none is added.
        widths: that no interval of rows against the first may exceed to either side, in standard deviations of one score.
        draw: makes errors, as of `results.stats.simulation.draw_errors`.
        draws: number of studies.
        seed: makes the figures repeatable.

    Returns:
        One entry a width, all of the same drawn studies.
    """
    random = np.random.default_rng(seed)
    rules = [[_Rule(design, width, level) for level in (LEVEL, ALPHA)] for width in widths]
    for start in range(0, draws, _AT_ONCE):
        size = min(_AT_ONCE, draws - start)
        scores = draw(random, (size, design.columns, design.rows, most))
        for rule in chain.from_iterable(rules):
            rule.begin(size)
        for seeds in range(design.seeds, most + 1):
            look = _Look.at(scores[..., :seeds], design)
            for rule in chain.from_iterable(rules):
                rule.look(look, seeds, last=seeds == most)
    return [_stopped(ours, plain, most) for ours, plain in rules]


def _stopped(ours: "_Rule", plain: "_Rule", most: int) -> Stopped:
    missed, single, seeds = (np.concatenate(each) for each in (ours.missed, ours.single, ours.seeds))
    return Stopped(
        error=float(missed.mean()),
        plain=float(np.concatenate(plain.missed).mean()),
        single=float(single.mean()),
        seeds=float(seeds.mean()),
        plain_seeds=float(np.concatenate(plain.seeds).mean()),
        capped=float((seeds == most).mean()),
    )


@dataclass(frozen=True)
class _Look:
    """What is known of rows against the first: |difference|, its error and degrees of freedom, each (draws, pairs)."""

    away: Floats
    error: Floats
    df: Floats

    @classmethod
    def at(cls, scores: Floats, design: Design) -> "_Look":
        pairs = replace(design, seeds=scores.shape[-1]).pairs
        first = pairs.a == 0
        difference, variance = differences(scores)
        found = moderate(variance, pairs)
        error = np.sqrt(found.variance / scores.shape[-1])
        return cls(np.abs(difference[:, first]), error[:, first], found.df[:, first])


class _Rule:
    """A width and a level, and how studies stopped by them: one array a batch of studies."""

    def __init__(self, design: Design, width: float, level: float) -> None:
        pairs = design.pairs
        star = [pair for pair in zip(pairs.column, pairs.a, pairs.b, strict=True) if pair[1] == 0]
        family = Family.of(star)
        self._width = width
        self._critical = quantiles(lambda df: family.critical(df, level))
        self._alone = quantiles(lambda df: float(stdtrit(df, 1 - level / 2)))
        self.missed: list[Floats] = []
        self.single: list[Floats] = []
        self.seeds: list[Floats] = []

    def begin(self, draws: int) -> None:
        for kept in (self.missed, self.single, self.seeds):
            kept.append(np.zeros(draws))

    def look(self, look: _Look, seeds: int, *, last: bool) -> None:
        """Stop the studies whose intervals are narrow by now; all of them at the last look."""
        reach = self._critical(look.df) * look.error
        stops = (self.seeds[-1] == 0) & ((reach.max(axis=1) <= self._width) | last)
        self.missed[-1][stops] = (look.away > reach)[stops].any(axis=1)
        self.single[-1][stops] = (look.away <= self._alone(look.df) * look.error)[stops].mean(axis=1)
        self.seeds[-1][stops] = seeds
