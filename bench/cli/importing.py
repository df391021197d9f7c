"""`bench import`: scores that another benchmark measured, kept beside a store's records."""

from pathlib import Path

import click

from bench.cli import options
from bench.store.copied import TORCHGEO_BENCH, keep, read_torchgeo_bench
from bench.store.store import Store


@click.command(name="import")
@click.argument("benchmark", type=click.Choice([TORCHGEO_BENCH]))
@click.argument("results", type=click.Path(path_type=Path, dir_okay=False))
@options.store()
def command(benchmark: str, results: Path, store: Path) -> None:
    """Copy the scores of another benchmark's results file into a store; `bench table` shows them, marked as copied.

    They stand in tables of their own: no verdict, mean or rank counts them.
    """
    copied = read_torchgeo_bench(results)
    opened = Store(store)
    opened.open_for_writing()
    path = keep(opened.root, copied)
    models = len({score.model for score in copied.scores})
    click.echo(f"{path}: {len(copied.scores)} scores of {models} models of {benchmark}, marked as copied")
