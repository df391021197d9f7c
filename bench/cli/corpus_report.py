"""`bench corpus report`: the paper's analyses of its data set, for any corpus."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import FOLDER
from bench.core.errors import CorpusError

if TYPE_CHECKING:
    from bench.corpus.landcover.footprints import LandCover
    from bench.corpus.storage.manifest import Manifest


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder for the page, the figures and the CSV files.")
@click.option(
    "--landcover",
    "landcovers",
    multiple=True,
    help="The rasters the corpus was built from: adds the sheet of examples. PRODUCT=FOLDER, once for each, where a "
    "merged corpus has several products.",
)
@click.option("--other-landcover", type=FOLDER, help="Rasters of another epoch: adds the table of changes.")
@click.option("--other-epoch", type=int, help="Year of the other epoch, where its folder holds several.")
@click.option("--other-product", help="Product of the other epoch; the corpus' own where not given.")
def report(
    folder: Path,
    out: Path,
    landcovers: tuple[str, ...],
    other_landcover: Path | None,
    other_epoch: int | None,
    other_product: str | None,
) -> None:
    """Write tables I to III, figures 3 to 5 and a map of a corpus as a page, PNG and CSV."""
    from bench.corpus.landcover.footprints import LandCover
    from bench.corpus.landcover.product import Product
    from bench.corpus.landcover.registry import load_product
    from bench.corpus.report.page import write_report
    from bench.corpus.storage.reader import Corpus

    opened = Corpus.open(folder)
    described = opened.manifest
    if (landcovers or other_landcover) and all(
        scene.wkt is None or described.product is None for scene in described.scenes
    ):
        raise CorpusError(f"corpus {folder} has no land cover of scenes: leave out --landcover and --other-landcover")
    covers = _open_covers(landcovers, described, folder)
    other = None
    if other_landcover and described.product is not None:
        names = _names(described)
        if len(names) > 1 and not other_product:
            raise CorpusError(f"corpus {folder} has the products {', '.join(names)}: say --other-product")
        second = load_product(other_product) if other_product else Product.model_validate(described.product)
        other = LandCover(other_landcover, second, other_epoch)
    click.echo(write_report(opened, out, covers, other))


def _open_covers(given: tuple[str, ...], described: "Manifest", folder: Path) -> "dict[int, LandCover]":
    """The rasters that were given, by their number among the corpus' land covers."""
    from bench.corpus.landcover.footprints import LandCover
    from bench.corpus.landcover.product import Product

    names = _names(described)
    if given and _lost_legends(described):
        raise CorpusError(f"corpus {folder} was merged by a version that kept one product's legend: merge it again")
    covers = {}
    for text in given:
        name, separator, rest = text.partition("=")
        named = separator and name in names
        if not named and len(names) > 1:
            raise CorpusError(
                f"corpus {folder} has the products {', '.join(names)}: say whose rasters --landcover {text} are, "
                f"as --landcover {names[0]}=FOLDER"
            )
        for number, entry in enumerate(described.land_covers):
            product = Product.model_validate(entry.product)
            if not named or product.name == name:
                covers[number] = LandCover(Path(rest if named else text), product, entry.epoch)
    return covers


def _lost_legends(described: "Manifest") -> bool:
    """Whether products were merged before each scene named its own: the titles of all stand in one."""
    merged = any(note.startswith("merge of ") for note in described.history)
    return merged and not described.products and described.product is not None and "; " in described.product["title"]


def _names(described: "Manifest") -> list[str]:
    """Short names of the products of a corpus."""
    return list(dict.fromkeys(str(entry.product["name"]) for entry in described.land_covers))
