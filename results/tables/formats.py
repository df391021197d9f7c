"""Writing grids as Markdown, LaTeX, HTML and for the terminal, with every name escaped."""

import csv as csv_module
import functools
import io
from collections.abc import Iterable
from pathlib import Path

import jinja2
from markupsafe import Markup, escape
from rich.console import Console
from rich.table import Table
from rich.text import Text

from results import warned
from results.tables import text
from results.tables.layout import Entry, Mark, TextGrid

_TEMPLATES = Path(__file__).parent.parent / "templates"


def markdown(grids: list[TextGrid]) -> str:
    """GitHub-flavoured Markdown: best in bold, second in `<u>`, one section a grid."""
    return "\n".join(_markdown_grid(grid) for grid in grids)


def latex(grids: list[TextGrid]) -> str:
    """A complete LaTeX document with booktabs, which compiles as it is."""
    return latex_environment().get_template("table.tex").render(grids=grids, cell=latex_cell)


@functools.cache
def latex_environment() -> jinja2.Environment:
    """Jinja2 for LaTeX, with << >> and <% %>: every value is escaped that is not markup already."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        finalize=_latex_value,
        autoescape=False,  # noqa: S701 - that would escape for HTML; `finalize` escapes every value for LaTeX
    )


def html(grids: list[TextGrid]) -> str:
    """A complete HTML document without script."""
    return html_environment().get_template("table.html").render(grids=grids)


def fragment(grids: list[TextGrid]) -> str:
    """HTML of the tables alone, for a page that is there, such as a notebook's; best in bold, second underlined."""
    return "".join(_html_grid(grid) for grid in grids)


@functools.cache
def html_environment() -> jinja2.Environment:
    """Jinja2 for HTML: every value is escaped, and invisible characters are spelled out."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        finalize=_html_value,
    )


def csv(grids: list[TextGrid]) -> str:
    """Comma-separated text of the grids, with a column that names each; notes and marks behind numbers are left out."""
    stream = io.StringIO()
    writer = csv_module.writer(stream, lineterminator="\n")
    for number, grid in enumerate(grids):
        if number == 0:
            writer.writerow(["table", *map(text.spreadsheet, grid.header)])
        for row in grid.rows:
            names = [text.spreadsheet(cell.text) for cell in row[: grid.labels]]
            values = [text.value(cell.text.removesuffix(f" {warned.MARK}")) for cell in row[grid.labels :]]
            writer.writerow([text.spreadsheet(grid.title), *names, *values])
    return stream.getvalue()


def show(grids: list[TextGrid], console: Console) -> None:
    """Print grids to a terminal."""
    for grid in grids:
        # Title and notes stand outside the table, whose width they would otherwise be folded to.
        console.print(Text(text.visible(grid.title), style="bold"))
        table = Table()
        for column, title in enumerate(grid.header):
            named = column < grid.labels
            head, paren, counts = text.visible(title).partition(" (")
            # A head's counts stand on lines of their own: columns do not wrap, and the names' would give way to them.
            folded = "".join([head, "\n(", counts.replace(", ", ",\n")]) if paren else head
            table.add_column(Text(folded), justify="left" if named else "right", no_wrap=not named)
        for row in grid.rows:
            table.add_row(*(_rich(cell) for cell in row))
        console.print(table)
        console.print(Text(text.visible(" ".join(grid.notes))))
        console.print()


def _markdown_grid(grid: TextGrid) -> str:
    align = ["---" if column < grid.labels else "---:" for column in range(len(grid.header))]
    lines = [
        f"### {text.markdown(grid.title)}",
        "",
        _markdown_row(text.markdown(title) for title in grid.header),
        _markdown_row(align),
        *(_markdown_row(_markdown_cell(cell) for cell in row) for row in grid.rows),
        "",
        text.markdown(" ".join(grid.notes)),
        "",
    ]
    return "\n".join(lines)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _markdown_cell(cell: Entry) -> str:
    shown = text.markdown(cell.text)
    raised = f"<sup>{text.markdown(cell.ties)}</sup>" if cell.ties else ""
    return {Mark.BEST: f"**{shown}**", Mark.SECOND: f"<u>{shown}</u>", Mark.NONE: shown}[cell.mark] + raised


def _html_grid(grid: TextGrid) -> str:
    head = "".join(f"<th{_side(column, grid)}>{_shown(title)}</th>" for column, title in enumerate(grid.header))
    rows = [
        "".join(f"<td{_side(column, grid)}>{_html_cell(cell)}</td>" for column, cell in enumerate(row))
        for row in grid.rows
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f"<p><b>{_shown(grid.title)}</b></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"<p><small>{_shown(' '.join(grid.notes))}</small></p>"
    )


def _side(column: int, grid: TextGrid) -> str:
    return ' style="text-align: left"' if column < grid.labels else ""


def _shown(name: str) -> Markup:
    return escape(text.visible(name))


def _html_cell(cell: Entry) -> str:
    shown = _shown(cell.text)
    raised = f"<sup>{_shown(cell.ties)}</sup>" if cell.ties else ""
    return {Mark.BEST: f"<b>{shown}</b>", Mark.SECOND: f"<u>{shown}</u>", Mark.NONE: str(shown)}[cell.mark] + raised


def latex_cell(cell: Entry) -> Markup:
    """A cell with its mark and letters; text that is markup already stays as it is."""
    shown = cell.text if isinstance(cell.text, Markup) else text.latex(cell.text)
    marked = {Mark.BEST: rf"\textbf{{{shown}}}", Mark.SECOND: rf"\underline{{{shown}}}", Mark.NONE: shown}
    raised = rf"\textsuperscript{{{text.latex(cell.ties)}}}" if cell.ties else ""
    return Markup(marked[cell.mark] + raised)  # noqa: S704 - escaped for LaTeX above


def _latex_value(value: object) -> object:
    return value if isinstance(value, Markup) else text.latex(str(value))


def _html_value(value: object) -> object:
    return text.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _rich(cell: Entry) -> Text:
    style = {Mark.BEST: "bold", Mark.SECOND: "underline", Mark.NONE: ""}[cell.mark]
    # A terminal has no superscript: letters stand behind the number, dimmed.
    raised = [(f" {text.visible(cell.ties)}", "dim")] if cell.ties else []
    return Text.assemble((text.visible(cell.text), style), *raised)
