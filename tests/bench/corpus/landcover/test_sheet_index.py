import json

import numpy as np
import pytest

from bench.corpus.landcover import sheet_index
from bench.corpus.landcover.footprints import LandCover
from bench.corpus.landcover.registry import load_product

PRODUCT = load_product("globeland30")


@pytest.fixture
def folder(tmp_path, write_tif, monkeypatch):
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "data"))
    for number in range(sheet_index.WORTH_KEEPING):
        codes = np.full((2, 2), 20, dtype=np.uint8)
        write_tif(tmp_path / "lc" / f"{number:03d}.tif", codes, origin=(500_000 + 60 * number, 4_000_000))
    return tmp_path / "lc"


def headers_read(monkeypatch):
    """Names of the rasters whose header is read from now on."""
    names = []
    real = sheet_index.read_header
    monkeypatch.setattr(sheet_index, "read_header", lambda path, name: names.append(name) or real(path, name))
    return names


def test_a_large_folder_is_opened_once_and_then_known(folder, monkeypatch):
    first = LandCover(folder, PRODUCT).state()
    names = headers_read(monkeypatch)
    assert first == LandCover(folder, PRODUCT).state()
    assert [] == names


def test_a_raster_that_changed_or_came_or_went_is_noticed(folder, write_tif, monkeypatch):
    LandCover(folder, PRODUCT)
    names = headers_read(monkeypatch)
    write_tif(folder / "003.tif", np.full((3, 3), 60, dtype=np.uint8), origin=(600_000, 4_000_000))
    write_tif(folder / "new.tif", np.full((2, 2), 60, dtype=np.uint8), origin=(700_000, 4_000_000))
    (folder / "004.tif").unlink()
    state = LandCover(folder, PRODUCT).state()
    assert ["003.tif", "new.tif"] == names
    assert "004.tif" not in {name for name, _, _ in state}
    kept = json.loads(sheet_index.index_path(folder).read_text())["sheets"]
    assert {"003.tif", "new.tif"} <= {sheet["name"] for sheet in kept}
    assert "004.tif" not in {sheet["name"] for sheet in kept}


@pytest.mark.parametrize("text", ["", "{", '{"schema": 99}', '{"schema": 1, "sheets": [{"name": "x"}]}'])
def test_an_index_that_cannot_be_read_is_made_again(folder, text):
    LandCover(folder, PRODUCT)
    sheet_index.index_path(folder).write_text(text)
    assert sheet_index.WORTH_KEEPING == len(LandCover(folder, PRODUCT).state())


def test_sheets_side_by_side_form_one_grid(folder):
    cover = LandCover(folder, PRODUCT)
    assert 1 == len(cover._grids)
    footprint = np.array([[(500_030, 4_000_000), (500_150, 4_000_000), (500_150, 3_999_940), (500_030, 3_999_940)]])
    assert [8.0] == cover.count(footprint.astype(float), "EPSG:32650").classes.sum(axis=1).tolist()
