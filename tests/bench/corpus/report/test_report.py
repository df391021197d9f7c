import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from bench.cli.corpus import corpus as command
from bench.core.errors import CorpusError
from bench.corpus.build.derive import merge
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.build.rules import Rules
from bench.corpus.landcover.footprints import LandCover
from bench.corpus.landcover.product import CLASSES
from bench.corpus.landcover.registry import load_product
from bench.corpus.report.analysis import by_class, by_source, compare_epochs, footprints_of
from bench.corpus.report.figures import choose_examples, paint

PRODUCT = load_product("globeland30")


@pytest.fixture
def two_epochs(world, write_tif):
    """The world of 2020, and a 2010 in which a tenth of the forest was still crop."""
    codes = np.empty((100, 100), dtype=np.uint8)
    codes[:50, :50], codes[:50, 50:], codes[50:, :50], codes[50:, 50:] = 20, 60, 10, 80
    codes[:5, :50] = 10
    write_tif(world / "landcover" / "n50_35_2010lc030.tif", codes)
    corpus = build_corpus(
        world / "scenes", world / "landcover", "globeland30", world / "corpus", size=30, overlap=0.0, epoch=2020
    )
    return world, corpus


def rows_of(path):
    with path.open() as stream:
        return list(csv.DictReader(stream))


def test_table_i_counts_scenes_and_tiles_by_source(two_epochs):
    _, corpus = two_epochs
    expected = {"source": "Gaofen-1", "resolution_m": 10.0, "scenes": 2, "tiles": 200, "left_out": 0}
    assert [expected] == by_source(corpus)


def test_table_ii_counts_tiles_by_dominant_class_and_their_ratio(two_epochs):
    _, corpus = two_epochs
    table = {row["class"]: row for row in by_class(corpus)}
    assert 50 == table["forest"]["tiles"]
    assert 0.25 == table["water bodies"]["ratio"]
    assert 0 == table["permanent snow"]["tiles"]
    assert 200 == sum(row["tiles"] for row in table.values())


def test_table_iii_compares_the_epochs_under_the_same_tiles(two_epochs):
    world, corpus = two_epochs
    other = LandCover(world / "landcover", PRODUCT, 2010)
    change = compare_epochs(corpus, other, "2010", "2020", other_is_first=True)
    # scenes of 300 m side lie over the first 100 rows of the land cover: 5 of its 50 forest rows were crop
    forest, crop = CLASSES.index("forest"), CLASSES.index("cultivated land")
    assert 200 == change.tiles
    assert (0.225, 0.25) == pytest.approx((change.first[forest], change.second[forest]))
    assert (0.275, 0.25) == pytest.approx((change.first[crop], change.second[crop]))
    assert 0.025 / 0.275 == pytest.approx(change.mape[crop])
    assert np.isnan(change.mape[CLASSES.index("grassland")])


def test_the_share_of_changed_tiles_counts_dominant_classes_that_differ(world, write_tif):
    corpus = build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=150, overlap=0.0)
    write_tif(world / "other" / "a.tif", np.full((100, 100), 20, dtype=np.uint8))
    change = compare_epochs(corpus, LandCover(world / "other", PRODUCT), "a", "b", other_is_first=False)
    assert 0.75 == change.changed


def test_the_report_command_writes_a_page_pictures_and_tables(two_epochs):
    world, corpus = two_epochs
    folder, lc = str(world / "corpus"), str(world / "landcover")
    arguments = ["report", folder, "--out", str(world / "page"), "--landcover", lc]
    done = CliRunner().invoke(command, [*arguments, "--other-landcover", lc, "--other-epoch", "2010"])
    assert 0 == done.exit_code, done.output
    page = (world / "page" / "index.html").read_text()
    for name in ("classes.png", "map.png", "change.png", "examples.png"):
        assert name in page
        with Image.open(world / "page" / name) as image:
            assert np.asarray(image.convert("L")).std() > 5
    assert corpus.hash in page
    change = rows_of(world / "page" / "change.csv")
    assert ["class", "2010", "2020", "MAE", "MAPE"] == list(change[0])
    assert "0.225" == next(row["2010"] for row in change if row["class"] == "forest")
    assert "200" == rows_of(world / "page" / "change_of_dominant_class.csv")[0]["tiles"]


