"""`bench verify`: look for damage in a store."""

from pathlib import Path

import click

from bench.cli import options
from bench.core.texts import visible
from results import outcomes
from results.frame import scan
from results.verify import unsealed, verify


@click.command()
@options.store()
def command(store: Path) -> None:
    """Name every record, subset manifest, weights card and file of outcomes that is corrupt, foreign, NaN or newer.

    Each metric of a record is computed again from its outcomes. Exits 1 when something is wrong.
    """
    problems = verify(store)
    for problem in problems:
        click.echo(visible(problem))
    if problems:
        raise click.exceptions.Exit(1)
    found = scan(store)
    kept, total = outcomes.kept(store, found.records), len(found.records)
    click.echo(f"{total} records and all that belongs to them are sound")
    click.echo(f"the metrics of {kept} were computed again from their outcomes, {total - kept} keep none")
    if old := unsealed(found.records):
        click.echo(f"{old} are of before records bore a digest: of those, a changed word may stay unnoticed")
    for line in found.superseded:
        click.echo(f"note: {visible(line)}")
