import numpy as np
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer

from bench.core.errors import CorpusError
from bench.corpus.landcover import counting, coverage
from bench.corpus.landcover.footprints import LandCover, _touches, lattice, outlines_in_grid
from bench.corpus.landcover.product import CLASSES, NODATA, Product
from bench.corpus.landcover.registry import load_product
from bench.corpus.scenes.crs import apply, lonlat_bounds, overlap_degrees
from bench.corpus.scenes.tiling import windows_of

GLOBELAND30 = load_product("globeland30")
CODES = np.array([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], dtype=np.uint8)
FOREST, WATER, CROP = CLASSES.index("forest"), CLASSES.index("water bodies"), CLASSES.index("cultivated land")


def box(left, bottom, right, top):
    return np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]], dtype=float)


def turned_grid(degrees, pixel, x, y):
    cosine, sine = pixel * np.cos(np.radians(degrees)), pixel * np.sin(np.radians(degrees))
    return Affine(cosine, sine, x, sine, -cosine, y)


def brute_force(codes):
    """Counts of the eight classes, pixel by pixel."""
    counts = np.zeros(8)
    for code in codes.ravel():
        entry = next(e for e in GLOBELAND30.codes if code in e.values)
        if entry.target is not None:
            counts[CLASSES.index(entry.target)] += 1
    return counts


@pytest.fixture
def noise():
    return np.random.default_rng(3).choice(CODES, size=(400, 500))


def test_a_thousand_windows_equal_a_count_pixel_by_pixel(tmp_path, write_tif, noise):
    write_tif(tmp_path / "a.tif", noise, compress="lzw", tiled=True, blockxsize=128, blockysize=128)
    rng = np.random.default_rng(4)
    rows, columns = rng.integers(0, 390, 1000), rng.integers(0, 490, 1000)
    heights = np.minimum(rng.integers(1, 12, 1000), 400 - rows)
    widths = np.minimum(rng.integers(1, 12, 1000), 500 - columns)
    left, top = 500_000 + 30.0 * columns, 4_000_000 - 30.0 * rows
    footprints = np.concatenate(
        [box(x, y - 30 * h, x + 30 * w, y) for x, y, h, w in zip(left, top, heights, widths, strict=True)]
    )
    counts = LandCover(tmp_path, GLOBELAND30).count(footprints, "EPSG:32650")
    for number in range(1000):
        r, c, h, w = rows[number], columns[number], heights[number], widths[number]
        assert np.array_equal(brute_force(noise[r : r + h, c : c + w]), counts.classes[number])
    assert np.allclose(counts.classes.sum(axis=1) + counts.dropped, counts.area)
    assert np.all(counts.nodata == 0)


def test_shrubland_and_tundra_are_dropped_before_the_proportions_are_normalised(tmp_path, write_tif):
    codes = np.array([[40, 70], [20, 60]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", codes, origin=(0, 60), crs="EPSG:32650")
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 60), "EPSG:32650")
    assert [2.0] == counts.dropped.tolist()
    assert 0.5 == counts.proportions[0, FOREST]
    assert 0.5 == counts.proportions[0, WATER]
    assert [0.0] == counts.nodata_share.tolist()


def test_a_cell_counts_by_the_share_of_it_that_the_footprint_covers(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.array([[20, 60]], dtype=np.uint8), origin=(0, 30))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(15, 0, 60, 30), "EPSG:32650")
    assert [0.5, 1.0] == counts.classes[0, [FOREST, WATER]].tolist()


@pytest.mark.parametrize("splits", [(1, 2), (2, 1), (2, 2)])
def test_tiles_across_the_borders_of_two_and_four_rasters_equal_one_raster(tmp_path, write_tif, noise, splits):
    write_tif(tmp_path / "one" / "a.tif", noise)
    rows, columns = np.array_split(range(400), splits[0]), np.array_split(range(500), splits[1])
    for r in rows:
        for c in columns:
            corner = (500_000 + 30.0 * c[0], 4_000_000 - 30.0 * r[0])
            write_tif(tmp_path / "many" / f"{r[0]}_{c[0]}.tif", noise[np.ix_(r, c)], origin=corner)
    middle = (500_000 + 30 * 250, 4_000_000 - 30 * 200)
    footprints = box(middle[0] - 310, middle[1] - 310, middle[0] + 295, middle[1] + 295)
    one = LandCover(tmp_path / "one", GLOBELAND30).count(footprints, "EPSG:32650")
    many = LandCover(tmp_path / "many", GLOBELAND30).count(footprints, "EPSG:32650")
    assert np.allclose(one.classes, many.classes)
    assert [0.0] == many.nodata.tolist()


