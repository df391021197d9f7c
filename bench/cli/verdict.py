"""`bench verdict`: the questions of a store, answered in a sentence each."""

from pathlib import Path
from typing import get_args

import click

from bench.api.shown import Verdict
from bench.cli import options
from bench.cli.reading import load_store, say_left_out
from results import answers


@click.command()
@options.store()
@click.option("--baseline", "baselines", multiple=True, metavar="ROW", help="All comparisons with this row.")
@click.option(
    "--question",
    "questions",
    multiple=True,
    metavar="ROW>ROW[@[PROTOCOL:]AMOUNT]",
    help="One comparison, such as geokr>moco@0.01, geokr>moco@demo/city or geokr>moco@demo/city:0.01.",
)
@click.option("--within", type=click.FloatRange(min=0, min_open=True), help="Points within which two rows are equal.")
@click.option(
    "--format", "form", type=click.Choice(get_args(answers.Form)), default="text", show_default=True, help="Form."
)
@options.as_json
def command(
    *,
    store: Path,
    baselines: tuple[str, ...],
    questions: tuple[str, ...],
    within: float | None,
    form: answers.Form,
    as_json: bool,
) -> None:
    """Answer the primary questions of a store; others by --baseline or --question, said to be exploratory.

    A sentence gives the difference in points with its 95% interval, which is simultaneous over all primary questions,
    however few of them are shown. Two rows differ, are equal within some points, or are not told apart. The line below it
    is about these weights on other test images, where the store keeps outcomes. Differences across all tasks follow.
    """
    form = "json" if as_json else form
    found = answers.answers(store, load_store(store), say_left_out)
    if found.comparisons.empty:
        click.echo("bench: no two rows share a protocol, an amount of labels and a seed: nothing is compared", err=True)
    click.echo(Verdict.of(found, baselines, questions, within).text(form))