def test_a_corpus_without_land_cover_is_reported_too(world):
    build_corpus(world / "scenes", None, None, world / "bare", size=64)
    done = CliRunner().invoke(command, ["report", str(world / "bare"), "--out", str(world / "page")])
    assert 0 == done.exit_code, done.output
    assert not (world / "page" / "classes.csv").exists()
    assert (world / "page" / "sources.csv").exists()


def test_examples_show_each_present_class_in_turn(two_epochs):
    _, corpus = two_epochs
    chosen = choose_examples(corpus, 4)
    assert 4 == len(set(chosen.tolist()))
    assert {"forest", "water bodies", "cultivated land", "artificial surfaces"} == {
        CLASSES[number] for number in np.flatnonzero(corpus.landcover[chosen].sum(axis=0))
    }


def test_the_picture_of_the_land_cover_lies_in_the_tiles_own_frame(two_epochs):
    world, _ = two_epochs
    cover = LandCover(world / "landcover", PRODUCT, 2020)
    corners = np.array([(500_000, 4_000_000), (503_000, 4_000_000), (503_000, 3_997_000), (500_000, 3_997_000)], float)
    picture = cover.picture(corners, "EPSG:32650", 10)
    quarters = [[picture[2, 2], picture[2, 7]], [picture[7, 2], picture[7, 7]]]
    names = [[CLASSES[index] for index in row] for row in quarters]
    assert [["forest", "water bodies"], ["cultivated land", "artificial surfaces"]] == names
    assert (0, 99, 0) == tuple(paint(picture)[2, 2])


@pytest.fixture
def two_products(world, write_tif):
    """Two corpora, one over forest and crop of GlobeLand30, one over water and town of WorldCover, and their merger."""
    for old in (world / "scenes").iterdir():
        old.unlink()
    rng = np.random.default_rng(3)
    parts = []
    for product, codes, east in (("globeland30", (20, 10), 500_000.0), ("esa-worldcover", (80, 50), 510_000.0)):
        place = world / product
        pixels = rng.integers(20, 200, size=(120, 120, 3), dtype=np.uint8)
        write_tif(place / "scenes" / f"{product}.tif", pixels, pixel=10.0, origin=(east, 4_000_000.0))
        halves = np.repeat(np.array([codes], dtype=np.uint8), 20, axis=1).repeat(40, axis=0)
        write_tif(place / "rasters" / "map.tif", halves, origin=(east, 4_000_000.0))
        parts.append(build_corpus(place / "scenes", place / "rasters", product, place / "corpus", size=60))
    merge(parts, world / "merged")
    return world


def painted(picture, color):
    """Share of a PNG's pixels of one colour."""
    with Image.open(picture) as image:
        return float(np.mean((np.asarray(image.convert("RGB")) == color).all(axis=2)))


def test_a_merged_corpus_shows_the_land_cover_of_each_of_its_products(two_products):
    named = [f"--landcover={name}={two_products / name / 'rasters'}" for name in ("globeland30", "esa-worldcover")]
    arguments = ["report", str(two_products / "merged"), "--out", str(two_products / "page"), *named]
    done = CliRunner().invoke(command, arguments)
    assert 0 == done.exit_code, done.output
    for color in ((0, 99, 0), (249, 160, 255), (0, 0, 255), (255, 0, 0)):  # forest, crop, water, town
        assert painted(two_products / "page" / "examples.png", color) > 0.02
    page = (two_products / "page" / "index.html").read_text()
    assert "Land cover: GlobeLand30; ESA WorldCover 10 m." in page
    assert "whose rasters were not given" not in page
    info = CliRunner().invoke(command, ["info", str(two_products / "merged")])
    assert "land cover: GlobeLand30; ESA WorldCover 10 m\n" in info.output


