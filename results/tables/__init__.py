"""Tables of a study: methods as rows, fractions as columns, mean ± s.d. over seeds, best in bold.

Text formats print percent points with two decimals; CSV holds unrounded fractions in [0, 1].
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pandas as pd
from rich.console import Console

from bench.core.errors import StoreError
from bench.core.files import write_text
from results import conditions
from results.labels import percent
from results.naming import Style, rename
from results.origins import COLUMNS as ORIGIN
from results.origins import origins
from results.stats.block_model import COLUMN, compare
from results.summary import BOARD, summarise
from results.tables import formats, layout, text
from results.ties import tie_letters

Format = Literal["markdown", "csv", "latex", "html"]
Layout = Literal["wide", "long"]
SUFFIX: dict[Format, str] = {"csv": "csv", "latex": "tex", "markdown": "md"}


def render(
    frame: pd.DataFrame,
    form: Format,
    shape: Layout | None = None,
    comparisons: pd.DataFrame | None = None,
    said: Mapping[str, str] | None = None,
    style: Style = "ours",
    more: Sequence[layout.TextGrid] = (),
) -> str:
    """Lay out records (see `results.frame`) in one of the formats.

    Args:
        frame: records, one row each.
        form: markdown, csv, latex (a complete document) or html (a complete document).
        shape: wide (fractions as columns) or long (one row a cell); by default CSV is long and the others wide.
        comparisons: of `results.stats.block_model.compare`, over all records of the store and what was asked there; by
            default over these records, of which nothing was asked before.
        said: by protocol, a sentence that is added to its notes.
        style: whose names the rows bear (`results.naming`).
        more: tables that stand below, in every format but CSV.

    Raises:
        StoreError: the frame is empty.
    """
    frame, comparisons = rename(frame, comparisons, style)
    summary, compared = _summary(frame), _compared(frame, comparisons)
    if form == "csv":
        return _csv(_long(summary, compared, frame), shape or "long")
    lay_out = layout.long if shape == "long" else layout.wide
    laid = [*_with(lay_out(summary, compared, frame), summary, said or {}), *more]
    return {"markdown": formats.markdown, "latex": formats.latex, "html": formats.html}[form](laid)


def long_table(frame: pd.DataFrame, comparisons: pd.DataFrame | None = None, style: Style = "ours") -> pd.DataFrame:
    """The table that CSV and JSON hold, one row a cell, scores unrounded in [0, 1]; arguments as of `render`.

    Raises:
        StoreError: the frame is empty.
    """
    frame, comparisons = rename(frame, comparisons, style)
    return _long(_summary(frame), _compared(frame, comparisons), frame)


def _long(summary: pd.DataFrame, compared: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return _with_origins(_lettered(conditions.with_conditions(summary, frame), compared), frame)


def write_tables(frame: pd.DataFrame, folder: Path, comparisons: pd.DataFrame | None = None) -> list[Path]:
    """Write table.csv, table.tex and table.md into `folder`, each whole or not at all; return their paths."""
    paths = []
    for form, suffix in SUFFIX.items():
        path = folder / f"table.{suffix}"
        write_text(path, render(frame, form, comparisons=comparisons))
        paths.append(path)
    return paths


def print_tables(
    frame: pd.DataFrame,
    console: Console,
    comparisons: pd.DataFrame | None = None,
    said: Mapping[str, str] | None = None,
    style: Style = "ours",
) -> None:
    """Print the wide tables to a terminal; `comparisons`, `said` and `style` as of `render`."""
    formats.show(grids(frame, comparisons, said, style), console)


def grids(
    frame: pd.DataFrame,
    comparisons: pd.DataFrame | None = None,
    said: Mapping[str, str] | None = None,
    style: Style = "ours",
) -> list[layout.TextGrid]:
    """The wide tables as grids of text; `comparisons`, `said` and `style` as of `render`."""
    frame, comparisons = rename(frame, comparisons, style)
    summary = _summary(frame)
    return _with(layout.wide(summary, _compared(frame, comparisons), frame), summary, said or {})


def _compared(frame: pd.DataFrame, comparisons: pd.DataFrame | None) -> pd.DataFrame:
    return compare(frame) if comparisons is None else comparisons


def _with(laid: list[layout.TextGrid], summary: pd.DataFrame, said: Mapping[str, str]) -> list[layout.TextGrid]:
    """Add to the notes of each grid what is said of its protocol."""
    protocols = [str(board["protocol"].iloc[0]) for _, board in layout.boards(summary)]
    return [
        replace(grid, notes=[*grid.notes, *([said[protocol]] if protocol in said else [])])
        for grid, protocol in zip(laid, protocols, strict=True)
    ]


def _summary(frame: pd.DataFrame) -> pd.DataFrame:
    if frame.empty:
        raise StoreError("there is no record to lay out: run a study first with `bench run`")
    return summarise(frame)


def _lettered(table: pd.DataFrame, comparisons: pd.DataFrame) -> pd.DataFrame:
    """Put the letters of the tie groups behind a summary's scores."""
    letters = tie_letters(comparisons, table)
    places = zip(table[COLUMN].itertuples(index=False, name=None), table["variant"], strict=True)
    held = [letters.get(place, {}).get(variant, "") for place, variant in places]
    names = list(table.columns)
    names.insert(names.index("place") + 1, "ties")
    return table.assign(ties=pd.Series(held, index=table.index, dtype="object"))[names]


def _with_origins(table: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    """Say behind each row where its weights come from, where some were brought."""
    known = origins(frame)
    if not known:
        return table
    said = [known[str(variant)] for variant in table["variant"]]
    values = zip(ORIGIN, zip(*((each.data, each.labels, each.init) for each in said), strict=True), strict=True)
    return table.assign(**{name: list(column) for name, column in values})


def _csv(summary: pd.DataFrame, shape: Layout) -> str:
    """Comma-separated values; names that a spreadsheet would run as a formula are quoted by an apostrophe."""
    names = summary.select_dtypes(exclude="number").columns
    said = {name: summary[name].astype("object").where(summary[name].notna(), "") for name in names}
    safe = summary.assign(**{name: said[name].map(lambda value: text.spreadsheet(str(value))) for name in names})
    if shape == "wide":
        safe = _spread(safe)
    stream = io.StringIO()
    safe.to_csv(stream, index=False, lineterminator="\n")
    return stream.getvalue()


def _spread(table: pd.DataFrame) -> pd.DataFrame:
    """Turn one row a (variant, fraction) into one row a variant, with mean, sd, n and warnings of each fraction."""
    row = [*BOARD, "variant"]
    names = ["protocol", "protocol_hash", "task", "dataset", "metric", "backbone", "method", "variant"]
    names += ["synthetic", "synthetic_corpus", *conditions.OF_ROWS, *(name for name in ORIGIN if name in table)]
    by_variant = table.groupby(row, sort=False)
    columns: dict[str, pd.Series] = {}
    for fraction, group in table.groupby("fraction"):
        for what in ("mean", "sd", "n", "ties", "warnings", *conditions.OF_CELLS):
            columns[f"{what} at {percent(float(str(fraction)))}"] = group.set_index(row)[what]
    said = by_variant[[name for name in names if name not in row]].first()
    return said.join(pd.DataFrame(columns)).reset_index()[[*names, *columns]]