def test_where_rasters_of_one_grid_overlap_the_first_with_data_counts_once(tmp_path, write_tif):
    first = np.array([[20, 0], [20, 0]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", first, origin=(0, 60))
    write_tif(tmp_path / "b.tif", np.full((2, 3), 60, dtype=np.uint8), origin=(0, 60))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 60), "EPSG:32650")
    assert [2.0, 2.0] == counts.classes[0, [FOREST, WATER]].tolist()


def test_a_footprint_over_the_edge_of_the_product_counts_the_outside_as_not_mapped(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.full((4, 4), 20, dtype=np.uint8), origin=(0, 120))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(-60, 0, 60, 120), "EPSG:32650")
    assert [0.5] == counts.nodata_share.tolist()
    assert 1.0 == counts.proportions[0, FOREST]


def test_a_footprint_away_from_every_raster_has_no_area_of_land_cover(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.full((4, 4), 20, dtype=np.uint8))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(700_000, 4_000_000, 700_060, 4_000_060), "EPSG:32650")
    assert [1.0] == counts.nodata_share.tolist()
    assert 0 == counts.proportions.sum()


def test_a_south_up_raster_counts_as_its_north_up_twin(tmp_path, write_tif, noise):
    write_tif(tmp_path / "up" / "a.tif", noise)
    flipped = Affine(30, 0, 500_000, 0, 30, 4_000_000 - 30 * 400)
    write_tif(tmp_path / "down" / "a.tif", noise[::-1], transform=flipped)
    footprints = box(500_100, 3_995_000, 501_000, 3_996_015)
    up = LandCover(tmp_path / "up", GLOBELAND30).count(footprints, "EPSG:32650")
    down = LandCover(tmp_path / "down", GLOBELAND30).count(footprints, "EPSG:32650")
    assert np.allclose(up.classes, down.classes)


def test_a_pixel_is_point_raster_lies_where_its_pixels_centres_are(tmp_path, write_tif):
    codes = np.array([[20, 60]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", codes, origin=(0, 30), tags={"AREA_OR_POINT": "Point"})
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 30, 30), "EPSG:32650")
    assert [1.0, 0.0] == counts.classes[0, [FOREST, WATER]].tolist()


def test_a_rotated_product_is_counted_in_its_own_grid(tmp_path, write_tif):
    turned = turned_grid(30, 30, 1000, 1000)
    codes = np.random.default_rng(0).choice(CODES[[0, 1, 5]], size=(20, 20))
    write_tif(tmp_path / "a.tif", codes, transform=turned)
    corners = np.stack(apply(turned, [4, 9, 9, 4], [3, 3, 8, 8]), axis=-1)[None]
    counts = LandCover(tmp_path, GLOBELAND30).count(corners, "EPSG:32650")
    assert np.allclose(brute_force(codes[3:8, 4:9]), counts.classes[0])


@pytest.mark.parametrize("kind", ["legend", "declared", "mask", "alpha", "nan"])
def test_no_data_of_every_kind_is_not_mapped(tmp_path, write_tif, kind):
    codes = np.array([[20, 20], [20, 20]], dtype=np.uint8)
    extra = {}
    if kind == "legend":
        codes[0, 0] = 0
    elif kind == "declared":
        codes[0, 0], extra = 30, {"nodata": 30}
    elif kind == "mask":
        extra = {"mask": np.array([[0, 255], [255, 255]], dtype=np.uint8)}
    elif kind == "alpha":
        codes = np.stack([codes, np.array([[0, 255], [255, 255]], dtype=np.uint8)], axis=2)
        extra = {"alpha": "YES"}
    else:
        codes = codes.astype(np.float32)
        codes[0, 0] = np.nan
    write_tif(tmp_path / "a.tif", codes, origin=(0, 60), **extra)
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 60), "EPSG:32650")
    assert [0.25] == counts.nodata_share.tolist()
    assert 3.0 == counts.classes[0, FOREST]


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32"])
def test_codes_of_any_number_type_are_read(tmp_path, write_tif, dtype):
    write_tif(tmp_path / "a.tif", np.array([[20, 60]], dtype=dtype), origin=(0, 30))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 30), "EPSG:32650")
    assert [1.0, 1.0] == counts.classes[0, [FOREST, WATER]].tolist()


