"""Plain images that are georeferenced keep their places, and the corpora that are made of theirs."""

import numpy as np
import pytest
import rasterio
from PIL import Image
from pyproj import Transformer
from rasterio.transform import from_origin

from bench.corpus.build.derive import choose, merge, take
from bench.corpus.images.pipeline import build_from_images
from bench.corpus.storage.places import footprints_of
from bench.corpus.storage.reader import Corpus

SIDE, METRES = 32, 10
EAST, NORTH = 500_000, 5_000_000


def write_tiff(path, column=0, sides=(SIDE, SIDE), crs="EPSG:32632"):
    """A picture whose first corner lies `column` tiles east of the origin."""
    height, width = sides
    place = {"crs": crs, "transform": from_origin(EAST + column * SIDE * METRES, NORTH, METRES, METRES)} if crs else {}
    shape = {"driver": "GTiff", "count": 3, "dtype": "uint8", "height": height, "width": width}
    with rasterio.open(path, "w", photometric="RGB", **shape, **place) as raster:
        raster.write(np.random.default_rng(column).integers(0, 255, (3, *sides), dtype=np.uint8))


def corners(column, row, tiles=1):
    """Footprint of a square in degrees, as another library's projection gives it."""
    x, y = EAST + column * SIDE * METRES, NORTH - row * SIDE * METRES
    side = tiles * SIDE * METRES
    lon, lat = Transformer.from_crs("EPSG:32632", "OGC:CRS84", always_xy=True).transform(
        [x, x + side, x + side, x], [y, y, y - side, y - side]
    )
    return np.stack([lon, lat], axis=-1)


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    return folder


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_each_image_has_the_place_that_its_file_states_or_none(images):
    write_tiff(images / "a.tif", 0)
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(images / "b.png")
    write_tiff(images / "c.tif", 4)
    write_tiff(images / "d.tif", 5, crs=None)
    corpus = build_from_images(images, images.parent / "corpus", size=SIDE)
    found = footprints_of(corpus)
    np.testing.assert_allclose(corners(0, 0), found[0], atol=1e-9)
    np.testing.assert_allclose(corners(4, 0), found[2], atol=1e-9)
    assert np.isnan(found[[1, 3]]).all()
    np.testing.assert_allclose(found[0].mean(axis=0), [corpus.index["lon"][0], corpus.index["lat"][0]])
    assert np.isnan(corpus.index["lon"][1])


def test_tiles_of_a_larger_image_lie_where_they_were_cut_and_a_square_in_its_middle(images):
    write_tiff(images / "wide.tif", 2, (SIDE, 3 * SIDE))
    cut = build_from_images(images, images.parent / "cut", size=SIDE, larger="cut", overlap=0.0)
    np.testing.assert_allclose([corners(2 + at, 0) for at in range(3)], footprints_of(cut), atol=1e-9)
    square = build_from_images(images, images.parent / "square", size=SIDE // 2, larger="resize")
    np.testing.assert_allclose(corners(3, 0), footprints_of(square)[0], atol=1e-9)


def test_places_stay_with_their_tiles_in_corpora_made_of_corpora(images):
    for column in range(4):
        write_tiff(images / f"{column}.tif", column)
    corpus = build_from_images(images, images.parent / "corpus", size=SIDE)
    some = take(corpus, np.array([3, 1]), images.parent / "some", "two")
    np.testing.assert_array_equal(footprints_of(corpus)[[3, 1]], footprints_of(some))
    both = merge([some, corpus], images.parent / "both")
    np.testing.assert_array_equal(footprints_of(corpus)[[3, 1, 0, 1, 2, 3]], footprints_of(both))
    away = choose(corpus, away_from=np.array([corners(0, 0)]), km=0.5)
    assert [3] == away.tolist()


def test_a_corpus_of_pictures_without_a_place_keeps_no_file_of_places(images):
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(images / "a.png")
    corpus = build_from_images(images, images.parent / "corpus", size=SIDE)
    assert not (corpus.path / "places.npy").exists()
    assert np.isnan(footprints_of(Corpus.open(corpus.path))).all()
