"""`bench corpus report`: the paper's analyses of its data set, for any corpus."""

from pathlib import Path

import click

from bench.errors import CorpusError

FOLDER = click.Path(path_type=Path)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="Folder for the page, the figures and the CSV files.")
@click.option("--landcover", type=FOLDER, help="The rasters the corpus was built from: adds the sheet of examples.")
@click.option("--other-landcover", type=FOLDER, help="Rasters of another epoch: adds the table of changes.")
@click.option("--other-epoch", type=int, help="Year of the other epoch, where its folder holds several.")
@click.option("--other-product", help="Product of the other epoch; the corpus' own where not given.")
def report(
    folder: Path,
    out: Path,
    landcover: Path | None,
    other_landcover: Path | None,
    other_epoch: int | None,
    other_product: str | None,
) -> None:
    """Write tables I to III, figures 3 to 5 and a map of a corpus as a page, PNG and CSV."""
    from bench.corpus.landcover import LandCover
    from bench.corpus.product import Product, load_product
    from bench.corpus.reader import Corpus
    from bench.corpus.report.page import write_report

    opened = Corpus.open(folder)
    described = opened.manifest
    if (landcover or other_landcover) and described.product is None:
        raise CorpusError(f"corpus {folder} has no land cover: leave out --landcover and --other-landcover")
    cover = other = None
    if described.product is not None:
        product = Product.model_validate(described.product)
        cover = LandCover(landcover, product, described.epoch) if landcover else None
        second = load_product(other_product) if other_product else product
        other = LandCover(other_landcover, second, other_epoch) if other_landcover else None
    click.echo(write_report(opened, out, cover, other))