@pytest.mark.parametrize("east", ["negative", "beyond 180"])
def test_a_footprint_over_the_antimeridian_sees_both_sides(tmp_path, write_tif, east):
    pixel = 0.001
    write_tif(tmp_path / "w.tif", np.full((100, 100), 20, np.uint8), origin=(179.9, 0.05), pixel=pixel, crs="EPSG:4326")
    start = -180.0 if east == "negative" else 180.0
    write_tif(tmp_path / "e.tif", np.full((100, 100), 60, np.uint8), origin=(start, 0.05), pixel=pixel, crs="EPSG:4326")
    cover = LandCover(tmp_path, GLOBELAND30)
    middle = 833_978.5568  # x of 180 degrees on the equator in zone 60
    counts = cover.count(box(middle - 2000, -500, middle + 1000, 500), "EPSG:32660")
    assert [0.0] == counts.nodata_share.round(3).tolist()
    assert 2 / 3 == pytest.approx(counts.proportions[0, FOREST], abs=1e-3)
    across = cover.count(box(179.99, -0.01, 180.01, 0.01), "EPSG:4326")
    assert 0.5 == pytest.approx(across.proportions[0, WATER], abs=1e-6)


@pytest.mark.parametrize(("longitude", "western", "eastern"), [(120, 50, 51), (180, 60, 1)])
def test_a_tile_on_the_border_of_two_utm_zones_counts_every_place_once(
    tmp_path, write_tif, monkeypatch, longitude, western, eastern
):
    # The western zone is forest, the eastern water, and both sheets run over their border, as the product's do.
    west, east = f"EPSG:326{western:02d}", f"EPSG:326{eastern:02d}"
    xw, yw = Transformer.from_crs("EPSG:4326", west, always_xy=True).transform(longitude, 30)
    xe, ye = Transformer.from_crs("EPSG:4326", east, always_xy=True).transform(longitude, 30)
    forest, water = (np.full((200, 200), code, np.uint8) for code in (20, 60))
    write_tif(tmp_path / "a.tif", forest, origin=(xw - 5700, yw + 3000), crs=west)
    write_tif(tmp_path / "b.tif", water, origin=(xe - 300, ye + 3000), crs=east)
    footprint = box(xw - 1000, yw - 1000, xw + 1000, yw + 1000)
    counts = LandCover(tmp_path, GLOBELAND30).count(footprint, west)
    assert [0.0] == counts.nodata_share.round(3).tolist()
    assert 1300 / 2000 == pytest.approx(counts.proportions[0, FOREST], abs=2e-3)
    monkeypatch.setattr("bench.corpus.landcover.footprints.MAX_CELLS", 500)
    in_parts = LandCover(tmp_path, GLOBELAND30).count(footprint, west)
    assert np.allclose(counts.classes, in_parts.classes)


def test_a_very_large_footprint_is_counted_in_blocks_with_the_same_result(tmp_path, write_tif, noise, monkeypatch):
    write_tif(tmp_path / "a.tif", noise)
    turned = np.array([[(506_000, 3_999_000), (512_000, 3_995_500), (508_500, 3_989_500), (502_500, 3_993_000)]], float)
    cover = LandCover(tmp_path, GLOBELAND30)
    whole = cover.count(turned, "EPSG:32650")
    monkeypatch.setattr("bench.corpus.landcover.counting.MAX_CELLS", 1000)
    monkeypatch.setattr("bench.corpus.landcover.counting.BLOCK", 64)
    assert np.allclose(whole.classes, cover.count(turned, "EPSG:32650").classes)


