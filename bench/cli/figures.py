"""`bench figures`: curves, ranking and heat map of a store."""

from pathlib import Path

import click

from bench.cli.reading import load_store
from results.figures import write_figures


@click.command()
@click.option(
    "--store", type=click.Path(path_type=Path), default=Path("runs"), show_default=True, help="Folder with the records."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("figures"),
    show_default=True,
    help="Folder for the files.",
)
def command(store: Path, out: Path) -> None:
    """Draw label-efficiency curves, the ranking over data sets and a heat map of methods and tasks, as PNG and SVG."""
    for path in write_figures(load_store(store), out):
        click.echo(path)
