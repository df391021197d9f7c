"""`bench doctor`: what this machine lacks, before a study finds out."""

from pathlib import Path

import click

from bench import __version__
from bench.cli import as_json as document
from bench.cli import options
from bench.core.files import write_text

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@options.store("Folder that results are to go to; it need not be there.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a report to paste into an issue; it names neither you nor your folders.",
)
@options.as_json
def command(store: Path, out: Path | None, as_json: bool) -> None:
    """Check Python, libraries, devices, cores, memory, limits, disks, locks and data: a line each, and what to do.

    Takes some seconds, for libraries are imported, in a process of their own. Exits 1 when something keeps studies from
    running.
    """
    from bench.doctor import look
    from bench.doctor.finding import Finding, failed, report

    found: list[Finding] = []
    for each in look(store):
        found.append(each)
        if not as_json:
            state = click.style(f"{each.state:5}", fg=COLOURS[each.state])
            click.echo(state + each.line().removeprefix(f"{each.state:5}"))
    if as_json:
        document.echo({"ok": not failed(found), "version": __version__, "findings": found})
    if out:
        write_text(out, report(found, __version__))
        click.echo(f"wrote {out}", err=as_json)
    if failed(found):
        raise click.exceptions.Exit(1)