@pytest.mark.parametrize("degrees", [0.5, 3, 30, 45, 89, 200])
def test_an_outline_of_many_cells_is_weighed_at_its_border_with_the_same_result(
    tmp_path, write_tif, noise, monkeypatch, degrees
):
    """Squares of 200 cells, turned about one place, one of them half outside the raster."""
    write_tif(tmp_path / "a.tif", noise)
    grids = [turned_grid(degrees, 30, *place) for place in ((507_000, 3_994_000), (501_000, 3_999_500))]
    corners = np.array([(-100, -100), (100, -100), (100, 100), (-100, 100)], dtype=float)
    turned = np.stack([np.stack(apply(grid, corners[:, 0], corners[:, 1]), axis=-1) for grid in grids])
    cover = LandCover(tmp_path, GLOBELAND30)
    whole = cover.count(turned, "EPSG:32650")
    weighed = []

    def weigh(region, window, polygons):
        weighed.append(coverage.bounds(polygons))
        return count_polygons(region, window, polygons)

    count_polygons = counting._count_polygons
    monkeypatch.setattr("bench.corpus.landcover.counting._count_polygons", weigh)
    monkeypatch.setattr("bench.corpus.landcover.counting.FRAMED_CELLS", 1000)
    framed = cover.count(turned, "EPSG:32650")
    assert np.allclose(whole.classes, framed.classes, rtol=1e-9, atol=1e-6)
    assert np.allclose(40_000, framed.area)
    # Only the frames were weighed: four parts each, together less than the boxes around.
    cells = sum(counting._box_cells(boxes).sum() for boxes in weighed)
    assert len(weighed) == 8
    assert cells < counting._box_cells(coverage.bounds(turned_cells(turned))).sum()


def turned_cells(turned):
    """Corners in the coordinates of a raster of 30 m from (500,000, 4,000,000)."""
    return (turned - np.array([500_000, 4_000_000])) / np.array([30, -30])


def test_a_code_outside_the_legend_names_the_raster_and_the_code(tmp_path, write_tif):
    write_tif(tmp_path / "bad.tif", np.full((4, 4), 7, dtype=np.uint8), origin=(0, 120))
    with pytest.raises(CorpusError, match=r"bad\.tif holds the value 7.*globeland30"):
        LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 60), "EPSG:32650")


def test_a_folder_of_several_epochs_needs_one_to_be_chosen(tmp_path, write_tif):
    for year, code in ((2010, 20), (2020, 60)):
        write_tif(tmp_path / f"n50_35_{year}lc030.tif", np.full((2, 2), code, dtype=np.uint8), origin=(0, 60))
    with pytest.raises(CorpusError, match="several epochs \\(2010, 2020\\)"):
        LandCover(tmp_path, GLOBELAND30)
    with pytest.raises(CorpusError, match="no globeland30 of 2000"):
        LandCover(tmp_path, GLOBELAND30, 2000)
    counts = LandCover(tmp_path, GLOBELAND30, 2010).count(box(0, 0, 60, 60), "EPSG:32650")
    assert 1.0 == counts.proportions[0, FOREST]


def test_rotated_and_reprojected_footprints_agree_with_exactextract(tmp_path, write_tif):
    exactextract = pytest.importorskip("exactextract", reason="a development dependency")
    codes = np.random.default_rng(5).choice(CODES, size=(600, 700))
    origin, pixel = (116.9, 36.15), 1 / 3600
    path = write_tif(tmp_path / "a.tif", codes, origin=origin, pixel=pixel, crs="EPSG:4326")
    scene = turned_grid(17, 8, 500_000, 3_995_000)
    footprints = windows_of(900, 900, 128, 0.2).footprints(scene)
    cover = LandCover(path, GLOBELAND30)
    counts = cover.count(footprints, "EPSG:32650")
    steps = np.linspace(0, 1, 64, endpoint=False)[None, None, :, None]
    dense = footprints[:, :, None] * (1 - steps) + np.roll(footprints, -1, axis=1)[:, :, None] * steps
    to_degrees = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True)
    world = np.stack(to_degrees.transform(dense[..., 0], dense[..., 1]), axis=-1).reshape(len(footprints), -1, 2)
    features = [
        {
            "type": "Feature",
            "properties": {"id": number},
            "geometry": {"type": "Polygon", "coordinates": [[*ring.tolist(), ring[0].tolist()]]},
        }
        for number, ring in enumerate(world)
    ]
    found = exactextract.exact_extract(str(path), features, ["unique", "frac", "count"])
    assert len(found) == len(footprints)
    for number, feature in enumerate(found):
        expected = np.zeros(8)
        values = feature["properties"]
        for code, share in zip(values["unique"], values["frac"], strict=True):
            target = next(e.target for e in GLOBELAND30.codes if int(code) in e.values)
            if target:
                expected[CLASSES.index(target)] += share
        expected /= expected.sum()
        assert np.abs(expected - counts.proportions[number]).max() < 1e-3


