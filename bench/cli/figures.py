"""`bench figures`: curves, compute, ranking, heat map and predictions of a store."""

from pathlib import Path

import click

from bench.cli import options
from bench.cli.reading import load_store
from results.figures import write_figures


@click.command()
@options.store()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("figures"),
    show_default=True,
    help="Folder for the files.",
)
def command(store: Path, out: Path) -> None:
    """Draw label-efficiency curves, score against compute, ranking, heat map of methods and tasks, and predictions.

    Each as PNG and SVG. Predictions are drawn of cells that ran with `bench run --save-predictions N`: one figure a
    protocol, with the same test samples for every method.
    """
    for path in write_figures(load_store(store), out, store):
        click.echo(path)
