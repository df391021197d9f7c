"""Studies with planted test places and tasks, judged by the functions that judge records.

Test images come from sources that are alike within: a source has its own mix of classes and its own difficulty, some of
it for one row or one network alone. That is the planted spatial correlation. Tasks, pretrainings and repeats move a
score each by themselves. Two rows differ by nothing but what was drawn, so an interval that misses the truth is an
error.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import expit, ndtr, ndtri, stdtrit

from bench.metrics.classified import ImageOutcomes, PixelOutcomes
from bench.metrics.outcomes import Outcomes
from results.stats.across import inflation, moderated_errors
from results.stats.intervals import Floats, Indices
from results.stats.simulation import SPREAD, quantiles
from results.stats.simultaneous import ALPHA, Family
from results.stats.sources import Error, Places, jackknife, left_out, satterthwaite

Kind = Literal["alike", "unequal", "rare", "images"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Redraws of a bootstrap; mosaics that a true score is computed from.
_DRAWS, _MANY = 400, 4000
_SLICES, _PIXELS = 16, 400
_MIX = {"alike": (2.0, 2.0, 2.0, 2.0), "unequal": (2.0, 2.0, 2.0, 2.0), "rare": (3.0, 2.0, 1.0, 0.2)}
_EASE = np.array([1.8, 1.2, 0.6, 0.0])
_CLASSES = 8
# Standard deviations of logits: of a place for all networks, for one row, for one network; of a slice; of a seed.
_OF_PLACE, _OF_ROW, _OF_NETWORK, _OF_SLICE, _OF_SEED = 0.6, 0.4, 0.2, 0.3, 0.2
# Difference, in standard deviations of a score, at which power across tasks is measured.
EFFECT = 3.0


@dataclass(frozen=True)
class Covered:
    """Shares of simulated studies whose 95% interval holds the truth, each in [0, 1].

    Attributes:
        ours: about these weights, on other images.
        percentile, bca, bootstrap_t: the same of the bootstrap by source: its percentiles, these corrected for bias and
            acceleration (Efron 1987), and Student's t with its standard error.
        slices: the same of the percentile bootstrap by slice, which takes slices for independent.
        both: about methods, on other images.
        hierarchical: the same of the percentile bootstrap of seeds and, within, of sources.
        seeds: the same of the interval over seeds, which takes the images for all there are.
    """

    ours: float
    percentile: float
    bca: float
    bootstrap_t: float
    slices: float
    both: float
    hierarchical: float
    seeds: float


@dataclass(frozen=True)
class Spread:
    """What moves a score besides the repeat, in standard deviations of one repeat.

    Attributes:
        task: of what a task does to a row.
        pretraining: of what a pretraining does to a row on all tasks.
        kind: of the effects of tasks: `normal`, `unequal` (log-normal between rows) or `skewed` (exponential).
    """

    task: float
    pretraining: float
    kind: Literal["normal", "unequal", "skewed"] = "normal"


@dataclass(frozen=True)
class OverTasks:
    """Shares of simulated studies without a difference, each in [0, 1]; all rows are compared with one of them.

    Attributes:
        like: studies in which an interval for tasks like these misses 0.
        like_single: single intervals for tasks like these that hold 0.
        these: studies in which an interval for these tasks misses the truth of these tasks.
        these_single: single intervals for these tasks that hold it.
        tasks_alone: `like` of Student's t over tasks, without doubt about pretrainings.
        wald: the same with normal quantiles, as a mixed model fitted by likelihood has.
        power: rows that are called for tasks like these, where they differ by `EFFECT`.
    """

    like: float
    like_single: float
    these: float
    these_single: float
    tasks_alone: float
    wald: float
    power: float


@dataclass(frozen=True)
class _Study:
    """Two rows on the same test samples.

    Attributes:
        outcomes: of each row and seed.
        counts: confusion counts of each row, seed and sample, R x S x N x K x K.
        sources: source of each sample.
        metric: name of the score.
    """

    outcomes: list[list[Outcomes]]
    counts: Floats
    sources: Indices
    metric: Literal["mIoU", "mean_class_accuracy"]


def simulate_places(kind: Kind, sources: int, seeds: int, studies: int, seed: int = 0) -> Covered:
    """Draw studies of two rows on test samples of some sources, and count how often intervals hold the truth.

    The truth about these weights is their score over all places of the kind, that about the two methods is no
    difference.

    Args:
        kind: `alike`: sources of 16 slices, 4 classes, mIoU; `unequal`: of 2 to 16 slices; `rare`: unequal, and few
            sources hold the last class; `images`: each image is its own source, 8 classes, class mean accuracy.
        sources: number of sources M.
        seeds: repeats of each row, at least 2.
        studies: number of studies.
        seed: makes the figures repeatable.
    """
    random = np.random.default_rng([seed, sources, seeds, KINDS.index(kind)])
    draw, score = _images if kind == "images" else _mosaics, _score_of(kind)
    held = []
    for _ in range(studies):
        shift = np.clip(_OF_SEED * random.standard_normal((2, seeds)), -1.2, 1.2)
        truth = float((score(shift[0]) - score(shift[1])).mean())
        held.append(_covered(draw(random, kind, sources, shift), truth, random))
    return Covered(*map(float, np.mean(held, axis=0)))


def _mosaics(random: np.random.Generator, kind: Kind, sources: int, shift: Floats) -> _Study:
    counts = _slices(random, kind, sources, shift)
    there = counts[0, 0].sum(axis=(-1, -2)) > 0
    of_study = counts[:, :, there]
    names = [f"class {number}" for number in range(len(_EASE))]
    outcomes: list[list[Outcomes]] = [[PixelOutcomes(names, each.astype(np.int64)) for each in row] for row in of_study]
    return _Study(outcomes, of_study, np.nonzero(there)[0], "mIoU")


def _slices(random: np.random.Generator, kind: Kind, sources: int, shift: Floats) -> Floats:
    """Confusion counts of the slices of some mosaics, R x S x M x slices x K x K; 0 where a mosaic has fewer slices.

    Args:
        random: to draw with.
        kind: of mosaics.
        sources: number of mosaics M.
        shift: how much better the network of each row and seed is, as a logit, R x S.
    """
    mix = random.dirichlet(_MIX[kind], sources)
    of_slice = random.standard_gamma(5 * mix[:, None] + 1e-3, (sources, _SLICES, len(_EASE)))
    pixels = _PIXELS * of_slice / of_slice.sum(axis=-1, keepdims=True)
    if kind != "alike":
        pixels *= (np.arange(_SLICES) < random.choice([2, 4, 8, 16], sources)[:, None])[..., None]
    own = _OF_SLICE * random.standard_normal((*shift.shape, sources, _SLICES, 1))
    right = expit(_EASE + _planted(random, sources, shift)[..., None, None] + own)
    wrong = (1 - right) / (len(_EASE) - 1)
    share = wrong[..., None] + (right - wrong)[..., None] * np.eye(len(_EASE))
    return np.asarray(np.rint(pixels[..., None] * share))


def _images(random: np.random.Generator, _: Kind, sources: int, shift: Floats) -> _Study:
    """Images that a network has right or wrong."""
    truth = random.integers(0, _CLASSES, sources)
    right = random.random((*shift.shape, sources)) < expit(_EASE.mean() + _planted(random, sources, shift))
    predicted = np.where(right, truth, (truth + random.integers(1, _CLASSES, right.shape)) % _CLASSES)
    counts = np.eye(_CLASSES**2)[truth * _CLASSES + predicted].reshape(*right.shape, _CLASSES, _CLASSES)
    names, margin = [f"class {number}" for number in range(_CLASSES)], np.zeros(sources)
    outcomes: list[list[Outcomes]] = [[ImageOutcomes(names, truth, each, margin) for each in row] for row in predicted]
    return _Study(outcomes, counts, np.arange(sources), "mean_class_accuracy")


def _planted(random: np.random.Generator, places: int, shift: Floats) -> Floats:
    """What each place does to the logits of each network, with the network's own shift, R x S x M."""
    whole: Floats = _OF_PLACE * random.standard_normal(places) + shift[..., None]
    whole = whole + _OF_ROW * random.standard_normal((len(shift), 1, places))
    return np.asarray(whole + _OF_NETWORK * random.standard_normal((*shift.shape, places)))


