"""Scores of other benchmarks as tables of their own, marked as copied: nothing is computed from them."""

from collections import defaultdict
from pathlib import Path

from bench.store.copied import Copied, CopiedScore, read_copied
from results.summary import DECIMALS
from results.tables.layout import Entry, TextGrid

MARK = "copied"
HEADER = ["method", "settings", "n train", "n test", "score", "interval"]
SHOWN = 8


def grids(store: Path) -> list[TextGrid]:
    """One grid a data set, evaluation and metric of each benchmark, the best first.

    Raises:
        StoreError: a file of copied scores is damaged.
    """
    return [grid for copied in read_copied(store) for grid in _grids(copied)]


def _grids(copied: Copied) -> list[TextGrid]:
    boards: dict[tuple[str, str, str], list[CopiedScore]] = defaultdict(list)
    for score in copied.scores:
        boards[score.dataset, score.evaluation, score.metric].append(score)
    note = (
        f"{MARK.capitalize()} from {copied.benchmark} ({copied.file}, SHA-256 {copied.sha256[:SHOWN]}): measured elsewhere, "
        "under its own protocol. No verdict, mean or rank of ours counts these rows."
    )
    return [
        TextGrid(
            f"{copied.benchmark}, {dataset}, {evaluation}: {metric} in % ({MARK})",
            [note],
            HEADER,
            2,
            [_row(score) for score in sorted(scores, key=lambda each: -each.value)],
        )
        for (dataset, evaluation, metric), scores in boards.items()
    ]


def _row(score: CopiedScore) -> list[Entry]:
    settings = ", ".join(f"{name} {value}" for name, value in score.settings.items())
    known = score.low is not None and score.high is not None
    interval = f"[{_points(score.low or 0.0)}, {_points(score.high or 0.0)}]" if known else ""
    values = (
        f"{score.model} ({MARK})",
        settings,
        str(score.n_train),
        str(score.n_test),
        _points(score.value),
        interval,
    )
    return [Entry(value) for value in values]


def _points(value: float) -> str:
    return f"{100 * value:.{DECIMALS}f}"
