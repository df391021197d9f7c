"""`python -m website`: build the documentation, and fail where anything in it is not as it should be."""

import sys
import tempfile
from pathlib import Path

import click

from bench.core.errors import BenchError
from website.build import ROOT, render, write_sources
from website.checks import count_links, faults


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=ROOT / "public",
    show_default="public",
    help="Folder of the site, which is emptied first; its index.html opens without a server.",
)
@click.option(
    "--sources", type=click.Path(path_type=Path, file_okay=False), help="Keep the Markdown that is rendered here."
)
def main(out: Path, sources: Path | None) -> None:
    """Build the documentation as a site that needs no network, and check every link in it."""
    with tempfile.TemporaryDirectory() as folder:
        work = sources or Path(folder)
        try:
            work.mkdir(parents=True, exist_ok=True)
            write_sources(work)
            render(work, out)
        except BenchError as error:
            click.echo(f"website: {error}", err=True)
            sys.exit(2)
    found = faults(out.resolve())
    for fault in found:
        click.echo(f"website: {fault}", err=True)
    if found:
        sys.exit(1)
    pages, links = count_links(out.resolve())
    click.echo(
        f"{out / 'index.html'}: {pages} pages, {links:,} links within them, none broken, nothing fetched elsewhere"
    )


if __name__ == "__main__":
    main(prog_name="python -m website")
