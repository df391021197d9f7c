"""Headers of land-cover rasters, and which of them form one grid."""

import json

import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS

from bench.core.errors import CorpusError
from bench.corpus.landcover.sheets import Sheet, group_into_grids, read_header

UTM = CRS.from_epsg(32650).to_wkt()
DEGREES = CRS.from_epsg(4326).to_wkt()


def sheet(name, left, top, *, pixel=30.0, height=10, width=20, crs=UTM, **changes):
    """A north-up sheet; its box in degrees does not matter to grids."""
    transform = (pixel, 0.0, float(left), 0.0, -pixel, float(top))
    fields = {"transform": transform, "height": height, "width": width, **changes}
    return Sheet(name=name, size=1, mtime_ns=2, crs=crs, lonlat=(0.0, 0.0, 1.0, 1.0), **fields)


def boxes(sheets):
    """Boxes by name of each grid."""
    return [
        dict(zip([p.sheet.name for p in grid.placed], grid.boxes.tolist(), strict=True))
        for grid in group_into_grids(sheets)
    ]


def test_a_header_holds_place_size_and_time_of_its_raster(tmp_path, write_tif):
    path = write_tif(tmp_path / "a.tif", np.full((3, 5), 20, dtype=np.uint8), origin=(500_000, 4_000_000))
    header = read_header(path, "sub/a.tif")
    assert ("sub/a.tif", 3, 5) == (header.name, header.height, header.width)
    assert (30.0, 0.0, 500_000.0, 0.0, -30.0, 4_000_000.0) == header.transform
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (header.size, header.mtime_ns)
    assert 32650 == CRS.from_wkt(header.crs).to_epsg()
    west, south, east, north = header.lonlat
    assert 117.0 == pytest.approx(west, abs=1e-6)
    assert east - west == pytest.approx(150 / (111_320 * np.cos(np.radians(north))), rel=0.01)
    assert north - south == pytest.approx(90 / 110_900, rel=0.01)


def test_the_box_in_degrees_holds_a_turned_rasters_whole_border(tmp_path, write_tif):
    """A square of 0.2 degrees on its corner: its diagonal reaches 0.1 x sqrt 2 to each side."""
    turn = Affine.translation(10, 50) @ Affine.rotation(45) @ Affine.scale(0.05, -0.05) @ Affine.translation(-2, -2)
    path = write_tif(tmp_path / "a.tif", np.full((4, 4), 20, dtype=np.uint8), transform=turn, crs="EPSG:4326")
    reach = 0.1 * np.sqrt(2)
    expected = (10 - reach, 50 - reach, 10 + reach, 50 + reach)
    assert expected == pytest.approx(read_header(path, "a.tif").lonlat, abs=1e-9)


