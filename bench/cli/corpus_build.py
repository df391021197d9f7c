"""`bench corpus build`: from georeferenced scenes, or from plain images."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from bench.cli import completing, loudness
from bench.cli.corpus_counts import say
from bench.cli.options import FOLDER
from bench.core.cores import usable_cores
from bench.core.errors import CorpusError

if TYPE_CHECKING:
    from bench.corpus.scenes.discovery import Selection
    from bench.corpus.storage.reader import Corpus

SIDE = 256
"""Of a scene's tile, as in the paper."""

BOTH = frozenset({"out", "landcover", "product", "size", "overlap", "max_nodata", "jpeg", "synthetic", "keep_map",
                  "skip_bad", "workers"})  # fmt: skip
"""Options that scenes and images share."""

OF_IMAGES = frozenset({"images", "classes_as", "proportions", "without", "larger"})


def _parse_names(_context: click.Context, _option: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(part.strip() for part in value.split(","))


def _parse_bands(context: click.Context, option: click.Parameter, value: str | None) -> "Selection":
    parts = _parse_names(context, option, value)
    return tuple(int(part) for part in parts) if parts and all(part.isdecimal() for part in parts) else parts


@click.command()
@click.option("--scenes", type=FOLDER, help="Folder of georeferenced scenes; sub-folders name sources.")
@click.option("--images", type=FOLDER, help="Or a folder or .zip of JPEG, PNG or TIFF images without a place.")
@click.option("--classes-as", help="Land cover of class folders: a shipped name (eurosat), or a .yaml of your own.")
@click.option("--proportions", type=FOLDER, help="Or land cover of images: a CSV table with a row for each.")
@click.option("--without", type=FOLDER, help="Text file of images that are left out, one a line: the held-out part.")
@click.option("--larger", type=click.Choice(["cut", "resize"]), help="What is done with images larger than a tile.")
@click.option("--landcover", type=FOLDER, help="Folder of land-cover rasters, or of masks called as the images are.")
@click.option(
    "--product",
    help="Land-cover product: a shipped name, or the path of a .yaml of your own.",
    shell_complete=completing.products,
)
@click.option("--out", type=FOLDER, required=True, help="Folder of the corpus; it appears when it is complete.")
@click.option("--size", type=int, help="Side of a tile in pixels; 256 of scenes, that of the first image of images.")
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
@click.option("--keep-map", is_flag=True, help="Keep the land cover of each tile as a map too.")
@click.option("--skip-bad", is_flag=True, help="Go on without scenes or images that cannot be used, and count them.")
@click.option("--workers", type=int, help="Processes; all cores where not given.")
@loudness.loudness
@click.pass_context
def build(
    context: click.Context, /, scenes: Path | None, images: Path | None, workers: int | None, **given: Any
) -> None:
    """Make a corpus of tiles with their land cover. Run it again to go on after an interruption."""
    if (scenes is None) == (images is None):
        raise CorpusError("bench corpus build takes --scenes or --images: give one of them")
    processes = workers or usable_cores()
    if images is not None:
        _refuse_others(context, BOTH | OF_IMAGES, "--images")
        say(_from_images(images, processes, {name: given[name] for name in (BOTH | OF_IMAGES) & set(given)}))
    elif scenes is not None:
        _refuse_others(context, frozenset(given) - OF_IMAGES | {"scenes", "workers"}, "--scenes")
        say(_from_scenes(scenes, processes, {name: given[name] for name in set(given) - OF_IMAGES}))


def _refuse_others(context: click.Context, known: frozenset[str], kind: str) -> None:
    """Refuse options that were given and mean nothing for this kind of input."""
    for option in context.command.params:
        name = str(option.name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in known:
            raise CorpusError(f"{option.opts[0]} says nothing of {kind}: leave it out")


def _from_images(images: Path, workers: int, given: dict[str, Any]) -> "Corpus":
    from bench.corpus.images.pipeline import build_from_images

    with loudness.bar("cutting") as advance:
        return build_from_images(images, given.pop("out"), workers=workers, progress=advance, **given)


def _from_scenes(scenes: Path, workers: int, given: dict[str, Any]) -> "Corpus":
    from bench.corpus.build.pipeline import build_corpus
    from bench.corpus.build.rules import Rules, with_settings

    named = Rules(
        cloud_level=given.pop("cloud_level"),
        cloud_share=given.pop("cloud_share"),
        nodata_share=given.pop("max_nodata"),
    )
    rules = with_settings(named, given.pop("settings"))
    size = given.pop("size") or SIDE
    where = (given.pop(name) for name in ("landcover", "product", "out"))
    with loudness.bar("cutting") as advance:
        return build_corpus(scenes, *where, size=size, rules=rules, workers=workers, progress=advance, **given)
