"""Windows of a grid of sheets as class indices: seams, holes, types of numbers, and files that come and go."""

import numpy as np
import pytest

from bench.core.errors import CorpusError
from bench.corpus.landcover import mosaic
from bench.corpus.landcover.mosaic import Mosaic, look_up
from bench.corpus.landcover.product import CLASSES, DROPPED, NODATA, UNKNOWN
from bench.corpus.landcover.registry import load_product
from bench.corpus.landcover.sheets import group_into_grids, read_header

PRODUCT = load_product("globeland30")
CROP, FOREST, WATER = (CLASSES.index(name) for name in ("cultivated land", "forest", "water bodies"))


def grid_of(folder):
    """The one grid of a folder's rasters."""
    (grid,) = group_into_grids([read_header(path, path.name) for path in sorted(folder.glob("*.tif"))])
    return grid


@pytest.fixture
def sheets(tmp_path, write_tif):
    """Three sheets of 2 x 3 cells side by side, of crop, forest and water; the first cell of the forest is missing."""
    for number, code in enumerate((10, 20, 60)):
        codes = np.full((2, 3), code, dtype=np.uint8)
        if code == 20:
            codes[0, 0] = 0
        write_tif(tmp_path / f"{number}.tif", codes, origin=(500_000 + 90 * number, 4_000_000))
    return tmp_path


def test_a_window_over_several_sheets_is_seamless_and_outside_is_not_mapped(sheets):
    region = Mosaic(sheets, PRODUCT).read(grid_of(sheets), np.array([-1, 2, 1, 8]))
    expected = [
        [NODATA] * 7,
        [CROP, CROP, NODATA, FOREST, FOREST, WATER, WATER],
        [CROP, CROP, FOREST, FOREST, FOREST, WATER, WATER],
    ]
    assert expected == region.tolist()
    assert np.uint8 == region.dtype


