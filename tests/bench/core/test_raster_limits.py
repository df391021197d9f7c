"""A user's raster is opened by the named driver, and checked before a pixel is read."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasters import write_raster

from bench.core import rasters as rooms
from bench.core.errors import CorpusError
from bench.core.rasters import list_rasters, open_raster

PLACE = {"crs": "EPSG:32650", "transform": Affine(30, 0, 500_000, 0, -30, 4_000_000)}


def test_rasters_are_listed_by_their_path_and_other_files_are_not(tmp_path):
    names = ["b/1.tif", "a.TIF", "b/0.tiff", "b/x.jp2", ".hidden/2.tif", "b/.3.tif", "note.txt"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.tif").mkdir()
    found = [path.relative_to(tmp_path).as_posix() for path in list_rasters(tmp_path, "scene", {".tif", ".tiff"})]
    assert ["a.TIF", "b/0.tiff", "b/1.tif"] == found


def test_one_raster_may_be_named_instead_of_a_folder(tmp_path):
    (tmp_path / "scene.dat").write_bytes(b"")
    assert [tmp_path / "scene.dat"] == list_rasters(tmp_path / "scene.dat", "scene", {".tif"})


def test_a_folder_that_is_hidden_itself_is_searched(tmp_path):
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "a.tif").write_bytes(b"")
    assert 1 == len(list_rasters(tmp_path / ".cache", "scene", {".tif"}))


def test_a_folder_that_is_absent_or_empty_is_named_with_what_was_looked_for(tmp_path):
    with pytest.raises(CorpusError, match=r"land-cover folder .*nowhere does not exist"):
        list_rasters(tmp_path / "nowhere", "land-cover", {".tif"})
    with pytest.raises(CorpusError, match=r"scene folder .* holds no \.jp2 or \.tif file"):
        list_rasters(tmp_path, "scene", {".tif", ".jp2"})


def test_a_sound_raster_is_opened(tmp_path):
    path = write_raster(tmp_path / "a.tif", np.arange(6, dtype=np.uint16).reshape(2, 3))
    with open_raster(path, CorpusError) as dataset:
        assert (2, 3, "GTiff") == (dataset.height, dataset.width, dataset.driver)
        assert 5 == dataset.read(1)[1, 2]


def test_a_virtual_raster_named_as_a_geotiff_is_refused(tmp_path):
    """It could name any file of the machine."""
    source = write_raster(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.uint8))
    (tmp_path / "b.tif").write_text(
        '<VRTDataset rasterXSize="2" rasterYSize="2"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{source}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(CorpusError, match=r"b\.tif is not a readable TIFF"):
        open_raster(tmp_path / "b.tif", CorpusError)


@pytest.mark.parametrize(("name", "kind"), [("a.tif", "TIFF"), ("a.jp2", "JP2OpenJPEG file"), ("a.img", "HFA file")])
def test_a_broken_file_is_named_with_its_kind_in_one_line(tmp_path, name, kind):
    (tmp_path / name).write_bytes(b"II*\0 nothing of the kind")
    with pytest.raises(
        CorpusError, match=rf"{name} is not a readable {kind} \(.+\): convert it, or fetch it again"
    ) as caught:
        open_raster(tmp_path / name, CorpusError)
    assert "\n" not in str(caught.value)


def _open_bare(path, pixels, **place):
    with rasterio.open(path, "w", driver="GTiff", count=1, height=2, width=2, dtype=pixels.dtype, **place) as dataset:
        dataset.write(pixels, 1)
    return open_raster(path, CorpusError, georeferenced=True)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_raster_without_a_place_is_refused_with_what_to_do(tmp_path):
    pixels = np.zeros((2, 2), dtype=np.uint8)
    with pytest.raises(CorpusError, match="has no coordinate system: georeference it"):
        _open_bare(tmp_path / "a.tif", pixels, transform=PLACE["transform"])
    with pytest.raises(CorpusError, match="has no usable geotransform"):
        _open_bare(tmp_path / "b.tif", pixels, crs="EPSG:32650")


def test_complex_values_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="holds complex64 values: integers or floats are expected"):
        _open_bare(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.complex64), **PLACE)


def test_a_header_that_claims_too_many_values_is_refused_before_they_are_read(tmp_path, monkeypatch):
    path = write_raster(tmp_path / "a.tif", np.zeros((4, 5, 3), dtype=np.uint8))
    monkeypatch.setattr(rooms, "MAX_VALUES", 60)
    open_raster(path, CorpusError).close()
    monkeypatch.setattr(rooms, "MAX_VALUES", 59)
    with pytest.raises(CorpusError, match=r"claims 5 x 4 x 3 values: refused"):
        open_raster(path, CorpusError)


def test_a_file_in_blocks_too_large_to_decode_is_refused_with_the_command_that_helps(tmp_path, monkeypatch):
    """One tile of 32 x 64 pixels of 2 bytes in each of 3 bands: 12,288 bytes."""
    path = write_raster(
        tmp_path / "a.tif", np.zeros((64, 64, 3), dtype=np.uint16), tiled=True, blockxsize=64, blockysize=32
    )
    monkeypatch.setattr(rooms, "MAX_BLOCK_BYTES", 12_288)
    open_raster(path, CorpusError).close()
    monkeypatch.setattr(rooms, "MAX_BLOCK_BYTES", 12_287)
    with pytest.raises(CorpusError, match=r"blocks of 32 x 64 pixels, too large .*TILED=YES"):
        open_raster(path, CorpusError)


def test_a_refused_raster_is_closed(tmp_path, monkeypatch):
    path = write_raster(tmp_path / "a.tif", np.zeros((4, 5), dtype=np.uint8))
    opened = []
    real = rasterio.open
    monkeypatch.setattr(rooms.rasterio, "open", lambda *args, **more: opened.append(real(*args, **more)) or opened[-1])
    monkeypatch.setattr(rooms, "MAX_VALUES", 1)
    with pytest.raises(CorpusError):
        open_raster(path, CorpusError)
    assert [True] == [dataset.closed for dataset in opened]
