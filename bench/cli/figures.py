"""`bench figures`: curves, compute, ranking, heat map and predictions of a store."""

from pathlib import Path

import click
import pandas as pd

from bench.cli import options
from bench.cli.reading import load_store
from bench.cli.study import split
from bench.core.errors import StoreError
from results.figures import write_figures


@click.command()
@options.store()
@click.option("--methods", help="Comma-separated rows that are drawn; all by default.")
@click.option("--protocols", help="Comma-separated protocols that are drawn; all by default.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("figures"),
    show_default=True,
    help="Folder for the files.",
)
def command(store: Path, methods: str | None, protocols: str | None, out: Path) -> None:
    """Draw label-efficiency curves, score against compute, ranking, heat map of methods and tasks, and predictions.

    Each as PNG and SVG. Predictions are drawn of cells that ran with `bench run --save-predictions N`: one figure a
    protocol, with the same test samples for every method.
    """
    frame = load_store(store)
    frame = _only(frame, "variant", "methods", methods)
    frame = _only(frame, "protocol", "protocols", protocols)
    for path in write_figures(frame, out, store):
        click.echo(path)


def _only(frame: pd.DataFrame, column: str, option: str, text: str | None) -> pd.DataFrame:
    if text is None:
        return frame
    asked, there = split(option, text, str), sorted(set(frame[column]))
    for name in asked:
        if name not in there:
            raise StoreError(f"--{option} {name}: no record is of it; there are {', '.join(there)}")
    return frame[frame[column].isin(asked)]
