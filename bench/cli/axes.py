"""`bench axes`: what the axes of a study explain."""

from pathlib import Path

import click
from rich.console import Console

from bench.cli import as_json as document
from bench.cli import options
from bench.cli.reading import say_left_out
from results import axes, axes_said
from results.frame import scan
from results.tables import formats


@click.command()
@options.store()
@click.option("--study", help="Name of a study with axes that was run there; the only one where not given.")
@click.option(
    "--format",
    "form",
    type=click.Choice(axes_said.FORMS),
    default="text",
    show_default=True,
    help="Form; csv has the shares alone.",
)
@options.as_json
def command(store: Path, study: str | None, form: axes_said.Form, as_json: bool) -> None:
    """Say what explains the differences between scores: the data, the architecture, the algorithm, the budget, or seeds.

    A study with `axes` crosses them. The variance of its scores splits into a share of each axis, of what axes do
    together, and of seeds, with 95% intervals; one sentence an axis. Scores of one repeat have the same labels, and what
    those do to all alike is set apart.
    """
    document.refuse_beside(as_json, {"--format": form != "text"})
    found = scan(store)
    for line in found.left_out:
        say_left_out(line)
    explained = axes.explain(store, found.records, study)
    if as_json:
        document.echo(axes_said.to_json(explained))
        return
    if form != "text":
        click.echo(axes_said.render(explained, form), nl=False)
        return
    formats.show(axes_said.grids(explained), Console())
    for line in axes_said.sentences(explained):
        click.echo(line)
    click.echo("")
    for line in axes_said.notes(explained):
        click.echo(line)
