"""The demo world on disk: layout, determinism, caching, and that its land cover lies under its scenes."""

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.windows import from_bounds

from bench.core.world import DEFAULT, of_part, of_world, world_seed
from bench.demo import change, cloud_snow, detection, scene_classes
from bench.demo.city import PALETTE
from bench.demo.landcover_rasters import DemoSheet
from bench.demo.planet import EARLIER, NO_DATA, Site
from bench.demo.sets import ensure_scene_classes
from bench.demo.sites import SITES
from bench.demo.world import World, WorldSpec, ensure_world
from tasks.protocols import load_protocol

SMALL = WorldSpec(sites=(SITES[0], *SITES[10:12], SITES[13]), scene_size=192, city_images=4, city_size=240)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return ensure_world(tmp_path_factory.mktemp("home"), spec=SMALL)


def codes_under(world: World, scene: Path) -> np.ndarray:
    """Land-cover codes at the scene's pixel centres, from whichever raster has data there."""
    with rasterio.open(scene, driver="GTiff") as image:
        columns, rows = np.meshgrid(np.arange(image.width) + 0.5, np.arange(image.height) + 0.5)
        x, y = image.transform.c + image.transform.a * columns, image.transform.f + image.transform.e * rows
        epsg = image.crs.to_epsg()
    found = np.zeros(x.shape, dtype=np.uint8)
    for path in sorted(world.landcover.glob("*.tif")):
        with rasterio.open(path, driver="GTiff") as raster:
            u, v = Transformer.from_crs(epsg, raster.crs.to_epsg(), always_xy=True).transform(x, y)
            bounds = raster.bounds
            if u.min() > bounds.right or u.max() < bounds.left or v.min() > bounds.top or v.max() < bounds.bottom:
                continue
            box = from_bounds(u.min() - 60, v.min() - 60, u.max() + 60, v.max() + 60, raster.transform).round()
            values = raster.read(1, window=box, boundless=True, fill_value=NO_DATA)
            row = np.floor((bounds.top - v) / 30).astype(int) - int(box.row_off)
            column = np.floor((u - bounds.left) / 30).astype(int) - int(box.col_off)
            found = np.maximum(found, values[row, column])
    return found


def test_land_cover_files_are_named_sized_and_coded_as_globeland30(world):
    files = sorted(world.landcover.glob("*"))
    assert files
    for path in files:
        match = re.fullmatch(r"n(\d\d)_(\d\d)_2020lc030\.tif", path.name)
        assert match, path.name
        zone, start = map(int, match.groups())
        with rasterio.open(path, driver="GTiff") as raster:
            assert raster.crs.to_epsg() == 32600 + zone
            assert raster.res == (30.0, 30.0)
            assert raster.nodata == NO_DATA
            assert raster.height > 18_000
            assert raster.width > 12_000
            lon, lat = raster.lnglat()
            assert zone * 6 - 186 < lon < zone * 6 - 180
            assert start < lat < start + 5
        assert path.stat().st_size < 1_000_000, "only the blocks near scenes are stored"


def test_land_cover_has_only_the_products_codes(world):
    for scene in sorted(world.scenes.glob("*.tif")):
        assert set(np.unique(codes_under(world, scene))) <= {*EARLIER, NO_DATA}


def test_every_scene_lies_on_mapped_ground(world):
    scenes = [*world.scenes.glob("*.tif"), *world.held_out.glob("*.tif")]
    assert len(scenes) == len(SMALL.sites)
    for scene in scenes:
        assert (codes_under(world, scene) != NO_DATA).all(), scene.name


def test_one_scene_needs_two_rasters_of_one_zone(world):
    with rasterio.open(world.scenes / "border.tif", driver="GTiff") as image:
        to_degrees = Transformer.from_crs(image.crs.to_epsg(), 4326, always_xy=True)
        _, south = to_degrees.transform(image.bounds.left, image.bounds.bottom)
        _, north = to_degrees.transform(image.bounds.left, image.bounds.top)
    assert south < 35 < north
    assert {"n50_30_2020lc030.tif", "n50_35_2020lc030.tif"} <= {path.name for path in world.landcover.glob("*")}


def test_scenes_come_in_several_reference_systems(world):
    systems = set()
    for path in world.scenes.glob("*.tif"):
        with rasterio.open(path, driver="GTiff") as image:
            assert image.count == 3
            assert image.dtypes == ("uint8",) * 3
            systems.add(image.crs.to_epsg())
    assert systems == {32650, 4326, 3857}


