"""What the intervals err when nothing differs: studies are drawn, and judged by the functions that judge records."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, get_args

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import stdtrit

from results.stats.intervals import Floats
from results.stats.moderation import Pairs, moderate
from results.stats.paired import holm, smallest_p
from results.stats.simultaneous import ALPHA, Family

Errors = Literal["equal", "unequal", "skewed", "outliers", "scales"]
ERRORS: tuple[Errors, ...] = get_args(Errors)
Draw = Callable[[np.random.Generator, tuple[int, int, int, int]], Floats]
# Standard deviation of the log of a row's standard deviation, where errors are unequal.
SPREAD = 0.7
# The same of a column's standard deviation, where only columns differ: ours range from half a point to ten.
SCALES = 1.0
# Differences at which power is measured, in standard deviations of one score.
DIFFERENCES = (3.0, 5.0)
_OUTLIERS, _WIDER = 0.1, 4.0
_NUMBERS_AT_ONCE = 4_000_000
_INVERSE_DF = np.r_[1e-6, np.linspace(0.005, 0.3, 30), np.linspace(0.32, 1.0, 18)]


@dataclass(frozen=True)
class Design:
    """A study: every row is run with every seed in every column.

    Attributes:
        rows: methods.
        seeds: repeats.
        columns: protocols times amounts of labels.
        pretrainings: of each row, repeat i starting from pretraining i modulo this number; None for one a repeat.
        of_weights: standard deviation that the pretraining adds to a score, in those of one score; the same in every
            column, which is the worst that can be.
    """

    rows: int
    seeds: int
    columns: int
    pretrainings: int | None = None
    of_weights: float = 1.0

    @property
    def pairs(self) -> Pairs:
        """All pairs of rows of all columns, over the units of repetition."""
        a, b = np.triu_indices(self.rows, 1)
        column = np.repeat(np.arange(self.columns), len(a))
        df = np.full(column.size, self.units - 1.0)
        return Pairs(np.tile(a, self.columns), np.tile(b, self.columns), column, df)

    @property
    def units(self) -> int:
        """What is independent: repeats, or pretrainings where several repeats share one."""
        return self.seeds if self.pretrainings in (None, 1) else int(self.pretrainings or 0)


@dataclass(frozen=True)
class Measured:
    """Shares of simulated studies, or of their intervals, each in [0, 1].

    Attributes:
        error: studies in which one simultaneous interval or more misses the truth, of all pairs.
        error_reference: the same of all rows against one.
        single: single intervals that hold the truth.
        power_3, power_5: of a row against the others, at 3 and 5 standard deviations, among all pairs.
        reference_3, reference_5: of rows against one that differs from all.
        tukey: error of Tukey's intervals with one variance a column.
        tukey_3: their power.
        old: error of the exact sign-flip test with Holm's correction.
        old_3, old_5: its power.
    """

    error: float
    error_reference: float
    single: float
    power_3: float
    power_5: float
    reference_3: float
    reference_5: float
    tukey: float
    tukey_3: float
    old: float
    old_3: float
    old_5: float


def draw_errors(kind: Errors) -> Draw:
    """Errors of one kind, of shape (draws, columns, rows, seeds) and standard deviation 1 (unequal: on geometric mean).

    `unequal`: normal, each row's standard deviation drawn log-normally in each column (`SPREAD`). `skewed`: exponential.
    `outliers`: normal, a tenth of them four times as wide. `scales`: normal, equal within each column, columns log-normally.
    """

    def draw(random: np.random.Generator, shape: tuple[int, int, int, int]) -> Floats:
        if kind == "skewed":
            return random.standard_exponential(shape) - 1
        normal = random.standard_normal(shape)
        if kind == "unequal":
            return np.asarray(normal * np.exp(SPREAD * random.standard_normal((*shape[:3], 1))))
        if kind == "scales":
            return np.asarray(normal * np.exp(SCALES * random.standard_normal((*shape[:2], 1, 1))))
        if kind == "outliers":
            wide = np.where(random.random(shape) < _OUTLIERS, _WIDER, 1.0)
            return np.asarray(normal * wide / np.sqrt(1 - _OUTLIERS + _OUTLIERS * _WIDER**2))
        return normal

    return draw


def simulate(
    design: Design,
    draw: Draw,
    draws: int,
    seed: int = 0,
    *,
    about_weights: bool = False,
    judged: Design | None = None,
) -> Measured:
    """Draw studies without any difference, and count how often their intervals say there is one.

    Args:
        design: the study.
        draw: makes errors, as of `draw_errors`.
        draws: number of studies.
        seed: makes the figures repeatable.
        about_weights: take the pretrained weights as given, as a sentence about weights does.
        judged: what the judge takes the study for; by default for what it is.
    """
    random = np.random.default_rng(seed)
    at_once = max(20, _NUMBERS_AT_ONCE // (design.columns * design.rows * max(design.rows, design.seeds)))
    judge, counts, done = _Judge(judged or design), np.zeros(len(fields(Measured))), 0
    while done < draws:
        size = min(at_once, draws - done)
        scores = draw(random, (size, design.columns, design.rows, design.seeds))
        if design.pretrainings is not None and not about_weights:
            weights = random.standard_normal((size, 1, design.rows, design.pretrainings))
            scores = scores + design.of_weights * np.tile(weights, design.seeds // design.pretrainings)
        counts += size * judge(scores)
        done += size
    return Measured(*map(float, counts / draws))


class _Judge:
    """Judges drawn studies of one design, each share in the order of `Measured`."""

    def __init__(self, design: Design) -> None:
        self.design, self.pairs = design, design.pairs
        self.first = self.pairs.a == 0  # the reference's pairs
        pairs = list(zip(self.pairs.column.tolist(), self.pairs.a.tolist(), self.pairs.b.tolist(), strict=True))
        self.all = quantiles(Family.of(pairs).critical)
        self.star = quantiles(Family.of(pair for pair in pairs if pair[1] == 0).critical)
        self.alone = quantiles(lambda df: float(stdtrit(df, 1 - ALPHA / 2)))

    def __call__(self, scores: Floats) -> Floats:
        units = self._units(scores)
        difference, variance = differences(units)
        found = moderate(variance, self.pairs)
        error = np.sqrt(found.variance / units.shape[-1])
        t, first = np.abs(difference) / error, self.first
        every, star = t > self.all(found.df), (t > self.star(found.df))[:, first]
        shares = [every.any(axis=1).mean(), star.any(axis=1).mean(), 1 - (t > self.alone(found.df)).mean()]
        for limit in (self.all, self.star):
            reach = limit(found.df)[:, first] * error[:, first]
            shares += [(np.abs(difference[:, first] + shift) > reach).mean() for shift in DIFFERENCES]
        return np.array([*shares, *self._tukey(units, difference), *self._old(scores)])

    def _units(self, scores: Floats) -> Floats:
        """Scores averaged over the repeats that share their pretraining, shape (draws, columns, rows, units)."""
        units = self.design.units
        return np.asarray(scores.reshape(*scores.shape[:3], -1, units).mean(axis=-2))

    def _tukey(self, scores: Floats, difference: Floats) -> list[float]:
        n, k = scores.shape[-1], scores.shape[-2]
        residual = scores - scores.mean(axis=-1, keepdims=True)
        residual -= residual.mean(axis=-2, keepdims=True)
        df = (n - 1) * (k - 1)
        error = np.sqrt(2 * (residual**2).sum(axis=(-1, -2)) / df / n)[:, self.pairs.place]
        reach = error * self.all(np.array(float(df)))
        shifted = np.abs(difference + DIFFERENCES[0]) > reach
        return [(np.abs(difference) > reach).any(axis=1).mean(), shifted[:, self.first].mean()]

    def _old(self, scores: Floats) -> list[float]:
        n, tests = scores.shape[-1], self.pairs.a.size
        if smallest_p(n) * tests >= ALPHA:
            return [0.0, 0.0, 0.0]  # no p survives Holm's correction, whatever is drawn
        a, b = self.pairs.a[: tests // self.design.columns], self.pairs.b[: tests // self.design.columns]
        paired = (scores[:, :, a] - scores[:, :, b]).reshape(len(scores), tests, n)
        signs = 1.0 - 2 * ((np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) & 1)
        shares = []
        for shift in (0.0, *DIFFERENCES):
            moved = paired + shift * self.first[:, None]
            extreme = np.abs(moved @ signs.T) >= np.abs(moved.sum(axis=-1, keepdims=True)) - 1e-12
            called = np.array([holm(p) < ALPHA for p in extreme.mean(axis=-1)])
            shares.append(called[:, self.first].mean() if shift else called.any(axis=1).mean())
        return shares


def differences(units: Floats) -> tuple[Floats, Floats]:
    """Mean and variance over the units of each pair's difference, both of shape (draws, columns x pairs)."""
    a, b = np.triu_indices(units.shape[2], 1)
    mean = units.mean(axis=-1)
    centred = units - mean[..., None]
    covariance = centred @ centred.swapaxes(-1, -2) / (units.shape[-1] - 1)
    own = np.diagonal(covariance, axis1=-2, axis2=-1)
    variance = own[..., a] + own[..., b] - 2 * covariance[..., a, b]
    flat = (len(units), -1)
    return (mean[..., a] - mean[..., b]).reshape(flat), variance.reshape(flat)


def quantiles(of: Callable[[float], float]) -> Callable[[Floats], Floats]:
    """A quantile as a function of degrees of freedom of at least 1, smooth between some fifty of them."""
    curve = PchipInterpolator(_INVERSE_DF, [np.log(of(1 / each)) for each in _INVERSE_DF])
    return lambda df: np.exp(curve(np.clip(1 / df, _INVERSE_DF[0], 1.0)))
