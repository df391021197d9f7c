"""Figures of a study as PNG and SVG, by matplotlib; each function draws one and returns it."""

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
from results.looks import asides, looks
from results.predictions import gallery
from results.stats.ranking import blocks, separation
from results.summary import BOARD
from results.variants import order

FORMATS = ("png", "svg")


def write_figures(frame: pd.DataFrame, folder: Path, store: Path | None = None) -> list[Path]:
    """Draw everything that a store's records allow, as PNG and SVG; return the paths.

    For each protocol and backbone: effects with their intervals, label-efficiency curves where there are two fractions,
    score against compute where two rows state their FLOPs, and predictions where pictures were saved. For each backbone:
    a heat map of methods and protocols, and ranks with their critical difference where it tells two rows apart.

    Args:
        frame: records.
        folder: where the files go.
        store: where the records' questions and predictions were saved; None for neither.
    """
    figures: dict[str, Figure] = {}
    given = looks(set(frame["variant"]))
    given = {row: given[row] for row in sorted(given, key=order(frame))}
    aside = asides(frame)
    comparisons = Answers(frame, read_questions(store) if store else []).comparisons
    for values, board in frame.groupby(BOARD, sort=True):
        protocol, version, network = map(str, values)
        spent, named = score_against_compute(board), amounts(board)
        asked = stars(comparisons[(comparisons[BOARD] == list(values)).all(axis=1)])
        effects = forest(f"{protocol}, {network}", asked, named, given)
        if effects:
            figures[_name("effects", protocol, version[:8], network)] = effects
        if len(set(board["fraction"])) > 1:
            figures[_name("curves", protocol, version[:8], network)] = label_efficiency(board, given, aside)
        if spent:
            blind = {named[at]: score for at, score in floors.trivial(board).items()}
            title, metric = f"{protocol}, {network}", str(board["metric"].iloc[0])
            by_amount = {named[at]: rows for at, rows in spent.items()}
            figures[_name("compute", protocol, version[:8], network)] = score_by_compute(
                title, metric, by_amount, blind, given
            )
        pictures = gallery(store, board, sorted(set(board["variant"]), key=order(board))) if store else None
        if pictures:
            figures[_name("predictions", protocol, version[:8], network)] = draw_predictions(pictures)
    for backbone, records in frame.groupby("backbone", sort=True):
        figures[_name("heatmap", backbone)] = method_by_task(records)
        arranged = blocks(records)
        if arranged.scores and not separation(arranged).silent:
            figures[_name("ranking", backbone)] = critical_difference_diagram(arranged)
    paths = []
    for name, figure in figures.items():
        for form in FORMATS:
            path = folder / f"{name}.{form}"
            write_bytes(path, as_bytes(figure, form))
            paths.append(path)
    return paths


def _name(*parts: object) -> str:
    """A file name from names: what is not a letter, a digit or a dash becomes a dash."""
    return short("-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in str(part)) for part in parts))
