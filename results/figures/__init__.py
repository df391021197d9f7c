"""Figures of a study as PNG and SVG, by matplotlib; each function draws one and returns it."""

from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from bench.core.files import write_bytes
from results import floors
from results.budgets import score_against_compute
from results.figures.compute import score_by_compute
from results.figures.curves import label_efficiency
from results.figures.drawing import as_bytes
from results.figures.heatmap import method_by_task
from results.figures.predictions import draw_predictions
from results.figures.ranking import critical_difference_diagram
from results.labels import amounts
from results.predictions import gallery
from results.stats.ranking import blocks
from results.summary import BOARD
from results.variants import order

FORMATS = ("png", "svg")


def write_figures(frame: pd.DataFrame, folder: Path, store: Path | None = None) -> list[Path]:
    """Draw everything that a store's records allow, as PNG and SVG; return the paths.

    Label-efficiency curves of each protocol and backbone with at least two fractions, score against compute where two
    rows state their FLOPs, and predictions where pictures were saved; for each backbone a heat map of methods and protocols, and the ranking where at least two
    methods share every protocol.

    Args:
        frame: records.
        folder: where the files go.
        store: where the records' predictions were saved; None draws none.
    """
    figures: dict[str, Figure] = {}
    for values, board in frame.groupby(BOARD, sort=True):
        protocol, version, network = map(str, values)
        if len(set(board["fraction"])) > 1:
            figures[_name("curves", protocol, version[:8], network)] = label_efficiency(board)
        spent, named = score_against_compute(board), amounts(board)
        if spent:
            blind = {named[at]: score for at, score in floors.trivial(board).items()}
            title, metric = f"{protocol}, {network}", str(board["metric"].iloc[0])
            by_amount = {named[at]: rows for at, rows in spent.items()}
            figures[_name("compute", protocol, version[:8], network)] = score_by_compute(
                title, metric, by_amount, blind
            )
        pictures = gallery(store, board, sorted(set(board["variant"]), key=order(board))) if store else None
        if pictures:
            figures[_name("predictions", protocol, version[:8], network)] = draw_predictions(pictures)
    for backbone, records in frame.groupby("backbone", sort=True):
        figures[_name("heatmap", backbone)] = method_by_task(records)
        arranged = blocks(records)
        if arranged.scores and len(arranged.variants) > 1:
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
    return "-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in str(part)) for part in parts)
