"""`bench stats`: how sure the differences between the methods of a store are."""

from pathlib import Path

import click
from rich.console import Console

from bench.api.statistics import Statistics
from bench.cli import as_json as document
from bench.cli import options
from bench.cli.reading import load_store
from results.answers import answers
from results.tables import formats


@click.command()
@options.store()
@options.as_json
def command(store: Path, as_json: bool) -> None:
    """Compare methods pairwise, rank them over data sets, and split the spread by its sources.

    Pairwise: the block model's difference, 95% interval and p, simultaneous over the primary questions; q (false discovery
    rate) of all other comparisons; and the exact sign-flip test's p from five repeats on. Over data sets: average rank and interquartile mean of the share of random's error that is gone, with bootstrap intervals.
    Where the store holds variants of a protocol (tuned, longer, other statistics): which verdicts hold under them. Where
    a grid was searched: how often each value won.
    """
    found = Statistics(answers(store, load_store(store)))
    if as_json:
        document.echo(found.to_json())
    else:
        formats.show(found.grids(), Console())
