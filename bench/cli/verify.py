"""`bench verify`: look for damage in a store."""

from pathlib import Path

import click

from bench.cli import options
from results.frame import scan
from results.verify import verify


@click.command()
@options.store()
def command(store: Path) -> None:
    """Name every record, subset manifest and weights card that is corrupt, truncated, foreign, NaN or newer.

    Exits 1 when there is one.
    """
    problems = verify(store)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise click.exceptions.Exit(1)
    found = scan(store)
    click.echo(f"{len(found.records)} records and all that belongs to them are sound")
    for line in found.superseded:
        click.echo(f"note: {line}")