def test_a_users_own_product_maps_its_own_codes(tmp_path, write_tif):
    own = Product.model_validate(
        {
            "name": "own",
            "title": "Own",
            "codes": [{"code": 3, "name": "rice", "color": "#00ff00", "class": "cultivated land"}],
        }
    )
    write_tif(tmp_path / "a.tif", np.full((2, 2), 3, dtype=np.uint8), origin=(0, 60))
    assert 1.0 == LandCover(tmp_path, own).count(box(0, 0, 60, 60), "EPSG:32650").proportions[0, CROP]


def test_bounds_in_degrees_know_the_antimeridian_and_the_poles():
    across = lonlat_bounds("EPSG:4326", np.array([(179.5, 1), (-179.5, 2), (180.2, 0)], dtype=float))
    assert (179.5, 0.0, -179.5, 2.0) == pytest.approx(across)
    assert overlap_degrees(across, (-180.0, 0.0, -170.0, 5.0))
    assert overlap_degrees(across, (170.0, 0.0, 180.0, 5.0))
    assert not overlap_degrees(across, (-170.0, 0.0, 170.0, 5.0))
    pole = lonlat_bounds("EPSG:3413", np.array([(-1e6, -1e6), (1e6, -1e6), (1e6, 1e6), (-1e6, 1e6)], dtype=float))
    assert (-180.0, 180.0, 90.0) == (pole[0], pole[2], pole[3])
    assert (-10.0, 0.0, 10.0, 5.0) == lonlat_bounds("EPSG:4326", np.array([(-10, 0), (10, 5)], dtype=float))
    assert (0.0, 0.0) == lonlat_bounds("EPSG:4326", np.array([(360, 0), (370, 5)], dtype=float))[:2]


def test_a_product_in_longitudes_from_0_to_360_lies_under_a_scene_west_of_greenwich(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.full((100, 100), 20, np.uint8), origin=(250, 40.1), pixel=0.002, crs="EPSG:4326")
    counts = LandCover(tmp_path, GLOBELAND30).count(box(-109.95, 39.95, -109.9, 40.0), "EPSG:4326")
    assert [0.0] == counts.nodata_share.round(9).tolist()


def test_layers_beside_the_codes_are_left_out_and_a_mosaic_of_ones_own_is_read(tmp_path, write_tif):
    name = "PROBAV_LC100_global_v3.0.1_2019-nrt_Discrete-Classification-{}_EPSG-4326.tif"
    write_tif(tmp_path / "lc" / name.format("map"), np.full((4, 4), 80, dtype=np.uint8))
    write_tif(tmp_path / "lc" / name.format("proba"), np.full((4, 4), 60, dtype=np.uint8))
    place = box(500_000, 4_000_000 - 120, 500_120, 4_000_000)
    product = load_product("cgls-lc100")
    assert 16 == LandCover(tmp_path / "lc", product).count(place, "EPSG:32650").classes[0, WATER]
    (tmp_path / "lc" / name.format("map")).rename(tmp_path / "own.tif")
    assert 16 == LandCover(tmp_path / "own.tif", product).count(place, "EPSG:32650").classes[0, WATER]


