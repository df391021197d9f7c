"""`bench corpus`: build a pretraining corpus and look at it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli import options
from bench.cli.corpus_counts import controls_of, listed, say
from bench.cli.corpus_derive import filter_tiles, merge, sample, split
from bench.cli.corpus_report import report
from bench.cli.options import FOLDER
from bench.core.errors import CorpusError

if TYPE_CHECKING:
    from bench.corpus.scenes.discovery import Selection


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def corpus() -> None:
    """Build and look at a pretraining corpus."""


def _parse_names(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(part.strip() for part in value.split(","))


def _parse_bands(context: click.Context, option: click.Parameter, value: str | None) -> "Selection":
    parts = _parse_names(context, option, value)
    return tuple(int(part) for part in parts) if parts and all(part.isdecimal() for part in parts) else parts


@corpus.command()
@click.option("--scenes", type=FOLDER, required=True, help="Folder of georeferenced scenes; sub-folders name sources.")
@click.option("--landcover", type=FOLDER, help="Folder of land-cover rasters; without it tiles have no proportions.")
@click.option("--product", help="Land-cover product: a shipped name, or the path of a .yaml of your own.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the corpus; it appears when it is complete.")
@click.option("--size", default=256, show_default=True, help="Side of a tile in pixels.")
@click.option("--overlap", default=0.2, show_default=True, help="Share of a tile that the next one covers again.")
@click.option(
    "--bands", callback=_parse_bands, help="Bands to keep, in order: 3,2,1; or B04,B03,B02 where each band is a file."
)
@click.option("--names", callback=_parse_names, help="What they are, where not red,green,blue: red,green,blue,nir.")
@click.option(
    "--values",
    type=click.Choice(["uint8", "uint16"]),
    default="uint8",
    show_default=True,
    help="Type of a tile's values.",
)
@click.option("--stretch", default="none", show_default=True, help="none | percentile:LOW,HIGH | LOW:HIGH")
@click.option("--scene-nodata", type=float, help="Value outside the image, where scenes do not declare one (often 0).")
@click.option(
    "--offset",
    type=float,
    help="Added to stored values before a range LOW:HIGH applies, where files do not say: -1000.",
)
@click.option("--epoch", type=int, help="Year of the product, where the folder holds several.")
@click.option("--max-nodata", default=0.5, show_default=True, help="Largest share of a tile without land cover.")
@click.option("--cloud-share", default=0.5, show_default=True, help="Largest share of white pixels (Eq. 12).")
@click.option("--cloud-level", default=230, show_default=True, help="Value above which a pixel is white (Eq. 12).")
@click.option(
    "--rule", "settings", multiple=True, help="Any other threshold, such as dark_share=0.8; docs/corpus.md lists them."
)
@click.option("--jpeg", type=int, help="Keep tiles as JPEG of this quality: a quarter of the space, slower to read.")
@click.option(
    "--synthetic", is_flag=True, help="Declare that the scenes were drawn by a generator; the corpus says so."
)
@click.option("--controls", is_flag=True, help="Count land cover of the wrong place and scale too, for controls.")
@click.option("--skip-bad", is_flag=True, help="Go on without scenes that cannot be used, and count them.")
@click.option("--workers", type=int, help="Processes; all cores where not given.")
def build(
    scenes: Path,
    landcover: Path | None,
    product: str | None,
    out: Path,
    size: int,
    overlap: float,
    bands: "Selection",
    names: tuple[str, ...] | None,
    values: str,
    stretch: str,
    scene_nodata: float | None,
    offset: float | None,
    epoch: int | None,
    max_nodata: float,
    cloud_share: float,
    cloud_level: int,
    settings: tuple[str, ...],
    jpeg: int | None,
    synthetic: bool,
    controls: bool,
    skip_bad: bool,
    workers: int | None,
) -> None:
    """Cut scenes into tiles with their land-cover proportions. Run it again to go on after an interruption."""
    from bench.corpus.build.pipeline import build_corpus
    from bench.corpus.build.rules import Rules, with_settings

    named = Rules(cloud_level=cloud_level, cloud_share=cloud_share, nodata_share=max_nodata)
    with options.bar("cutting") as advance:
        built = build_corpus(
            scenes,
            landcover,
            product,
            out,
            size=size,
            overlap=overlap,
            bands=bands,
            names=names,
            values=values,
            stretch=stretch,
            scene_nodata=scene_nodata,
            offset=offset,
            epoch=epoch,
            rules=with_settings(named, settings),
            jpeg=jpeg,
            synthetic=synthetic,
            controls=controls,
            skip_bad=skip_bad,
            workers=workers or os.cpu_count() or 1,
            progress=advance,
        )
    say(built)


@corpus.command()
@click.argument("folder", type=FOLDER)
def check(folder: Path) -> None:
    """Read every tile of a corpus and compare it with its digest."""
    from bench.corpus.build.checking import find_damage
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    with options.bar("reading") as advance:
        damaged = find_damage(opened, advance)
    if damaged:
        listed = ", ".join(map(str, damaged[:10]))
        raise CorpusError(
            f"{folder}: {len(damaged)} tiles differ from their digests ({listed}...): copy or build it again"
        )
    click.echo(f"{folder}: {len(opened)} tiles as they were written, hash {opened.hash}")


@corpus.command()
@click.argument("folder", type=FOLDER)
def info(folder: Path) -> None:
    """Print what a corpus holds: tiles by class and by source, and what was left out and why."""
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    described = opened.manifest
    click.echo(f"land cover: {'; '.join(cover.title for cover in described.land_covers) or 'none'}")
    chosen = f"{opened.bands}, --bands {listed(described.selection)}" if described.selection else str(opened.bands)
    click.echo(f"bands: {chosen}; stretch: {described.stretch}; overlap: {described.overlap:g}")
    click.echo(f"mean: {listed(opened.mean, ' ')}; std: {listed(opened.std, ' ')}")
    if opened.has_landcover:
        click.echo(f"controls: {controls_of(described)}")
    for note in described.history:
        click.echo(f"made by: {note}")
    say(opened)


for command in (merge, filter_tiles, split, sample, report):
    corpus.add_command(command)
