"""Corpora of real scenes with real land cover, checked against polygons of the same masks."""

import math

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from rasterio.features import shapes
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from bench.cli.corpus import corpus as command
from bench.corpus.landcover.product import CLASSES
from bench.corpus.landcover.registry import load_product
from bench.corpus.storage.reader import Corpus

pytestmark = pytest.mark.real

GEWATA = """
name: gewata
title: Gewata, Ethiopia
nodata: [0]
codes:
  - {code: 1, name: cropland, color: '#ffd37f', class: cultivated land}
  - {code: 2, name: bamboo, color: '#9acd32', class: forest}
  - {code: 3, name: bare, color: '#a59b8f', class: bare land}
  - {code: 4, name: coffee, color: '#6b4423', class: cultivated land}
  - {code: 5, name: forest, color: '#006300', class: forest}
  - {code: 6, name: wetland, color: '#0063ff', class: wetland}
"""


def build(*arguments):
    done = CliRunner().invoke(command, ["build", *map(str, arguments), "--workers", "1"])
    assert 0 == done.exit_code, done.output


def ring_area(ring):
    """Area inside a closed ring by the shoelace formula."""
    x, y = np.array(ring).T
    return abs(math.fsum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2


def proportions_by_polygons(raster, product, row, column, size):
    """Proportions from the areas of the polygons that outline each class of the mask, in square metres."""
    areas = dict.fromkeys(CLASSES, 0.0)
    with rasterio.open(raster) as dataset:
        window = Window(column, row, size, size)
        mask = dataset.read(1, window=window).astype(np.int32)
        for geometry, code in shapes(mask, transform=dataset.window_transform(window)):
            entry = next((e for e in product.codes if int(code) in e.values), None)
            if entry is not None and entry.target is not None:
                outer, *holes = geometry["coordinates"]
                areas[entry.target] += ring_area(outer) - sum(map(ring_area, holes))
    total = sum(areas.values())
    return np.array([areas[name] / total for name in CLASSES])


def test_sentinel_2_patches_agree_with_polygons_of_their_land_cover(real_landcover, tmp_path):
    folder = real_landcover / "terramind"
    build("--scenes", folder / "S2RGB", "--landcover", folder / "LULC", "--product", "io-lulc-terramind",
          "--size", 64, "--out", tmp_path / "corpus")  # fmt: skip
    corpus = Corpus.open(tmp_path / "corpus")
    assert 5 == len(corpus.manifest.scenes)
    product = load_product("io-lulc-terramind")
    mixed = np.argsort(corpus.landcover.max(axis=1))[:3]
    for number in mixed:
        tile = corpus.index[number]
        raster = folder / "LULC" / corpus.manifest.scenes[tile["scene"]].name
        expected = proportions_by_polygons(raster, product, int(tile["row"]), int(tile["column"]), 64)
        assert np.allclose(expected, corpus.landcover[number], atol=1e-6)


def test_a_landsat_scene_with_a_users_own_legend_agrees_with_polygons(real_landcover, tmp_path):
    folder = real_landcover / "gewata"
    (tmp_path / "gewata.yaml").write_text(GEWATA)
    build("--scenes", folder / "landsat7_gewata.tif", "--landcover", folder / "lulc_gewata.tif",
          "--product", tmp_path / "gewata.yaml", "--size", 64, "--bands", "3,2,1",
          "--stretch", "percentile:2,98", "--out", tmp_path / "corpus")  # fmt: skip
    corpus = Corpus.open(tmp_path / "corpus")
    assert {"no land cover", "no-data"} <= set(corpus.manifest.counts["rejected"])
    product = load_product(str(tmp_path / "gewata.yaml"))
    for number in np.linspace(0, len(corpus) - 1, 3).astype(int):
        tile = corpus.index[number]
        expected = proportions_by_polygons(
            folder / "lulc_gewata.tif", product, int(tile["row"]), int(tile["column"]), 64
        )
        assert np.allclose(expected, corpus.landcover[number], atol=1e-6)


def test_a_small_second_sensor_is_cut_too(real_landcover, tmp_path):
    folder = real_landcover / "bangalore_pyrsgis"
    named = "".join(
        f"\n  - {{code: {code}, name: class {code}, color: '#80808{code}', class: {target}}}"
        for code, target in enumerate(("water bodies", "artificial surfaces", "cultivated land", "forest"), start=1)
    )
    (tmp_path / "own.yaml").write_text(f"name: bangalore\ntitle: Bangalore\ncodes:{named}\n")
    build("--scenes", folder / "raster_multiband.tif", "--landcover", folder / "raster_singleband_discrete.tif",
          "--product", tmp_path / "own.yaml", "--size", 32, "--bands", "3,2,1",
          "--stretch", "percentile:2,98", "--out", tmp_path / "corpus")  # fmt: skip
    assert len(Corpus.open(tmp_path / "corpus")) > 10


def test_a_landsat_scene_finds_the_same_proportions_in_a_land_cover_in_degrees(real_landcover, tmp_path):
    """The same map brought into another coordinate system, at three times its resolution."""
    folder = real_landcover / "gewata"
    (tmp_path / "gewata.yaml").write_text(GEWATA)
    with rasterio.open(folder / "lulc_gewata.tif") as plain, WarpedVRT(plain, crs="EPSG:4326") as warped:
        a, b, c, d, e, f = warped.transform[:6]
        fine = Affine(a / 3, b / 3, c, d / 3, e / 3, f)
        shape = {"height": 3 * warped.height, "width": 3 * warped.width, "transform": fine, "crs": "EPSG:4326"}
        with (
            WarpedVRT(plain, **shape) as finer,
            rasterio.open(
                tmp_path / "degrees.tif", "w", driver="GTiff", count=1, dtype="uint8", nodata=0, **shape
            ) as written,
        ):
            written.write(finer.read(1), 1)
    corpora = []
    for number, raster in enumerate((folder / "lulc_gewata.tif", tmp_path / "degrees.tif")):
        build("--scenes", folder / "landsat7_gewata.tif", "--landcover", raster, "--max-nodata", 0.02,
              "--product", tmp_path / "gewata.yaml", "--size", 64, "--bands", "3,2,1",
              "--stretch", "percentile:2,98", "--out", tmp_path / str(number))  # fmt: skip
        corpora.append(Corpus.open(tmp_path / str(number)))
    places = [{(int(row["row"]), int(row["column"])): number for number, row in enumerate(c.index)} for c in corpora]
    shared = sorted(set(places[0]) & set(places[1]))
    assert len(shared) > 200
    one, two = (c.landcover[[p[key] for key in shared]] for c, p in zip(corpora, places, strict=True))
    assert np.abs(one - two).max() < 0.01