def test_nlcd_is_read_as_it_comes_in_erdas_imagine_files(tmp_path):
    place = {"crs": "EPSG:5070", "transform": Affine(30, 0, 0, 0, -30, 2_000_000)}
    path = tmp_path / "nlcd_2021_land_cover_l48_20230630.img"
    with rasterio.open(path, "w", driver="HFA", count=1, height=8, width=8, dtype="uint8", **place) as dataset:
        dataset.write(np.full((1, 8, 8), 11, dtype=np.uint8))
    cover = LandCover(tmp_path, load_product("nlcd"), 2021)
    assert 64 == cover.count(box(0, 2_000_000 - 240, 240, 2_000_000), "EPSG:5070").classes[0, WATER]


def test_globeland30_sheets_as_delivered_meet_at_their_borders_without_a_gap(tmp_path, write_sheet):
    for year in (2010, 2020):
        for zone, latitude, code in ((50, 30, 20), (51, 30, 60), (50, 35, 10), (51, 35, 80)):
            write_sheet(tmp_path, zone, latitude, year, code if year == 2020 else 90)
    cover = LandCover(tmp_path, GLOBELAND30, 2020)
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32650", always_xy=True).transform(120, 35)
    corner = cover.count(box(x - 30_000, y - 30_000, x + 30_000, y + 30_000), "EPSG:32650")
    # The sheets' corner is the footprint's middle; UTM is turned by 1.7 degrees there.
    shares = corner.proportions[0, [FOREST, WATER, CROP, CLASSES.index("artificial surfaces")]]
    assert [0.25] * 4 == pytest.approx(shares, abs=0.02)
    assert corner.nodata_share[0] < 0.01
    edge = cover.count(box(x - 30_000, y - 700_000, x + 30_000, y - 640_000), "EPSG:32650")
    assert [1.0] == edge.nodata_share.tolist()


def test_two_years_whose_names_hide_them_are_refused_and_not_mixed(tmp_path, write_tif):
    for name, code in (("before.tif", 20), ("after.tif", 80)):
        write_tif(tmp_path / name, np.full((20, 20), code, dtype=np.uint8))
    with pytest.raises(CorpusError, match=r"after\.tif and before\.tif of one place: leave one"):
        LandCover(tmp_path, GLOBELAND30)


def test_years_of_one_place_on_aws_are_told_apart(tmp_path, write_tif):
    for year, code in ((2017, 2), (2018, 7)):
        write_tif(tmp_path / f"50S_{year}.tif", np.full((20, 20), code, dtype=np.uint8))
    with pytest.raises(CorpusError, match=r"several epochs \(2017, 2018\)"):
        LandCover(tmp_path, load_product("io-lulc"))
    assert 2018 == LandCover(tmp_path, load_product("io-lulc"), 2018).epoch


QUARTERS = np.array([[20, 20, 60, 60], [20, 20, 60, 60], [10, 10, 80, 80], [10, 10, 80, 80]], dtype=np.uint8)
TOWN = CLASSES.index("artificial surfaces")


def test_a_picture_shows_the_classes_as_the_footprints_own_picture_lies(tmp_path, write_tif):
    """Seen along the axes, and by a scene that is turned by a half."""
    write_tif(tmp_path / "a.tif", QUARTERS, origin=(0, 120))
    cover = LandCover(tmp_path, GLOBELAND30)
    upright = box(0, 0, 120, 120)[0]
    assert [[FOREST, WATER], [CROP, TOWN]] == cover.picture(upright, "EPSG:32650", 2).tolist()
    assert [[TOWN, CROP], [WATER, FOREST]] == cover.picture(upright[[2, 3, 0, 1]], "EPSG:32650", 2).tolist()
    assert (5, 5) == cover.picture(upright, "EPSG:32650", 5).shape