def test_city_labels_use_the_six_colours_and_every_class_appears(world):
    images = sorted((world.city / "2_Ortho_RGB").glob("top_potsdam_*_RGB.tif"))
    assert len(images) == SMALL.city_images
    seen = set()
    for path in images:
        label = world.city / "5_Labels_all" / path.name.replace("_RGB", "_label")
        with rasterio.open(label, driver="GTiff") as file, rasterio.open(path, driver="GTiff") as image:
            assert file.shape == image.shape == (SMALL.city_size, SMALL.city_size)
            seen |= set(map(tuple, np.moveaxis(file.read(), 0, -1).reshape(-1, 3).tolist()))
    assert seen == set(map(tuple, PALETTE.tolist()))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(world, tmp_path):
    spec = WorldSpec(sites=SMALL.sites[:1], scene_size=192, city_images=1, city_size=240)
    again = ensure_world(tmp_path, spec=spec)
    names = ["scenes/border.tif", "city/2_Ortho_RGB/top_potsdam_2_10_RGB.tif", "landcover/n50_35_2020lc030.tif"]
    for name in names:
        assert (world.root / name).read_bytes() == (again.root / name).read_bytes(), name
    other = ensure_world(
        tmp_path, spec=WorldSpec(seed=spec.seed + 1, sites=spec.sites, scene_size=192, city_images=1, city_size=240)
    )
    assert other.root != again.root
    for name in names:
        assert (other.root / name).read_bytes() != (again.root / name).read_bytes(), name


def test_parts_of_one_world_are_drawn_from_streams_of_their_own_and_another_world_from_others(tmp_path):
    assert 4 == len({of_part(world, part) for world in (1, 2) for part in ("city", "corpus")})
    with of_world(7):
        inner = WorldSpec().seed
        with of_world(None):
            assert 7 == world_seed()
        drawn = ensure_scene_classes(tmp_path, per_class=1, size=16)
    assert (7, DEFAULT) == (inner, WorldSpec().seed)
    assert drawn != ensure_scene_classes(tmp_path, per_class=1, size=16)


# Images of the pool that a protocol of the demo draws labels from, and of its test part.
SAMPLES = {
    "demo/city": (188 * 25 * 41 // 47, 188 * 25 * 6 // 47),
    "demo/scenes": (8 * 164 * 25 // 41, 8 * 164 * 16 // 41),
    "demo/objects": (1340 * 5 // 8, 1340 * 3 // 8),
    "demo/cloud": (84 * 16 * 13 // 21, 84 * 16 * 8 // 21),
    "demo/change": (90 * 9, 57 * 9),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_smallest_amount_of_labels_is_forty_samples_and_the_test_part_five_hundred(name):
    pool, tested = SAMPLES[name]
    protocol = load_protocol(name)
    assert min(amount.size(pool, 8) for amount in protocol.amounts) >= 40
    assert tested >= 500


def test_the_demo_has_as_many_images_as_its_protocols_count_on():
    world, slices = WorldSpec(), 64
    assert (188, 25) == (world.city_images, (world.city_size // slices) ** 2)
    assert 164 == scene_classes.PER_CLASS
    assert 1340 == detection.COUNT
    assert (336, 4) == (cloud_snow.COUNT, (cloud_snow.SIZE // slices) ** 2)
    assert (90, 57, 9) == (change.SPLITS["train"], change.SPLITS["test"], (change.SIZE // slices) ** 2)


def test_a_finished_world_is_found_again_and_not_generated(tmp_path):
    spec = WorldSpec(sites=SITES[3:4], scene_size=64, city_images=1, city_size=64)
    first = ensure_world(tmp_path, spec=spec)
    (first.scenes / "hills.tif").write_bytes(b"marked")
    assert ensure_world(tmp_path, spec=spec) == first
    assert (first.scenes / "hills.tif").read_bytes() == b"marked"


def test_a_world_that_failed_leaves_nothing_behind(tmp_path):
    broken = WorldSpec(sites=(Site("nowhere", 10.0, 50.0, 8, ()),), scene_size=64)
    with pytest.raises(ValueError, match="stack"):
        ensure_world(tmp_path, spec=broken)
    assert list(tmp_path.iterdir()) == []


def test_sheets_cover_their_degrees():
    west, south, east, north = DemoSheet(50, 30).bounds()
    x, y = Transformer.from_crs(4326, 32650, always_xy=True).transform([114, 120, 114, 120, 117], [30, 30, 35, 35, 30])
    assert west <= min(x)
    assert max(x) <= east
    assert south <= min(y)
    assert max(y) <= north
    assert 110 < (north - south) / 5_000 < 114, "a degree of latitude is about 111 km"
