"""`bench data download`: a public data set from its publisher, held against its sums and prepared in one go."""

from pathlib import Path

import click

from bench.cli import completing, loudness
from bench.cli.options import FOLDER
from bench.core.errors import DataError
from bench.core.paths import data_home


@click.command()
@click.argument("name", shell_complete=completing.dataset)
@click.option("--to", "folder", type=FOLDER, help="Folder for the files; in the data folder where not given.")
@click.option("--accept-licence", is_flag=True, help="Do not ask; the licence is named all the same.")
@click.option("--prepare/--no-prepare", default=True, show_default=True, help="Prepare it, with its first protocol.")
@loudness.loudness
@click.pass_context
def download(context: click.Context, name: str, *, folder: Path | None, accept_licence: bool, prepare: bool) -> None:
    """Download data set NAME; what was stopped goes on, and what came wrong is not kept.

    Where there is no public address, or nobody states a sum, it says where the files are and what is missing.
    """
    from rich.progress import DownloadColumn, TransferSpeedColumn

    from bench.cli.data import prepare as preparing
    from tasks import datasets
    from tasks.datasets.downloads import download as get

    spec = datasets.get(name)
    if spec.downloads is None:
        reason = "it is made by the harness" if spec.synthetic else spec.by_hand or f"see {spec.homepage}"
        raise DataError(f"{spec.name} cannot be downloaded: {reason}")
    click.echo(f"{spec.name}: {spec.summary}\nlicence: {spec.licence}\ncite: {spec.citation}")
    loudness.note(f"addresses and sums as stated by {spec.downloads.stated_by}")
    if spec.by_hand:
        loudness.note(f"not included: {spec.by_hand}")
    if not accept_licence:
        click.confirm("Download it under this licence?", abort=True)
    target = folder or data_home() / "downloads" / spec.name
    with loudness.bar(spec.name, DownloadColumn(), TransferSpeedColumn()) as advance:
        found = get(spec.name, spec.downloads, spec.md5, target, advance)
    for path in found:
        click.echo(f"{path}: MD5 as stated")
    if prepare:
        context.invoke(preparing, name=name, source=target, out=None, protocol_id=None, settings=())