def test_a_picture_is_not_mapped_where_there_is_no_raster(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", QUARTERS, origin=(0, 120))
    cover = LandCover(tmp_path, GLOBELAND30)
    assert [[NODATA, FOREST], [NODATA, CROP]] == cover.picture(box(-60, 0, 60, 120)[0], "EPSG:32650", 2).tolist()
    away = cover.picture(box(300_000, 0, 300_060, 60)[0], "EPSG:32650", 2)
    assert [[NODATA, NODATA]] * 2 == away.tolist()
    assert np.uint8 == away.dtype


def test_a_picture_over_two_lattices_takes_the_first_that_has_data(tmp_path, write_tif):
    """The second raster is half a pixel out of step, lies under all and is asked only where the first is silent."""
    first = QUARTERS.copy()
    first[:2, :2] = 0
    write_tif(tmp_path / "a.tif", first, origin=(0, 120))
    write_tif(tmp_path / "b.tif", np.full((6, 6), 90, dtype=np.uint8), origin=(-15, 135))
    cover = LandCover(tmp_path, GLOBELAND30)
    bare = CLASSES.index("bare land")
    assert [[bare, WATER], [CROP, TOWN]] == cover.picture(box(0, 0, 120, 120)[0], "EPSG:32650", 2).tolist()
    inside = cover.picture(box(60, 60, 120, 120)[0], "EPSG:32650", 2)
    assert [[WATER, WATER]] * 2 == inside.tolist()


def test_the_classes_of_a_footprint_over_two_lattices_add_up_to_its_area(tmp_path, write_tif):
    """Forest on the left of a lattice, water on the right of another: 4 x 8 cells, and 8 in all directions."""
    write_tif(tmp_path / "a.tif", np.full((8, 4), 20, dtype=np.uint8), origin=(0, 240))
    write_tif(tmp_path / "b.tif", np.full((9, 9), 60, dtype=np.uint8), origin=(105, 255))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 240, 240), "EPSG:32650")
    assert [64.0] == counts.area.tolist()
    assert 64.0 == pytest.approx(counts.classes.sum())
    assert (32.0, 32.0) == pytest.approx(tuple(counts.classes[0, [FOREST, WATER]]), rel=0.02)
    assert [0.0] == counts.nodata.tolist()


def test_footprints_in_the_rasters_own_words_for_its_system_are_counted_as_the_authoritys_code(tmp_path, write_tif):
    """Written alike they are rectangles along the axes, and counted by another path."""
    path = write_tif(tmp_path / "a.tif", np.random.default_rng(1).choice(CODES, size=(60, 60)))
    with rasterio.open(path) as raster:
        wkt = raster.crs.to_wkt()
    corners = [
        (500_000 + 45 * n, 4_000_000 - 900 + 10 * n, 500_200 + 70 * n, 4_000_000 - 300 - 15 * n) for n in range(9)
    ]
    footprints = np.concatenate([box(*corner) for corner in corners])
    cover = LandCover(tmp_path, GLOBELAND30)
    code, own = cover.count(footprints, "EPSG:32650"), cover.count(footprints, wkt)
    for name in ("classes", "dropped", "nodata", "area"):
        assert np.allclose(getattr(code, name), getattr(own, name)), name