def test_a_picture_is_not_taken_for_class_codes(tmp_path, write_tif):
    path = write_tif(tmp_path / "rgb.tif", np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(CorpusError, match=r"rgb\.tif has 3 bands: one band of class codes"):
        read_header(path, "rgb.tif")


def test_codes_with_an_alpha_band_are_taken(tmp_path, write_tif):
    path = write_tif(tmp_path / "a.tif", np.zeros((4, 4, 2), dtype=np.uint8), alpha="YES")
    assert 4 == read_header(path, "a.tif").height


def test_complex_numbers_are_no_class_codes(tmp_path, write_tif):
    path = write_tif(tmp_path / "radar.tif", np.zeros((4, 4), dtype=np.complex64))
    with pytest.raises(CorpusError, match=r"radar\.tif holds complex64 values"):
        read_header(path, "radar.tif")


def test_a_header_survives_json():
    before = sheet("a", 10.5, 20.25)
    assert before == Sheet.from_json(json.loads(json.dumps(before.to_json())))


def test_sheets_side_by_side_share_a_grid_and_keep_their_places():
    (grid,) = boxes([sheet("b", 600, 0), sheet("a", 0, 0), sheet("c", 30, -300)])
    assert {"a": [0, 10, 0, 20], "b": [0, 10, 20, 40], "c": [10, 20, 1, 21]} == grid


def test_sheets_are_placed_in_the_order_of_their_names():
    """Where two overlap the first wins, so that the order must not be the folder's."""
    (grid,) = group_into_grids([sheet("b", 600, 0), sheet("c", 0, 0), sheet("a", 60, 0)])
    assert ["a", "b", "c"] == [placed.sheet.name for placed in grid.placed]


@pytest.mark.parametrize(
    ("left", "top", "grids"),
    [
        (600.25, 0, 1),  # a hundredth of a pixel is 0.3 m
        (600.35, 0, 2),
        (599.75, 0, 1),
        (0, 300.25, 1),
        (0, 300.35, 2),
        (615, 0, 2),
        (615, 315, 2),
    ],
)
def test_sheets_out_of_step_by_more_than_a_hundredth_of_a_pixel_are_grids_of_their_own(left, top, grids):
    assert grids == len(boxes([sheet("a", 0, 0), sheet("b", left, top)]))


@pytest.mark.parametrize(("pixel", "grids"), [(30 + 1e-6, 1), (30 + 1e-5, 2), (30 - 1e-5, 2), (10, 2), (60, 2)])
def test_sheets_of_another_pixel_size_are_grids_of_their_own(pixel, grids):
    assert grids == len(boxes([sheet("a", 0, 0), sheet("b", 0, 0, pixel=pixel)]))


@pytest.mark.parametrize(
    "transform",
    [(30.0, 0.1, 0.0, 0.0, -30.0, 0.0), (30.0, 0.0, 0.0, 0.1, -30.0, 0.0), (30.0, 0.0, 0.0, 0.0, 30.0, 0.0)],
)
def test_turned_and_south_up_sheets_are_grids_of_their_own(transform):
    assert 2 == len(boxes([sheet("a", 0, 0), sheet("b", 0, 0, transform=transform)]))


def test_zones_are_grids_of_their_own():
    other = CRS.from_epsg(32651).to_wkt()
    assert [["a", "c"], ["b"]] == [
        list(grid) for grid in boxes([sheet("a", 0, 0), sheet("b", 0, 0, crs=other), sheet("c", 600, 0)])
    ]


def places(*sheets):
    """First columns of the sheets of the one grid of geographic sheets."""
    (grid,) = group_into_grids(list(sheets))
    return [placed.column for placed in grid.placed]


def test_a_sheet_in_degrees_far_from_the_antimeridian_is_placed_once():
    assert [0] == places(sheet("a", 10, 50, pixel=0.5, crs=DEGREES))
    assert [0] == places(sheet("a", -140, 50, pixel=0.5, crs=DEGREES))


@pytest.mark.parametrize(
    ("left", "turn"),
    [
        (170, -720),  # 360 degrees of half a degree, to the west
        (-180, 720),
        (160, -720),
        (-165, 720),
    ],
)
def test_a_sheet_near_the_antimeridian_is_also_placed_a_turn_away(left, turn):
    """Its twin's nearer edge lies within 200 degrees of Greenwich."""
    assert [0, turn] == places(sheet("a", left, 50, pixel=0.5, crs=DEGREES))


def test_a_sheet_in_longitudes_up_to_360_is_also_placed_where_a_scene_looks_for_it():
    assert [0, -720] == places(sheet("a", 250, 50, pixel=0.5, crs=DEGREES))


def test_projected_sheets_are_never_placed_a_turn_away():
    assert [0] == places(sheet("a", 170, 50))


def test_turned_sheets_of_one_lattice_share_a_grid():
    """Pixels of 30 m along (24, 18): ten to the right along the lattice are 240 and 180 further."""
    turned = [(24.0, 18.0, left, 18.0, -24.0, top) for left, top in ((0.0, 0.0), (240.0, 180.0))]
    (grid,) = boxes([sheet(name, 0, 0, transform=each) for name, each in zip("ab", turned, strict=True)])
    assert {"a": [0, 10, 0, 20], "b": [0, 10, 10, 30]} == grid


@pytest.mark.parametrize(("left", "columns"), [(155, [0, -720]), (149, [0]), (-165, [0, 720]), (-159, [0])])
def test_the_nearer_edge_of_a_sheet_decides_whether_it_has_a_twin(left, columns):
    """Ten degrees wide: from 155 its twin ends at -195, from 149 at -201; from -165 it begins at 195, from -159 at 201."""
    assert columns == places(sheet("a", left, 50, pixel=0.5, crs=DEGREES))
