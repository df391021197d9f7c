"""The calibration of what is said of test images and of all tasks together: two sections of the calibration report."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from results.planted import EFFECT, KINDS, Covered, Kind, OverTasks, Spread, simulate_places, simulate_tasks

SOURCES, IMAGES, SEEDS = (10, 14, 20, 50), (50, 100), 3
TASKS, ROWS, PRETRAININGS = (3, 5, 10), (3, 10), (3, 5)
SPREADS = (Spread(0, 0), Spread(1, 0), Spread(1, 0.5), Spread(1, 0.5, "unequal"), Spread(1, 0.5, "skewed"))
# A study on test places, with the bootstraps it is held against, takes a hundred times that of another.
_FEWER = 5
LEAST = 0.94
Progress = Callable[[int, int], object]


@dataclass(frozen=True)
class OfPlaces:
    """Test samples of one kind and number of sources, and what intervals cover."""

    kind: Kind
    sources: int
    covered: Covered


@dataclass(frozen=True)
class OfTasks:
    """A study over several tasks, and what its intervals err."""

    tasks: int
    rows: int
    pretrainings: int
    spread: Spread
    measured: OverTasks


@dataclass(frozen=True)
class Doubts:
    """What both sections rest on: `draws` studies of each kind of tasks, and a fifth as many of each kind of places."""

    places: list[OfPlaces]
    tasks: list[OfTasks]
    draws: int

    @property
    def studies(self) -> int:
        """Studies of each kind of places."""
        return max(1, self.draws // _FEWER)

    @property
    def noise(self) -> float:
        """Monte-Carlo error of a coverage of 95% over places, one standard deviation."""
        return math.sqrt(0.95 * 0.05 / self.studies)

    def missed(self) -> list[str]:
        """Where an interval of ours covers less than 94% by more than chance."""
        least = LEAST - 2 * self.noise
        found = [
            f"{each.sources} sources, {each.kind}"
            for each in self.places
            if min(each.covered.ours, each.covered.both) < least
        ]
        return found + [
            f"{each.tasks} tasks, {each.rows} rows, {each.pretrainings} pretrainings, {_said(each.spread)}"
            for each in self.tasks
            if min(each.measured.like_single, each.measured.these_single) < least
        ]


def measure_doubts(draws: int, progress: Progress = lambda _done, _all: None) -> Doubts:
    """Simulate test places and tasks; `draws` as of `Doubts`."""
    doubts = Doubts([], [], draws)
    places = [(kind, number) for kind in KINDS for number in (IMAGES if kind == "images" else SOURCES)]
    grid = list(product(TASKS, ROWS, PRETRAININGS, SPREADS))
    for kind, number in places:
        doubts.places.append(OfPlaces(kind, number, simulate_places(kind, number, SEEDS, doubts.studies)))
        progress(len(doubts.places), len(places) + len(grid))
    for tasks, rows, units, spread in grid:
        measured = simulate_tasks(tasks, rows, units, spread, draws)
        doubts.tasks.append(OfTasks(tasks, rows, units, spread, measured))
        progress(len(places) + len(doubts.tasks), len(places) + len(grid))
    return doubts


def sections(doubts: Doubts) -> str:
    """Both sections as Markdown."""
    over = doubts.missed()
    said = "All of ours cover 94% within chance." if not over else f"Below 94%: {'; '.join(over)}."
    noise = f"{100 * doubts.noise:.1f}"
    return "\n".join(
        [
            _PLACES.format(studies=f"{doubts.studies:,}", noise=noise, seeds=SEEDS),
            _of_places(doubts.places),
            _TASKS.format(studies=f"{doubts.draws:,}", effect=f"{EFFECT:g}"),
            _of_tasks(doubts.tasks),
            f"{said}\n",
        ]
    )


_PLACES = """## Other test images

Coverage of 95% intervals of the difference of two rows with {seeds} seeds, in {studies} studies of each kind
(Monte-Carlo error {noise} points), drawn by `results/planted.py` and judged by `results/stats/sources.py` on the
metrics of `bench/metrics`. Slices of one source share their difficulty and their classes. *Alike*: sources of 16
slices, mIoU of 4 classes; *unequal*: of 2 to 16 slices; *rare*: unequal, and few sources hold one of the classes;
*images*: each image is its own source, mean accuracy of 8 classes, sources left out in 30 groups.

About these weights: *ours* leaves sources out one at a time, with t; by the bootstrap of sources: percentiles,
corrected ones (BCa), and t with its standard error; *slices* are percentiles of the bootstrap of slices. About methods:
*both* adds the error over seeds; *nested* are percentiles of the bootstrap of seeds and of sources within; *seeds*
takes the test images for all there are.
"""

_TASKS = """## Across tasks

Rows that differ by nothing but what tasks, pretrainings and repeats do to them, all compared with one of them;
{studies} studies of each kind. *Task* and *pretraining* are standard deviations in those of a repeat; *unequal*: those
of tasks are log-normal between rows; *skewed*: exponential effects of tasks. Share of studies with a wrong interval /
single coverage: for tasks like these (a sample), and for these tasks. Beside it, the share of wrong studies of
Student's t over tasks alone, and of normal quantiles as of a mixed model fitted by likelihood. *Power*: rows called for
tasks like these at a difference of {effect} standard deviations.
"""


def _of_places(found: list[OfPlaces]) -> str:
    lines = [
        "| kind | sources | ours | percentiles | BCa | t of bootstrap | slices | both | nested | seeds |",
        f"|---|---:|{'---:|' * 8}",
    ]
    for each in found:
        got = each.covered
        values = [got.ours, got.percentile, got.bca, got.bootstrap_t, got.slices, got.both, got.hierarchical, got.seeds]
        lines.append(f"| {each.kind} | {each.sources} | {' | '.join(f'{100 * value:.1f}' for value in values)} |")
    return "\n".join([*lines, ""])


def _of_tasks(found: list[OfTasks]) -> str:
    lines = [
        "| tasks | rows | pretrainings | moved by | tasks like these | these tasks | t alone | normal | power |",
        "|---:|---:|---:|---|---:|---:|---:|---:|---:|",
    ]
    for each in found:
        got = each.measured
        like = f"{100 * got.like:.1f} / {100 * got.like_single:.1f}"
        these = f"{100 * got.these:.1f} / {100 * got.these_single:.1f}"
        place = f"| {each.tasks} | {each.rows} | {each.pretrainings} | {_said(each.spread)} |"
        lines.append(
            f"{place} {like} | {these} | {100 * got.tasks_alone:.1f} | {100 * got.wald:.1f} | {got.power:.2f} |"
        )
    return "\n".join([*lines, ""])


def _said(spread: Spread) -> str:
    kind = "" if spread.kind == "normal" else f", {spread.kind}"
    return f"task {spread.task:g}, pretraining {spread.pretraining:g}{kind}"
