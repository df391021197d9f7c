"""`bench corpus`: build a pretraining corpus and look at it."""

from pathlib import Path

import click

from bench.cli import as_json as document
from bench.cli import loudness, options
from bench.cli.corpus_build import build
from bench.cli.corpus_counts import controls_of, listed, say, told
from bench.cli.corpus_derive import filter_tiles, merge, sample, split
from bench.cli.corpus_fetch import fetch
from bench.cli.corpus_report import report
from bench.cli.options import FOLDER
from bench.core.errors import CorpusError


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def corpus() -> None:
    """Build and look at a pretraining corpus."""


@corpus.command()
@click.argument("folder", type=FOLDER)
@options.as_json
def check(folder: Path, as_json: bool) -> None:
    """Read every tile of a corpus and compare it with its digest."""
    from bench.corpus.build.checking import find_damage
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    with loudness.bar("reading") as advance:
        damaged = find_damage(opened, advance)
    if damaged:
        listed = ", ".join(map(str, damaged[:10]))
        raise CorpusError(
            f"{folder}: {len(damaged)} tiles differ from their digests ({listed}...): copy or build it again"
        )
    if as_json:
        document.echo({"folder": folder, "tiles": len(opened), "hash": opened.hash, "sound": True})
        return
    click.echo(f"{folder}: {len(opened)} tiles as they were written, hash {opened.hash}")


@corpus.command()
@click.argument("folder", type=FOLDER)
@options.as_json
def info(folder: Path, as_json: bool) -> None:
    """Print what a corpus holds: tiles by class and by source, and what was left out and why."""
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    described = opened.manifest
    if as_json:
        document.echo(told(opened))
        return
    click.echo(f"land cover: {'; '.join(cover.title for cover in described.land_covers) or 'none'}")
    chosen = f"{opened.bands}, --bands {listed(described.selection)}" if described.selection else str(opened.bands)
    click.echo(f"bands: {chosen}; stretch: {described.stretch}; overlap: {described.overlap:g}")
    click.echo(f"mean: {listed(opened.mean, ' ')}; std: {listed(opened.std, ' ')}")
    if opened.has_landcover:
        click.echo(f"controls: {controls_of(described)}")
    for note in described.history:
        click.echo(f"made by: {note}")
    say(opened)


for command in (build, fetch, merge, filter_tiles, split, sample, report):
    corpus.add_command(command)
