"""A store's answers as one page of Markdown: limits, verdicts, a table and a forest plot a protocol, the design sheet.

Everything but the limits comes from the records, so that the page can be made again by one command.
"""

import io
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console

from bench.core.files import write_bytes, write_text
from bench.core.texts import short
from bench.store.designs import Sheet
from results.answers import Answers, render, select
from results.effects import stars
from results.figures.drawing import as_bytes
from results.figures.forest import forest
from results.labels import amounts
from results.looks import looks
from results.page.evidence import checks, sources
from results.summary import BOARD
from results.tables import formats, text
from results.tables import render as render_tables
from results.tables.layout import TextGrid
from results.variants import order

# Characters of a line of prose, and of a sheet in a block of code.
_WIDTH = 118


@dataclass(frozen=True)
class Page:
    """What is said before the numbers.

    Attributes:
        title: of the page.
        limits: how far the answers go: the first paragraph.
        command: what makes the page again.
        repeats: how many the study has, whether they were made or not.
    """

    title: str
    limits: str
    command: str
    repeats: int


def write_report(
    page: Page,
    found: Answers,
    sheets: list[Sheet],
    file: Path,
    lay_out: Callable[[Sheet], list[TextGrid]],
) -> list[Path]:
    """Write the page, and its forest plots beside it in a folder of its name; return the paths.

    Args:
        page: title and limits.
        found: answers of the store.
        sheets: design sheets that are printed at the end.
        file: the Markdown file.
        lay_out: tables of a design sheet.
    """
    plots = _forests(found)
    folder = file.with_suffix("")
    lines = [
        f"# {text.markdown(page.title)}",
        "",
        *_prose(page.limits),
        "",
        *_prose(f"Made by `{page.command}`. {_facts(page, found)}"),
        "",
    ]
    lines += ["## Answers", "", *_answers(found), ""]
    for (protocol, version, backbone), board in found.frame.groupby(BOARD, sort=True):
        name = _name(str(protocol), str(version)[:8], str(backbone))
        lines += [f"## {text.markdown(f'{protocol}, {backbone}')}", ""]
        if name in plots:
            lines += [f"![Differences with their intervals]({folder.name}/{name}.svg)", ""]
        here = (found.comparisons[BOARD] == [protocol, version, backbone]).all(axis=1)
        lines += [*_table(board, found.comparisons[here]), ""]
    lines += [
        "## Checks",
        "",
        *_items(text.markdown(line) for line in (*checks(found.frame, found.comparisons), *sources(found.frame))),
        "",
    ]
    for sheet in sheets:
        laid = _sheet(lay_out(sheet))
        fence = "`" * (3 + max((len(run) for line in laid for run in re.findall("`+", line)), default=0))
        lines += [f"## {text.markdown(f'Design of {sheet.study}')}", "", f"{fence}text", *laid, fence, ""]
    paths = [file, *(folder / f"{name}.svg" for name in plots)]
    for name, drawn in plots.items():
        write_bytes(folder / f"{name}.svg", drawn)
    write_text(file, "\n".join(lines).rstrip() + "\n")
    return paths


def _facts(page: Page, found: Answers) -> str:
    """How much there is."""
    frame = found.frame
    made = int(frame.groupby([*BOARD, "variant"])["pretrain_seed"].nunique().max())
    rows = frame["variant"].nunique()
    return f"{len(frame):,} records of {rows} rows, with pretrainings of at most {made} of {page.repeats} repeats."


def _answers(found: Answers) -> list[str]:
    rendered = render(found, select(found, [], []), "markdown", None, found.across())
    return [line for each in rendered.splitlines() for line in _wrapped(each)]


def _forests(found: Answers) -> dict[str, bytes]:
    """The plot of each protocol and backbone that has intervals, as SVG."""
    given = looks(set(found.frame["variant"]))
    given = {row: given[row] for row in sorted(given, key=order(found.frame))}
    drawn = {}
    for values, board in found.frame.groupby(BOARD, sort=True):
        protocol, version, backbone = map(str, values)
        here = (found.comparisons[BOARD] == list(values)).all(axis=1)
        figure = forest(f"{protocol}, {backbone}", stars(found.comparisons[here]), amounts(board), given)
        if figure:
            drawn[_name(protocol, version[:8], backbone)] = as_bytes(figure, "svg")
    return drawn


def _table(board: pd.DataFrame, comparisons: pd.DataFrame) -> list[str]:
    """The wide table without its heading, which the page has."""
    rendered = render_tables(board, "markdown", "wide", comparisons)
    body = [line for line in rendered.splitlines() if not line.startswith("#")]
    return [line for each in body for line in _wrapped(each)]


def _sheet(grids: list[TextGrid]) -> list[str]:
    stream = io.StringIO()
    formats.show(grids, Console(file=stream, width=_WIDTH, no_color=True))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def _prose(said: str) -> list[str]:
    return textwrap.wrap(" ".join(said.split()), _WIDTH, break_long_words=False, break_on_hyphens=False)


def _items(texts: Iterable[str]) -> list[str]:
    return [line for each in texts for line in _wrapped(f"- {each}")]


def _wrapped(said: str) -> list[str]:
    """A line of Markdown on lines that fit; rows of tables stay as they are."""
    if said.startswith("|") or len(said) <= _WIDTH:
        return [said]
    inner = said.lstrip(" ")
    hang = " " * (len(said) - len(inner) + (2 if inner.startswith("- ") else 0))
    return textwrap.wrap(said, _WIDTH, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False)


def _name(*parts: str) -> str:
    """A file name from names: what is not a letter, a digit or a dash becomes a dash."""
    return short("-".join("".join(c if c.isascii() and c.isalnum() else "-" for c in part) for part in parts))
