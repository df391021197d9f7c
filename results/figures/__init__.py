"""Figures of a study as PNG and SVG, by matplotlib; each function draws one and returns it."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.core.files import write_bytes
from bench.core.texts import short
from bench.store.questions import read_questions
from results import floors
from results.answers import Answers
from results.budgets import score_against_compute
from results.effects import stars
from results.figures.compute import score_by_compute
from results.figures.curves import label_efficiency
from results.figures.drawing import as_bytes
from results.figures.forest import forest
from results.figures.heatmap import method_by_task
from results.figures.predictions import draw_predictions
from results.figures.ranking import critical_difference_diagram
from results.labels import amounts
from results.looks import Look, asides, looks
from results.predictions import gallery
from results.stats.ranking import blocks, separation
from results.summary import BOARD
from results.variants import order

FORMATS = ("png", "svg")


KINDS = ("effects", "curves", "compute", "predictions", "heatmap", "ranking")


def write_figures(frame: pd.DataFrame, folder: Path, store: Path | None = None) -> list[Path]:
    """Draw everything that a store's records allow, as PNG and SVG; return the paths.

    Args:
        frame: records.
        folder: where the files go.
        store: where the records' questions and predictions were saved; None for neither.
    """
    asked = read_questions(store) if store else []
    paths = []
    for name, figure in draw(frame, Answers(frame, asked).comparisons, store).items():
        for form in FORMATS:
            path = folder / f"{name}.{form}"
            write_bytes(path, as_bytes(figure, form))
            paths.append(path)
    return paths


def draw(
    frame: pd.DataFrame,
    comparisons: pd.DataFrame,
    store: Path | None = None,
    kinds: Collection[str] = KINDS,
    *,
    ends: bool = False,
) -> dict[str, Figure]:
    """The figures of some records, by name.

    For each protocol and backbone: effects with their intervals, label-efficiency curves where there are two fractions,
    score against compute where two rows state their FLOPs, and predictions where pictures were saved. For each backbone:
    a heat map of methods and protocols, and ranks with their critical difference where it tells two rows apart.

    Args:
        frame: records.
        comparisons: of all records of their store.
        store: where predictions were saved; None for none.
        kinds: those that are drawn, of `KINDS`.
        ends: draw compute at the least and the most labels alone, for a page has no room for more.
    """
    figures: dict[str, Figure] = {}
    given = looks(set(frame["variant"]))
    given = {row: given[row] for row in sorted(given, key=order(frame))}
    for values, board in frame.groupby(BOARD, sort=True):
        protocol, version, network = map(str, values)
        makers: dict[str, Callable[[], Figure | None]] = {
            "effects": partial(_effects, board, comparisons, given),
            "curves": partial(_curves, board, given, asides(frame)),
            "compute": partial(_compute, board, given, ends=ends),
            "predictions": partial(_predictions, board, store),
        }
        for kind, make in makers.items():
            figure = make() if kind in kinds else None
            if figure is not None:
                figures[_name(kind, protocol, version[:8], network)] = figure
    for backbone, records in frame.groupby("backbone", sort=True):
        if "heatmap" in kinds:
            figures[_name("heatmap", backbone)] = method_by_task(records)
        arranged = blocks(records) if "ranking" in kinds else None
        if arranged is not None and arranged.scores and not separation(arranged).silent:
            figures[_name("ranking", backbone)] = critical_difference_diagram(arranged)
    return figures


def _title(board: pd.DataFrame) -> str:
    return f"{board['protocol'].iloc[0]}, {board['backbone'].iloc[0]}"


def _effects(board: pd.DataFrame, comparisons: pd.DataFrame, given: Mapping[str, Look]) -> Figure | None:
    here = comparisons[(comparisons[BOARD] == list(board[BOARD].iloc[0])).all(axis=1)]
    return forest(_title(board), stars(here), amounts(board), given)


def _curves(board: pd.DataFrame, given: Mapping[str, Look], aside: Collection[str]) -> Figure | None:
    return label_efficiency(board, given, aside) if len(set(board["fraction"])) > 1 else None


def _compute(board: pd.DataFrame, given: Mapping[str, Look], *, ends: bool) -> Figure | None:
    spent, named = score_against_compute(board), amounts(board)
    if not spent:
        return None
    blind = {named[at]: score for at, score in floors.trivial(board).items()}
    shown = {min(spent), max(spent)} if ends else set(spent)
    by_amount = {named[at]: rows for at, rows in spent.items() if at in shown}
    return score_by_compute(_title(board), str(board["metric"].iloc[0]), by_amount, blind, given)


def _predictions(board: pd.DataFrame, store: Path | None) -> Figure | None:
    pictures = gallery(store, board, sorted(set(board["variant"]), key=order(board))) if store else None
    return draw_predictions(pictures) if pictures else None


def _name(*parts: object) -> str:
    """A file name from names: what is not a letter, a digit or a dash becomes a dash."""
    return short("-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in str(part)) for part in parts))
