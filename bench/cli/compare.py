"""`bench compare`: our scores beside a paper's."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from bench.cli import as_json as document
from bench.cli import completing, options
from bench.cli.reading import load_store
from bench.core.errors import StudyError
from bench.core.files import write_text
from results import warned
from results.comparison import Comparison, ScorePair, compare
from results.labels import percent
from results.tables import formats
from results.tables.layout import Entry, Mark, TextGrid
from tasks.protocols import load_protocol

GRID_FORMATS = {"markdown": formats.markdown, "latex": formats.latex, "html": formats.html, "csv": formats.csv}


@click.command()
@click.option(
    "--published",
    "source",
    required=True,
    help="Paper to compare with, such as geokr-2021.",
    shell_complete=completing.papers,
)
@options.store("Folder with our records.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(GRID_FORMATS)),
    help="Print this format; a table for the terminal without it.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of printing.")
@options.as_json
def command(source: str, store: Path, form: str | None, out: Path | None, as_json: bool) -> None:
    """Compare each reproduced cell with its published one: difference in units of our 95% interval, flagged when outside.

    Only equal protocols are compared. Notes say what keeps the two from being the same measurement.
    """
    document.refuse_beside(as_json, {"--format": form, "--out": out})
    compared = compare(load_store(store), source, _protocol_values)
    if as_json:
        document.echo({**document.plain(compared), "pairs": list(map(_pair, compared.pairs))})
        return
    grids = [_grid(compared, protocol) for protocol in compared.differences]
    if form or out:
        rendered = GRID_FORMATS[form or "markdown"](grids)
        if out:
            write_text(out, rendered)
        else:
            click.echo(rendered, nl=False)
    else:
        formats.show(grids, Console())
    for line in _remarks(compared):
        click.echo(line, err=bool(form or out))


def _grid(compared: Comparison, protocol: str) -> TextGrid:
    pairs = [pair for pair in compared.pairs if pair.protocol == protocol]
    versions = len({pair.protocol_hash for pair in pairs}) > 1
    header = [
        "method",
        "backbone",
        "labels",
        "published",
        "ours",
        "95% interval",
        "n",
        "difference",
        "in intervals",
        "",
    ]
    rows = [_row(pair, versions) for pair in pairs]
    if any(pair.warnings for pair in compared.pairs):
        header = [*header, "warnings"]
        rows = [[*row, Entry(pair.warnings)] for row, pair in zip(rows, pairs, strict=True)]
    notes = [
        "In %; the difference is ours minus published.",
        *(f"Differs: {line}." for line in compared.differences[protocol]),
        *compared.notes[protocol],
    ]
    return TextGrid(f"{protocol}, {compared.source}", notes, header, 2, rows)


def _pair(pair: ScorePair) -> dict[str, Any]:
    said: dict[str, Any] = document.plain(pair)
    said |= {"difference": pair.difference, "in_intervals": pair.units, "outside": pair.outside}
    return said


def _row(pair: ScorePair, versions: bool) -> list[Entry]:
    known = not math.isnan(pair.ours.low)
    flag = {True: "outside", False: "inside", None: "no interval"}[pair.outside]
    texts = [
        f"{pair.variant} [{pair.protocol_hash[:8]}]" if versions else pair.variant,
        pair.backbone,
        percent(pair.fraction),
        f"{100 * pair.published:.2f}",
        f"{100 * pair.ours.estimate:.2f}{warned.mark(pair.warnings)}",
        f"{100 * pair.ours.low:.2f} to {100 * pair.ours.high:.2f}" if known else "unknown",
        str(pair.n),
        f"{100 * pair.difference:+.2f}",
        f"{pair.units:+.2f}" if not math.isnan(pair.units) else "",
        flag,
    ]
    return [Entry(text, Mark.BEST if flag == "outside" and text == flag else Mark.NONE) for text in texts]


def _remarks(compared: Comparison) -> list[str]:
    lines = [] if compared.pairs else [f"no cell of {compared.source} is reproduced in this store"]
    lines += [f"not compared: {line}" for line in compared.not_compared]
    lines += [f"not reproduced: {count} published cells of {name}" for name, count in compared.open.items()]
    return lines


def _protocol_values(name: str) -> Mapping[str, Any] | None:
    try:
        return load_protocol(name).model_dump(mode="json")
    except StudyError:
        return None