def test_a_window_inside_one_sheet_reads_that_part_of_it(tmp_path, write_tif):
    codes = np.array([[10, 20, 60], [20, 60, 10], [60, 10, 20]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", codes)
    region = Mosaic(tmp_path, PRODUCT).read(grid_of(tmp_path), np.array([1, 3, 1, 2]))
    assert [[WATER], [CROP]] == region.tolist()


def test_where_sheets_overlap_the_first_with_data_is_taken(tmp_path, write_tif):
    first = np.array([[10, 0, 10]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", first)
    write_tif(tmp_path / "b.tif", np.full((1, 3), 60, dtype=np.uint8), origin=(500_030, 4_000_000))
    assert [[CROP, WATER, CROP, WATER]] == Mosaic(tmp_path, PRODUCT).read(
        grid_of(tmp_path), np.array([0, 1, 0, 4])
    ).tolist()


def test_no_more_sheets_stay_open_than_allowed_and_the_result_is_the_same(sheets, monkeypatch):
    monkeypatch.setattr(mosaic, "OPEN_FILES", 2)
    opened = []
    real = mosaic.open_raster
    monkeypatch.setattr(mosaic, "open_raster", lambda *args, **more: opened.append(real(*args, **more)) or opened[-1])
    reader = Mosaic(sheets, PRODUCT)
    whole = reader.read(grid_of(sheets), np.array([0, 2, 0, 9]))
    assert [True, False, False] == [dataset.closed for dataset in opened]
    # The last two are open: only the first is opened again, in the place of the one that was used longest ago.
    reader.read(grid_of(sheets), np.array([1, 2, 3, 9]))
    assert 3 == len(opened)
    reader.read(grid_of(sheets), np.array([0, 1, 0, 2]))
    assert [True, True, False, False] == [dataset.closed for dataset in opened]
    assert np.array_equal(whole, Mosaic(sheets, PRODUCT).read(grid_of(sheets), np.array([0, 2, 0, 9])))


def test_a_closed_mosaic_opens_its_sheets_again(sheets, monkeypatch):
    opened = []
    real = mosaic.open_raster
    monkeypatch.setattr(mosaic, "open_raster", lambda *args, **more: opened.append(real(*args, **more)) or opened[-1])
    reader = Mosaic(sheets, PRODUCT)
    first = reader.read(grid_of(sheets), np.array([0, 2, 0, 9]))
    reader.close()
    assert all(dataset.closed for dataset in opened)
    assert np.array_equal(first, reader.read(grid_of(sheets), np.array([0, 2, 0, 9])))
    assert 6 == len(opened)


def test_a_file_that_is_cut_short_is_named_with_what_to_do(tmp_path, write_tif):
    codes = np.random.default_rng(0).choice([10, 20, 60], size=(256, 256)).astype(np.uint8)
    path = write_tif(tmp_path / "a.tif", codes, compress="lzw")
    grid = grid_of(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CorpusError, match=r"a\.tif cannot be read \(.*[Rr]ead.*\): replace the file"):
        Mosaic(tmp_path, PRODUCT).read(grid, np.array([0, 256, 0, 256]))


def test_a_code_outside_the_legend_is_named_wherever_it_stands_in_the_window(tmp_path, write_tif):
    codes = np.full((4, 4), 20, dtype=np.int16)
    codes[2, 3] = -7
    write_tif(tmp_path / "a.tif", codes)
    reader = Mosaic(tmp_path, PRODUCT)
    assert {FOREST} == set(reader.read(grid_of(tmp_path), np.array([0, 2, 0, 4])).ravel().tolist())
    with pytest.raises(CorpusError, match=r"a\.tif holds the value -7, which is not in the legend of globeland30"):
        reader.read(grid_of(tmp_path), np.array([0, 4, 0, 4]))


def test_a_code_outside_the_legend_that_the_raster_hides_is_not_mapped(tmp_path, write_tif):
    mask = np.array([[0, 255]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", np.array([[7, 20]], dtype=np.uint8), mask=mask)
    assert [[NODATA, FOREST]] == Mosaic(tmp_path, PRODUCT).read(grid_of(tmp_path), np.array([0, 1, 0, 2])).tolist()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
def test_codes_are_looked_up_whatever_their_type(dtype):
    codes = np.array([[10, 20], [40, 0]], dtype=dtype)
    assert [[CROP, FOREST], [DROPPED, NODATA]] == look_up(codes, PRODUCT.lookup(None)).tolist()


def test_numbers_that_are_no_codes_are_unknown_and_nan_is_not_mapped():
    codes = np.array([20.5, -32769, 65536, np.inf, -np.inf, np.nan, 20])
    expected = [UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, NODATA, FOREST]
    assert expected == look_up(codes, PRODUCT.lookup(None)).tolist()


def test_the_smallest_and_the_largest_code_have_a_place_in_the_table():
    table = PRODUCT.lookup(-32768)
    assert [NODATA, UNKNOWN] == look_up(np.array([-32768, -32767]), table).tolist()
    assert [NODATA, UNKNOWN] == look_up(np.array([65535, 65534]), PRODUCT.lookup(65535)).tolist()


def test_sheets_one_below_the_other_are_read_each_from_its_own_first_row(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.array([[10], [20], [60]], dtype=np.uint8))
    write_tif(tmp_path / "b.tif", np.array([[20], [60], [10]], dtype=np.uint8), origin=(500_000, 4_000_000 - 90))
    reader = Mosaic(tmp_path, PRODUCT)
    grid = grid_of(tmp_path)
    assert [[WATER], [FOREST], [WATER]] == reader.read(grid, np.array([2, 5, 0, 1])).tolist()
    assert [[WATER], [CROP]] == reader.read(grid, np.array([4, 6, 0, 1])).tolist()


def test_a_rasters_mask_is_read_at_the_place_of_the_window(tmp_path, write_tif):
    mask = np.array([[255, 0, 255], [0, 255, 255]], dtype=np.uint8)
    write_tif(tmp_path / "a.tif", np.full((2, 3), 20, dtype=np.uint8), mask=mask)
    reader = Mosaic(tmp_path, PRODUCT)
    assert [[NODATA, FOREST]] == reader.read(grid_of(tmp_path), np.array([0, 1, 1, 3])).tolist()
    assert [[NODATA, FOREST, FOREST]] == reader.read(grid_of(tmp_path), np.array([1, 2, 0, 3])).tolist()


def test_the_value_that_a_raster_declares_as_no_data_wins_over_the_legend(tmp_path, write_tif):
    write_tif(tmp_path / "a.tif", np.array([[20, 60]], dtype=np.uint8), nodata=60)
    assert [[FOREST, NODATA]] == Mosaic(tmp_path, PRODUCT).read(grid_of(tmp_path), np.array([0, 1, 0, 2])).tolist()