def test_a_scene_that_no_raster_comes_near_is_refused_by_name(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", QUARTERS)
    cover = LandCover(tmp_path, GLOBELAND30)
    here = lonlat_bounds("EPSG:32650", box(500_000, 3_999_900, 500_100, 4_000_000)[0])
    cover.check_covers(here, tmp_path / "near.tif")
    with pytest.raises(CorpusError, match=r"far\.tif: no land cover of .* lies under this scene: add the rasters"):
        cover.check_covers((10.0, 50.0, 11.0, 51.0), tmp_path / "far.tif")


def test_a_closed_land_cover_counts_on(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", QUARTERS, origin=(0, 120))
    cover = LandCover(tmp_path, GLOBELAND30)
    before = cover.count(box(0, 0, 120, 120), "EPSG:32650")
    cover.close()
    assert np.array_equal(before.classes, cover.count(box(0, 0, 120, 120), "EPSG:32650").classes)


def test_the_centres_of_a_footprints_parts_run_along_its_first_row_first():
    footprint = np.array([(0, 8), (8, 8), (8, 0), (0, 0)], dtype=float)
    assert [[2, 6], [6, 6], [2, 2], [6, 2]] == lattice(footprint, 2).tolist()
    skewed = np.array([(0, 0), (4, 0), (8, 4), (4, 4)], dtype=float)
    assert [[4, 2]] == lattice(skewed, 1).tolist()


def test_without_a_point_nothing_is_read(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", QUARTERS)
    cover = LandCover(tmp_path, GLOBELAND30)
    found = cover._look_up(cover._grids[0], np.empty((0, 2), dtype=np.int64))
    assert ((0,), np.uint8) == (found.shape, found.dtype)


def test_the_state_of_a_folder_is_name_size_and_time_of_every_raster(tmp_path, write_tif):
    paths = [write_tif(tmp_path / name, QUARTERS, origin=(120 * n, 120)) for n, name in enumerate(("b.tif", "a.tif"))]
    expected = sorted((path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
    assert expected == LandCover(tmp_path, GLOBELAND30).state()


def test_proportions_of_dropped_classes_alone_are_zeros_and_not_undefined(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.full((2, 2), 40, dtype=np.uint8), origin=(0, 60))
    counts = LandCover(tmp_path, GLOBELAND30).count(box(0, 0, 60, 60), "EPSG:32650")
    assert [0.0] * 8 == counts.proportions[0].tolist()
    assert ([4.0], [0.0]) == (counts.dropped.tolist(), counts.nodata_share.tolist())
    assert np.float32 == counts.proportions.dtype


@pytest.fixture
def corner_sheets(tmp_path, write_tif):
    """A grid of two sheets of 4 x 4 cells that meet at one corner."""
    write_tif(tmp_path / "a.tif", QUARTERS, origin=(0, 240))
    write_tif(tmp_path / "b.tif", QUARTERS, origin=(120, 120))
    (grid,) = LandCover(tmp_path, GLOBELAND30)._grids
    return grid


def test_outlines_touch_a_grid_where_they_share_area_with_one_of_its_sheets(corner_sheets):
    """Corners are (column, row); the sheets are rows and columns 0 to 4, and 4 to 8."""
    touching = [(1, 1, 2, 2), (3, 3, 5, 5), (-1, -1, 9, 9), (7.5, 7.5, 12, 12), (3.9, 0, 4.5, 0.5)]
    beside = [
        (5, 1, 7, 3),
        (1, 5, 3, 7),
        (4, 0, 8, 4),
        (0, 4, 4, 8),
        (-3, 0, 0, 4),
        (8, 4, 9, 8),
        (0, -2, 4, 0),
        (4, 8, 8, 9),
    ]
    outlines = np.stack([box(left, top, right, bottom)[0] for left, top, right, bottom in touching + beside])
    expected = [True] * len(touching) + [False] * len(beside)
    assert expected == _touches(outlines, corner_sheets).tolist()
    # Each alone too: those that are asked together only narrow down the sheets that are looked at.
    assert expected == [_touches(outline[None], corner_sheets)[0] for outline in outlines]


def test_an_outline_in_the_grids_own_system_keeps_its_corners(corner_sheets):
    pixels, usable = outlines_in_grid(box(30, 60, 90, 210), corner_sheets.crs, corner_sheets)
    assert [[[1, 1], [3, 1], [3, 6], [1, 6]]] == pixels.tolist()
    assert [True] == usable.tolist()


def test_an_outline_of_another_system_bends_with_its_edges(tmp_path, write_tif):
    """Four points an edge, each where the map puts it and not on a straight line between the corners."""
    write_tif(tmp_path / "a.tif", np.full((9, 9), 20, np.uint8), origin=(110, 55), pixel=1, crs="EPSG:4326")
    (grid,) = [g for g in LandCover(tmp_path, GLOBELAND30)._grids if g.placed[0].column == 0]
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32650", always_xy=True).transform(
        [112, 118, 118, 112], [52, 52, 48, 48]
    )
    corners = np.stack([x, y], axis=-1)
    pixels, usable = outlines_in_grid(corners[None], "EPSG:32650", grid)
    assert ((1, 16, 2), [True]) == (pixels.shape, usable.tolist())
    assert np.allclose([[2, 3], [8, 3], [8, 7], [2, 7]], pixels[0, ::4], atol=1e-6)
    middle = Transformer.from_crs("EPSG:32650", "EPSG:4326", always_xy=True).transform(*((corners[0] + corners[1]) / 2))
    assert np.allclose([middle[0] - 110, 55 - middle[1]], pixels[0, 2], atol=1e-6)
    assert abs(pixels[0, 2, 1] - 3) > 0.01
