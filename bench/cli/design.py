"""Printing a design sheet: for the terminal, or as Markdown or LaTeX for a paper's appendix."""

from typing import TYPE_CHECKING, Literal

import click
from rich.console import Console

from bench.cli import as_json as document
from bench.store.designs import Cell, Sheet
from bench.studies.design import NAMES
from bench.studies.design_protocols import COLUMNS as PROTOCOL_COLUMNS
from bench.studies.design_protocols import NAMES as PROTOCOL_NAMES
from bench.studies.design_rows import COLUMNS

if TYPE_CHECKING:
    from results.tables.layout import TextGrid

Form = Literal["text", "markdown", "latex"]
MARK = "*"
# Longer texts, in characters, are broken into lines on a page.
PROSE = 40


def show_design(sheet: Sheet, form: Form, *, as_json: bool) -> None:
    """Print a sheet; JSON, Markdown and LaTeX go to stdout as they are."""
    from results.tables import formats

    if as_json:
        document.echo(sheet)
    elif form == "text":
        formats.show(grids_of(sheet), Console())
    else:
        click.echo({"markdown": formats.markdown, "latex": formats.latex}[form](grids_of(sheet)), nl=False)


def grids_of(sheet: Sheet) -> list["TextGrid"]:
    """Tables no wider than a page: the columns of rows and of protocols in groups, then the sentences."""
    differs = f"{MARK}: differs from another row that it is compared with."
    unfair = f"{MARK}: unfair as it stands."
    rows, protocols = (sheet.columns, sheet.rows), (sheet.protocol_columns, sheet.protocols)
    grids = [_group(sheet, title, rows, [*NAMES, *(c.name for c in of)], differs) for title, of in COLUMNS.items()]
    grids += [_group(sheet, title, protocols, [*PROTOCOL_NAMES, *of], unfair) for title, of in PROTOCOL_COLUMNS.items()]
    return [*grids, _sentences(sheet)]


def _group(
    sheet: Sheet, title: str, table: tuple[list[str], list[list[Cell]]], columns: list[str], note: str
) -> "TextGrid":
    names, rows = table
    columns = [column for column in columns if column in names]  # a kept sheet may be from before a column
    places = [names.index(column) for column in columns]
    cells = [[_text(row[place]) for place in places] for row in rows]
    marked = any(row[place].differs for row in rows for place in places)
    return _grid(f"Design of {sheet.study}: {title}", columns, cells, [note] if marked else [])


def _text(cell: Cell) -> str:
    return f"{cell.text} {MARK}" if cell.differs else cell.text


def _sentences(sheet: Sheet) -> "TextGrid":
    """What may be said of two rows, with everything that the study has to admit below."""
    cells = [[f"{said.a} against {said.b}", said.about, "; ".join(said.because)] for said in sheet.sentences]
    return _grid(f"Design of {sheet.study}: sentences", ["sentence", "is about", "because"], cells, sheet.notes)


def _grid(title: str, header: list[str], rows: list[list[str]], notes: list[str]) -> "TextGrid":
    from results.tables.layout import Entry, TextGrid

    prose = {column for row in rows for column, text in enumerate(row) if len(text) > PROSE}
    entries = [[Entry(text) for text in row] for row in rows]
    return TextGrid(title, notes, header, len(header), entries, frozenset(prose))
