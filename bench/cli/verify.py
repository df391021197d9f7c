"""`bench verify`: look for damage in a store."""

from pathlib import Path

import click

from bench.cli import as_json as document
from bench.cli import options
from bench.core.texts import visible
from results import outcomes
from results.frame import scan
from results.verify import unsealed, verify


@click.command()
@options.store()
@options.as_json
def command(store: Path, as_json: bool) -> None:
    """Name every record, subset manifest, weights card and file of outcomes that is corrupt, foreign, NaN or newer.

    Each metric of a record is computed again from its outcomes. Exits 1 when something is wrong.
    """
    problems, found = verify(store), scan(store)
    kept, total, old = outcomes.kept(store, found.records), len(found.records), unsealed(found.records)
    if as_json:
        counts = {"records": total, "computed_again": kept, "without_digest": old}
        document.echo({"sound": not problems, "problems": problems, **counts, "notes": found.superseded})
    else:
        for problem in problems:
            click.echo(visible(problem))
    if problems:
        raise click.exceptions.Exit(1)
    if as_json:
        return
    click.echo(f"{total} records and all that belongs to them are sound")
    click.echo(f"the metrics of {kept} were computed again from their outcomes, {total - kept} keep none")
    if old:
        click.echo(f"{old} are of before records bore a digest: of those, a changed word may stay unnoticed")
    for line in found.superseded:
        click.echo(f"note: {visible(line)}")