def test_tiles_over_a_product_whose_rasters_are_not_given_are_left_out_and_named(two_products):
    named = f"--landcover=globeland30={two_products / 'globeland30' / 'rasters'}"
    arguments = ["report", str(two_products / "merged"), "--out", str(two_products / "page"), named]
    assert 0 == CliRunner().invoke(command, arguments).exit_code
    assert painted(two_products / "page" / "examples.png", (0, 0, 255)) < 0.01
    assert "tiles over ESA WorldCover 10 m, whose" in (two_products / "page" / "index.html").read_text()


@pytest.mark.parametrize(
    ("option", "problem"),
    [("--landcover", r"say whose rasters --landcover .* are"), ("--other-landcover", "say --other-product")],
)
def test_rasters_that_may_be_of_either_product_are_refused(two_products, option, problem):
    rasters = str(two_products / "globeland30" / "rasters")
    arguments = ["report", str(two_products / "merged"), "--out", str(two_products / "page"), option, rasters]
    with pytest.raises(CorpusError, match=rf"products globeland30, esa-worldcover: {problem}"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_a_corpus_merged_before_scenes_named_their_product_is_refused(two_products):
    path = two_products / "merged" / "corpus.json"
    values = json.loads(path.read_text())
    del values["products"]
    path.write_text(json.dumps(values))
    rasters = str(two_products / "globeland30" / "rasters")
    arguments = ["report", str(path.parent), "--out", str(two_products / "page"), "--landcover", rasters]
    with pytest.raises(CorpusError, match="merge it again"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)


def explained(grey, classes):
    """Share of the variance of the grey values that the classes explain."""
    total = ((grey - grey.mean()) ** 2).sum()
    groups = [grey[classes == index] for index in np.unique(classes)]
    return sum(len(group) * (group.mean() - grey.mean()) ** 2 for group in groups) / total


@pytest.mark.real
@pytest.mark.parametrize("place", ["terramind", "gewata"])
def test_the_real_land_cover_sits_on_its_picture(real_landcover, tmp_path, place):
    """Moved by six pixels in any direction the map explains less of the picture than where it is."""
    folder = real_landcover / place
    if place == "terramind":
        scenes, rasters, product = folder / "S2RGB", folder / "LULC", "io-lulc-terramind"
        options = {}
    else:
        scenes, rasters, product = folder / "landsat7_gewata.tif", folder / "lulc_gewata.tif", tmp_path / "own.yaml"
        names = ("cultivated land", "forest", "bare land", "cultivated land", "forest", "wetland")
        codes = [f"{{code: {code}, name: c, color: '#000000', class: {name}}}" for code, name in enumerate(names, 1)]
        product.write_text(f"name: own\ntitle: Own\nnodata: [0]\ncodes: [{', '.join(codes)}]\n")
        options = {"bands": (3, 2, 1), "stretch": "percentile:2,98", "rules": Rules(nodata_share=0.0)}
    corpus = build_corpus(scenes, rasters, str(product), tmp_path / "c", size=112, overlap=0.0, **options)
    cover = LandCover(rasters, load_product(str(product)))
    shifts = [(0, 0), (0, 6), (0, -6), (6, 0), (-6, 0)]
    total = dict.fromkeys(shifts, 0.0)
    for number in np.flatnonzero(np.asarray(corpus.landcover).max(axis=1) < 0.9):
        scene = corpus.manifest.scenes[int(corpus.index["scene"][number])]
        classes = cover.picture(footprints_of(corpus, np.array([number]))[0], scene.wkt, 112)
        grey = corpus.tiles(np.array([number]))[0].mean(axis=2)
        for down, right in shifts:
            moved = classes[6 + down : 106 + down, 6 + right : 106 + right]
            total[down, right] += explained(grey[6:106, 6:106], moved)
    assert (0, 0) == max(total, key=total.get)
