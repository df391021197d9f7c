"""`bench report`: the answers of a store as a page of Markdown with forest plots."""

from pathlib import Path

import click

from bench.cli import completing, options
from bench.cli.design import grids_of
from bench.cli.reading import load_store, say_left_out
from bench.studies.loading import load_study
from results.answers import answers
from results.page.designs import read_designs
from results.report import Page, write_report


@click.command()
@options.store()
@click.option(
    "--study",
    "name",
    required=True,
    help="Study whose name, limits and design the page has.",
    shell_complete=completing.studies,
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The Markdown file.")
def command(store: Path, name: str, out: Path) -> None:
    """Write what the records of a store say: limits, verdicts, a table and a forest plot a protocol, the design sheet.

    The first paragraph is the study's `limits`. Plots are SVG files in a folder beside the page.
    """
    study = load_study(name, {})
    found = answers(store, load_store(store), say_left_out)
    sheets, problems = read_designs(store)
    for problem in problems:
        say_left_out(problem)
    command = f"bench report --study {name} --store {store} --out {out}"
    page = Page(study.title or study.name, study.limits, command, study.seeds)
    for path in write_report(page, found, [sheet for sheet in sheets if sheet.study == study.name], out, grids_of):
        click.echo(path)
