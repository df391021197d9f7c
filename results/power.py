"""What a study can call before it runs: the smallest difference, and the seeds that others would need."""

import math
from collections.abc import Iterable, Sequence

import pandas as pd

from bench.store.questions import Question
from results.stats.planning import MOST_SEEDS, POWER, seeds_needed, smallest_difference
from results.stats.simultaneous import ALPHA, Family
from results.tables.layout import Entry, TextGrid

# Differences in points for which the needed seeds are shown.
POINTS = (1.0, 2.0, 5.0)


def power(
    asked: Iterable[Question],
    comparisons: pd.DataFrame | None,
    seeds: int,
    pretrainings: int,
    spread: float | None = None,
    level: float = ALPHA,
) -> TextGrid:
    """The smallest difference that each column of a study calls in 80% of studies, and the seeds for other differences.

    Args:
        asked: all primary questions, those of earlier studies in the store included.
        comparisons: of the store's records, as of `results.stats.block_model.compare`; None where it has none.
        seeds: repeats of the study.
        pretrainings: of each row.
        spread: standard deviation of one score (as a fraction), in place of the store's.
        level: nominal error of the intervals.
    """
    questions = list(asked)
    family = Family.of(((each.protocol, each.backbone, each.fraction), each.a, each.b) for each in questions)
    columns = {(each.protocol, each.backbone, each.fraction): each.amount for each in questions}
    several = len({backbone for _, backbone, _ in columns}) > 1
    rows = []
    for (protocol, backbone, fraction), amount in columns.items():
        known = (math.sqrt(2) * spread, 0.0) if spread else _spread(comparisons, protocol, backbone, fraction)
        where = f"{protocol}, {backbone} at {amount}" if several else f"{protocol} at {amount}"
        shown = _shown(known, family, level, seeds, min(pretrainings, seeds))
        rows.append([Entry(text) for text in (where, *shown)])
    shared = pretrainings < seeds
    source = "as stated" if spread else "of the difference of two rows with one seed, from the store's records"
    interval = f"simultaneous {100 * (1 - level):g}% interval"
    called = f"the {interval} over {family.size} primary questions excludes 0, in {100 * POWER:.0f}%"
    notes = [
        f"In points. Called: {called} of studies.",
        f"{seeds} seeds{f', {pretrainings} pretrainings of each row' if shared else ''}; s.d.: {source}.",
    ]
    unit = "pretrainings" if shared else "seeds"
    header = ["where", "s.d.", "calls from", *(f"{unit} for {points:g}" for points in POINTS)]
    return TextGrid("What the study can call", notes, header, 1, rows)


def _spread(
    comparisons: pd.DataFrame | None, protocol: str, backbone: str, fraction: float
) -> tuple[float, float] | None:
    """Standard deviation of a difference with one seed, and the degrees of freedom that the board lends; None if unknown."""
    if comparisons is None:
        return None
    here = comparisons[
        (comparisons["protocol"] == protocol)
        & (comparisons["backbone"] == backbone)
        & (comparisons["fraction"] == fraction)
        & comparisons["primary"]
    ].dropna(subset=["error"])
    if here.empty:
        return None
    lent = float((here["df"] - (here["units"] - 1)).median())
    return float((here["error"] * here["n"] ** 0.5).median()), max(lent, 0.0)


def _shown(known: tuple[float, float] | None, family: Family, level: float, seeds: int, units: int) -> Sequence[str]:
    if known is None or units < 2:
        return ("?" if known is None else f"{100 * known[0]:.2f}", "?", *("?" for _ in POINTS))
    spread, lent = known
    # Of a unit of repetition, each a mean over the repeats of one pretraining.
    of_unit = spread * math.sqrt(units / seeds)
    needed = [seeds_needed(points / 100, of_unit, lent, family, level) for points in POINTS]
    least = smallest_difference(of_unit, units, lent, family, level)
    return (
        f"{100 * spread:.2f}",
        f"{100 * least:.2f}",
        *(f"over {MOST_SEEDS}" if number is None else str(number) for number in needed),
    )
