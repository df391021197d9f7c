"""What `bench weights` says of published weights, and how it fetches them."""

import click

from bench.cli import as_json as document
from bench.cli import loudness
from bench.core.published import HUB, Published, find, tables


def show(*, as_json: bool) -> None:
    """Print the tables of published weights."""
    entries = tables()
    if as_json:
        document.echo(entries)
        return
    for name, entry in entries.items():
        here = "fetched" if entry.path.is_file() else "not fetched"
        click.echo(f"{HUB}{name}: {entry.title}, {entry.backbone} ({here})")
        images = "" if entry.images is None else f", {entry.images:,} images"
        click.echo(f"    pretrained by {entry.method} on {entry.data}{images}; labels used: {entry.labels}")
        click.echo(f"    channels {', '.join(entry.channels)} ({entry.input.of}); licence {entry.licence}")
        click.echo(f"    {entry.url} (SHA-256 {entry.sha256})")


def fetch_named(name: str, *, accepted: bool) -> None:
    """Fetch one entry, once its licence is named and accepted.

    Raises:
        WeightsError: there is none of this name, or it cannot be fetched.
        click.Abort: the licence is not accepted.
    """
    entry = find(name.removeprefix(HUB))
    if entry.path.is_file():
        click.echo(f"{entry.path} is there already")
        return
    click.echo(_terms(entry))
    if not accepted:
        click.confirm("Fetch it under this licence?", abort=True)
    from rich.progress import DownloadColumn, TransferSpeedColumn

    from bench.backbones.fetching import fetch

    with loudness.bar(entry.name, DownloadColumn(), TransferSpeedColumn()) as advance:
        path = fetch(entry, advance)
    click.echo(f"{path}: SHA-256 as published; use it as --weights NAME={HUB}{entry.name}")


def _terms(entry: Published) -> str:
    return f"{entry.name} ({entry.title}, {entry.data}) is published under: {entry.licence}\nsource: {entry.source}"
