"""What the shares of axes cover: studies of known shares are drawn, and judged by the function that judges records."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from results.stats.decomposition import Decomposition, decompose
from results.stats.intervals import Floats, Interval
from results.stats.simulation import SPREAD, draw_errors

Kind = Literal["equal", "unequal", "skewed", "outliers"]
KINDS: tuple[Kind, ...] = get_args(Kind)
# Levels of each axis, then repeats.
DESIGNS = ((2, 3, 3), (2, 2, 3, 3), (2, 2, 3, 5), (3, 4, 10))
# Mean squared effect of the first axis, the second, and the two together, in variances of the rest; a third has none.
LARGE, SMALL, TOGETHER = 4.0, 0.5, 0.5
# What is looked at: the two axes, an axis without effect, all interactions, and seeds.
WHAT = ("large", "small", "none", "interactions", "seeds")
# Draws of each study's own intervals: fewer than a report has, for time.
_DRAWS = 400


@dataclass(frozen=True)
class Covered:
    """One design with one kind of errors.

    Attributes:
        levels: of each axis, then repeats.
        kind: of the errors.
        shares: by `WHAT`, the share of studies whose 95% interval holds the truth; absent where the design has none.
    """

    levels: tuple[int, ...]
    kind: Kind
    shares: dict[str, float]


def measure(studies: int, progress: Callable[[int, int], object] = lambda _done, _all: None) -> list[Covered]:
    """Simulate every design with every kind of errors."""
    grid = [(levels, kind) for levels in DESIGNS for kind in KINDS]
    found = []
    for number, (levels, kind) in enumerate(grid):
        found.append(_cover(levels, kind, studies, number))
        progress(number + 1, len(grid))
    return found


def _cover(levels: tuple[int, ...], kind: Kind, studies: int, seed: int) -> Covered:
    random = np.random.default_rng(seed)
    truth = effects(levels)
    held: dict[str, list[bool]] = {what: [] for what in WHAT if what != "none" or len(levels) > 3}
    for number in range(studies):
        errors, variance = _errors(random, levels, kind)
        split = decompose(truth[..., None] + errors, draws=_DRAWS, seed=number)
        whole = LARGE + SMALL + TOGETHER + variance
        true = {"large": LARGE, "small": SMALL, "none": 0.0, "interactions": TOGETHER, "seeds": variance}
        for what, each in held.items():
            interval = _interval(split, what)
            each.append(interval.low <= true[what] / whole <= interval.high)
    return Covered(levels, kind, {what: float(np.mean(each)) for what, each in held.items()})


def _interval(split: Decomposition, what: str) -> Interval:
    if what == "interactions":
        return split.interactions
    if what == "seeds":
        return split.seeds
    return split.share([({"large": 0, "small": 1, "none": 2}[what],)])


def effects(levels: tuple[int, ...]) -> Floats:
    """Mean scores of a grid whose components are `LARGE`, `SMALL` and `TOGETHER`, of shape `levels` without repeats."""
    contrasts = [_contrast(number) for number in levels[:2]]
    first, second = contrasts[0][:, None], contrasts[1][None, :]
    plane = math.sqrt(LARGE) * first + math.sqrt(SMALL) * second + math.sqrt(TOGETHER) * first * second
    return np.asarray(np.broadcast_to(plane.reshape(*plane.shape, *[1] * (len(levels) - 3)), levels[:-1]))


def _contrast(levels: int) -> Floats:
    """Evenly spaced numbers of mean 0 and mean square 1."""
    values = np.linspace(-1, 1, levels)
    return np.asarray(values / np.sqrt((values**2).mean()))


def _errors(random: np.random.Generator, levels: tuple[int, ...], kind: Kind) -> tuple[Floats, float]:
    """Errors of a study, and their mean variance over its points."""
    points = math.prod(levels[:-1])
    if kind == "unequal":
        deviation = np.exp(SPREAD * random.standard_normal((points, 1)))
        errors = random.standard_normal((points, levels[-1])) * deviation
        return errors.reshape(levels), float((deviation**2).mean())
    return draw_errors(kind)(random, (1, 1, points, levels[-1])).reshape(levels), 1.0


def section(measured: list[Covered], studies: int) -> str:
    """The section of the calibration report."""
    half = 100 * 1.96 * math.sqrt(0.05 * 0.95 / studies)
    lines = [
        _HEAD.format(studies=f"{studies:,}", half=f"{half:.1f}", large=LARGE, small=SMALL, together=TOGETHER),
        f"| levels | repeats | errors | {' | '.join(WHAT)} |",
        f"|---|---:|---|{'---:|' * len(WHAT)}",
    ]
    for each in measured:
        shares = [f"{100 * each.shares[what]:.1f}" if what in each.shares else "—" for what in WHAT]
        grid = " x ".join(map(str, each.levels[:-1]))
        lines.append(f"| {grid} | {each.levels[-1]} | {each.kind} | {' | '.join(shares)} |")
    return "\n".join([*lines, "", *_worst(measured), ""])


def _worst(measured: list[Covered]) -> list[str]:
    """How often an axis without effect is called, and which share is held least often."""
    called = [100 * (1 - each.shares["none"]) for each in measured if "none" in each.shares]
    held, what, kind = min((share, what, each.kind) for each in measured for what, share in each.shares.items())
    found = [f"An axis without effect is told apart from nothing in at most {max(called):.1f}%."] if called else []
    return [*found, f"Held least often: {what} under {kind} errors, in {100 * held:.1f}%."]


_HEAD = """## Shares of axes

`bench axes` splits the variance of a crossed study ([decision 088](../decisions/088-shares-of-axes.md)). {studies}
studies of each kind are drawn, in which the first axis has a component of {large:g} variances of the rest, the second
{small:g}, the two together {together:g}, and a third none. In percent, how often the 95% interval of a share holds the
truth; an exact 95% lies within {half} points in such a count.
"""
