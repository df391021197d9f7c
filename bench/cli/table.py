"""`bench table`: the records of a store as tables."""

from pathlib import Path
from typing import get_args

import click
from rich.console import Console

from bench.cli import options
from bench.cli.reading import load_store
from bench.core.files import write_text
from results import tables
from results.answers import answers


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
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of printing.")
def table(store: Path, form: tables.Format | None, shape: tables.Layout | None, out: Path | None) -> None:
    """Lay out the records of a store: methods as rows, fractions as columns, one table a data set."""
    frame = load_store(store)
    if form is None and shape is None and out is None:
        tables.print_tables(frame, Console(), answers(store, frame).comparisons)
        return
    # A table of values compares nothing.
    comparisons = None if form == "csv" or shape == "long" else answers(store, frame).comparisons
    rendered = tables.render(frame, form or "markdown", shape, comparisons)
    if out is None:
        click.echo(rendered, nl=False)
    else:
        write_text(out, rendered)
        click.echo(out)