@cache
def _score_of(kind: Kind) -> PchipInterpolator:
    """The score of a network over all places, as a function of its shift."""
    random, shifts = np.random.default_rng(KINDS.index(kind)), np.linspace(-1.2, 1.2, 13)
    if kind == "images":
        spread = math.sqrt(_OF_PLACE**2 + _OF_ROW**2 + _OF_NETWORK**2) * random.standard_normal(_MANY * _SLICES)
        return PchipInterpolator(shifts, [expit(_EASE.mean() + shift + spread).mean() for shift in shifts])
    # The same places for every shift, so that what these have by chance cancels in a difference.
    seed = int(random.integers(1 << 30))
    counts = [
        _slices(np.random.default_rng(seed), kind, _MANY, np.array([[shift]])).sum(axis=(2, 3)) for shift in shifts
    ]
    return PchipInterpolator(shifts, ratio_means(np.array(counts)[:, 0, 0], "mIoU"))


def ratio_means(counts: Floats, metric: Literal["mIoU", "mean_class_accuracy"]) -> Floats:
    """A metric of many confusion matrices at once, for the bootstraps that ours is held against.

    Args:
        counts: ... x K x K, rows truth, columns prediction.
        metric: which.
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    whole = counts.sum(axis=-1) + (counts.sum(axis=-2) - right if metric == "mIoU" else 0)
    there = whole > 0
    return np.asarray((right / np.where(there, whole, 1)).sum(axis=-1) / there.sum(axis=-1))


def _covered(study: _Study, truth: float, random: np.random.Generator) -> list[bool]:
    """Whether each interval holds the truth, in the order of `Covered`.

    Args:
        study: what was tested.
        truth: difference of these weights over all places; that of the two methods is 0.
        random: to redraw with.
    """
    places = Places.of([f"{source:06d}" for source in study.sources])
    score = ratio_means(study.counts.sum(axis=2), study.metric)
    by_seed = score[0] - score[1]
    without = [np.mean([left_out(each, study.metric, places) for each in row], axis=0) for row in study.outcomes]
    images = jackknife(without[0] - without[1], places)
    seeds = Error(float(by_seed.std(ddof=1)) / math.sqrt(len(by_seed)), len(by_seed) - 1.0)
    middle = float(by_seed.mean())
    ends = [images.around(middle), images.joined(seeds).around(middle), seeds.around(middle)]
    ours, both, alone = [(each.low, each.high) for each in ends]
    by_source = _summed(study.counts, study.sources)
    drawn = _redrawn(by_source, study.metric, random)
    slices = _redrawn(study.counts, study.metric, random).mean(axis=1)
    nested = _hierarchical(by_source, study.metric, random)
    by_places = drawn.mean(axis=1)
    about_weights = [
        ours,
        _percentiles(by_places),
        _bca(by_places, middle, by_source, study.metric),
        _t(by_places, middle, places),
    ]
    about_methods = [both, _percentiles(nested), alone]
    return [
        *(low <= truth <= high for low, high in [*about_weights, _percentiles(slices)]),
        *(low <= 0 <= high for low, high in about_methods),
    ]


def _summed(counts: Floats, sources: Indices) -> Floats:
    """Counts of each source, R x S x M x K x K."""
    starts = np.flatnonzero(np.r_[True, np.diff(sources) > 0])
    return np.asarray(np.add.reduceat(counts, starts, axis=2))


def _redrawn(counts: Floats, metric: Literal["mIoU", "mean_class_accuracy"], random: np.random.Generator) -> Floats:
    """Differences of redrawn samples, draws x seeds; all networks are scored on the same draw."""
    number = counts.shape[2]
    times = random.multinomial(number, np.full(number, 1 / number), _DRAWS).astype(np.float64)
    drawn = np.einsum("dn,rsnkl->rsdkl", times, counts, optimize=True)
    scores = ratio_means(drawn, metric)
    return np.asarray((scores[0] - scores[1]).T)


def _hierarchical(
    by_source: Floats, metric: Literal["mIoU", "mean_class_accuracy"], random: np.random.Generator
) -> Floats:
    """Differences of redrawn seeds on redrawn sources, one a draw."""
    scores = _redrawn(by_source, metric, random)
    seeds = random.integers(0, scores.shape[1], scores.shape)
    return np.asarray(np.take_along_axis(scores, seeds, axis=1).mean(axis=1))


def _percentiles(values: Floats) -> tuple[float, float]:
    low, high = np.quantile(values, [ALPHA / 2, 1 - ALPHA / 2])
    return float(low), float(high)


def _t(values: Floats, middle: float, places: Places) -> tuple[float, float]:
    reach = float(values.std(ddof=1) * stdtrit(places.sources - 1, 1 - ALPHA / 2))
    return middle - reach, middle + reach


def _bca(
    values: Floats, middle: float, by_source: Floats, metric: Literal["mIoU", "mean_class_accuracy"]
) -> tuple[float, float]:
    """Efron (1987): percentiles corrected for bias and acceleration."""
    bias = ndtri(np.clip((values < middle).mean(), 1 / _DRAWS, 1 - 1 / _DRAWS))
    scores = ratio_means(by_source.sum(axis=2, keepdims=True) - by_source, metric).mean(axis=1)
    without = scores[0] - scores[1]
    bend = without.mean() - without
    acceleration = (bend**3).sum() / (6 * max((bend**2).sum(), 1e-300) ** 1.5)
    normal = ndtri(np.array([ALPHA / 2, 1 - ALPHA / 2]))
    low, high = np.quantile(values, ndtr(bias + (bias + normal) / (1 - acceleration * (bias + normal))))
    return float(low), float(high)


def simulate_tasks(tasks: int, rows: int, units: int, spread: Spread, studies: int, seed: int = 0) -> OverTasks:
    """Draw studies of rows that differ by nothing but what was drawn, and judge them across tasks.

    Args:
        tasks: number of tasks T, at least 3.
        rows: rows, the reference among them.
        units: pretrainings of each row, with one repeat on each task.
        spread: what moves a score.
        studies: number of studies.
        seed: makes the figures repeatable.
    """
    random = np.random.default_rng([seed, tasks, rows, units])
    family = Family.of(("", 0, row) for row in range(1, rows))
    limits = quantiles(family.critical), quantiles(lambda df: float(stdtrit(df, 1 - ALPHA / 2)))
    shares = _across(random, (studies, rows, tasks, units), spread, limits)
    return OverTasks(*map(float, shares))


def _across(
    random: np.random.Generator, shape: tuple[int, int, int, int], spread: Spread, limits: tuple[Any, Any]
) -> list[Any]:
    """The shares of `OverTasks`; scores are of shape studies x rows x tasks x units."""
    studies, rows, tasks, units = shape
    of_task = random.standard_normal((studies, rows, tasks, 1))
    if spread.kind == "skewed":
        of_task = random.standard_exponential((studies, rows, tasks, 1)) - 1
    if spread.kind == "unequal":
        of_task = of_task * np.exp(SPREAD * random.standard_normal((studies, rows, 1, 1)))
    scores = spread.task * of_task + spread.pretraining * random.standard_normal((studies, rows, 1, units))
    scores = scores + random.standard_normal(shape)
    deviation = np.sqrt(scores.var(axis=3, ddof=1, keepdims=True).mean(axis=1, keepdims=True))
    effects = (scores[:, 1:] - scores[:, :1]) / deviation
    truth = (spread.task * (of_task[:, 1:] - of_task[:, :1]) / deviation).mean(axis=(2, 3))
    by_task, by_unit, mean = effects.mean(axis=3), effects.mean(axis=2), effects.mean(axis=(2, 3))
    task_error, task_df = moderated_errors(by_task.var(axis=2, ddof=1), np.full(rows - 1, tasks))
    unit_error, unit_df = moderated_errors(by_unit.var(axis=2, ddof=1), np.full(rows - 1, units))
    like, like_df = satterthwaite(task_error, task_df, unit_error, unit_df)
    these = unit_error * math.sqrt(inflation(rows * (units - 1.0)))
    plain = by_task.std(axis=2, ddof=1) / math.sqrt(tasks)
    among, alone = limits
    return [
        (np.abs(mean) / like > among(like_df)).any(axis=1).mean(),
        (np.abs(mean) / like <= alone(like_df)).mean(),
        (np.abs(mean - truth) / these > among(unit_df)).any(axis=1).mean(),
        (np.abs(mean - truth) / these <= alone(unit_df)).mean(),
        (np.abs(mean) / plain > among(np.array(tasks - 1.0))).any(axis=1).mean(),
        (np.abs(mean) / plain > among(np.array(np.inf))).any(axis=1).mean(),
        (np.abs(mean + EFFECT) / like > among(like_df)).mean(),
    ]
