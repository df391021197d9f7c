"""`bench table`: the records of a store as tables."""

from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from bench.api.shown import Names, Table
from bench.cli import as_json as document
from bench.cli import options
from bench.cli.reading import load_store, say_left_out
from bench.core.files import write_text
from results import copied, submissions, tables
from results.answers import Answers, answers
from results.metrics import Chosen, choose, field_name
from results.naming import Style


@click.command()
@options.store()
@click.option(
    "--format",
    "form",
    type=click.Choice(get_args(tables.Format)),
    help="Print this format; a table for the terminal without it.",
)
@click.option(
    "--layout",
    "shape",
    type=click.Choice(get_args(tables.Layout)),
    help="Fractions as columns, or one row a cell [default: long for CSV, else wide].",
)
@click.option(
    "--metric", help="Show this metric, ours or as papers name it (OA, AA, kappa, mF1, AP75), not the headline."
)
@click.option(
    "--names",
    type=click.Choice(get_args(Names)),
    default="ours",
    show_default=True,
    help="Name metrics as records do, or as papers do (field); with paper rows too, such as GeoKR*, MoCo v2, IN1k.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of printing.")
@options.as_json
def table(
    *,
    store: Path,
    form: tables.Format | None,
    shape: tables.Layout | None,
    metric: str | None,
    names: Names,
    out: Path | None,
    as_json: bool,
) -> None:
    """Lay out the records of a store: methods as rows, fractions as columns, one table a data set."""
    document.refuse_beside(as_json, {"--format": form, "--layout": shape, "--out": out})
    chosen = Chosen(load_store(store), {}) if metric is None else choose(store, metric, say_left_out)
    frame = chosen.frame
    for protocol, line in chosen.unknown.items():
        if form == "csv" or protocol not in set(frame["protocol"]):  # nothing below a table can say it
            click.echo(f"bench: {protocol}: {line}", err=True)
    if as_json:
        style: Style = "paper" if names == "paper" else "ours"
        named = frame if names == "ours" else frame.assign(metric=frame["metric"].map(field_name))
        cells = tables.long_table(named, answers(store, named).comparisons, style)
        rows = dict(zip(frame["key"], frame["variant"], strict=True))
        copies, accepted = document.grids(copied.grids(store)), submissions.said(store, rows)
        document.echo({"cells": document.rows_of(cells), "copied": copies, "submissions": accepted})
        return
    # A table of values compares nothing.
    found = Answers(frame, []) if form == "csv" or shape == "long" else answers(store, frame)
    laid = Table.of(found, frame, chosen.unknown, names, store, shape)
    if form is None and shape is None and out is None:
        laid.print(Console())
        for line in submissions.said(store, dict(zip(frame["key"], frame["variant"], strict=True))):
            click.echo(line)
        return
    rendered = laid.text(form or "markdown")
    if out is None:
        click.echo(rendered, nl=False)
    else:
        write_text(out, rendered)
        click.echo(out)
