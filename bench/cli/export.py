"""`bench export`: the records of a store for experiment trackers, as Parquet, or as a data set of the hub."""

import tempfile
from pathlib import Path

import click

from bench.cli import loudness, options
from bench.cli.hub import repository_of, send
from bench.cli.reading import say_left_out
from bench.core.errors import StoreError, StudyError


def _listed(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        from results import export

        for spec in export.registry.all().values():
            click.echo(f"{spec.name:12} {spec.summary}")
        ctx.exit()


@click.command()
@click.argument("kind")
@options.store()
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder that takes the export  [default: KIND]."
)
@click.option(
    "--study", "studies", multiple=True, help="Only records that this study asked for first; may be repeated."
)
@click.option("--licence", help="Of the data set, by its identifier on the hub: cc-by-4.0, mit, ...; for huggingface.")
@click.option("--to", "target", help="Send it to hub:USER/NAME; for huggingface.")
@click.option("--private", is_flag=True, help="On the hub, for you alone.")
@click.option("--list", is_flag=True, expose_value=False, is_eager=True, callback=_listed, help="List the kinds.")
def command(
    kind: str, store: Path, out: Path | None, studies: tuple[str, ...], licence: str | None, target: str | None, *,
    private: bool,
) -> None:  # fmt: skip
    """Export records as KIND: mlflow, wandb, trackio, parquet or huggingface.

    One run a record, named row/backbone/protocol/amount/seed, with its options and provenance as parameters, all its metrics,
    and its keys and warnings as tags; one run a pretraining, with the curve of its losses. It goes one way: records stay
    what counts. Run again, it adds what is new and nothing twice. Nothing leaves this machine but by --to.
    """
    from results import export
    from results.export.content import gather
    from results.export.huggingface import CARD, with_licence

    spec = export.get(kind)
    if not spec.hub and (licence or target or private):
        raise StudyError(f"--licence, --to and --private are of data sets for the hub: leave them out for {kind}")
    if private and not target:
        raise StudyError("--private goes with --to hub:USER/NAME")
    repository = repository_of(target) if target else ""
    if target and not repository:
        raise StudyError(f"--to {target}: write it as hub:USER/NAME, or name a folder with --out")
    if repository and not licence:
        raise StudyError("a data set without a licence may be used by nobody: give --licence")
    exporter = spec.open()
    content = gather(store, studies, say_left_out)
    with tempfile.TemporaryDirectory(prefix="bench-export-") as work:
        folder = out or (Path(work) / repository.rpartition("/")[2] if repository else Path(kind))
        if folder.exists() and not folder.is_dir():
            raise StoreError(f"{folder} is a file: name another folder with --out")
        with loudness.bar(f"export to {kind}") as tick:
            done = exporter(content, folder, tick)
        if licence:
            with_licence(folder / CARD, licence)
        for path in done.paths if out or not repository else []:
            click.echo(path)
        there = f", {done.there:,} were there already" if done.there else ""
        click.echo(
            f"{done.added:,} runs added{there}" if not spec.hub and kind != "parquet" else f"{done.added:,} records"
        )
        if repository:
            send(folder, repository, private=private, kind="dataset")
