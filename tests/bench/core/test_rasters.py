import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin

from bench.core.errors import CorpusError, DataError
from bench.core.rasters import open_raster

PLACE = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, 10, 10)}


def write(path, *, count=3, dtype="uint8", width=32, height=32, **profile):
    with rasterio.open(
        path, "w", driver="GTiff", count=count, dtype=dtype, width=width, height=height, **profile
    ) as raster:
        if width <= 32:
            raster.write(np.ones((count, height, width), dtype=dtype))
    return path


@pytest.mark.parametrize("error", [CorpusError, DataError])
@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ({"dtype": "complex64"}, "holds complex64 values: integers or floats are expected"),
        (
            {"width": 2**21, "height": 2**20, "tiled": True, "blockxsize": 16384, "blockysize": 16384},
            "claims 2097152 x 1048576 x 3 values: refused",
        ),
        (
            {"width": 2**16, "height": 2**16, "tiled": True, "blockxsize": 2**15, "blockysize": 2**15},
            "is stored in blocks of 32768 x 32768 pixels, too large to decode",
        ),
    ],
)
def test_a_raster_of_a_corpus_and_one_of_a_data_set_are_held_to_the_same_limits(tmp_path, error, profile, said):
    path = write(tmp_path / "a.tif", sparse_ok=True, bigtiff="YES", compress="deflate", **PLACE, **profile)
    with pytest.raises(error, match=said) as caught:
        open_raster(path, error)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize("text", ["", "not a raster", '<VRTDataset rasterXSize="8" rasterYSize="8"></VRTDataset>'])
def test_only_the_format_that_the_name_says_is_opened(tmp_path, text):
    for name, kind in (("a.tif", "TIFF"), ("a.jp2", "JP2OpenJPEG file"), ("a.img", "HFA file")):
        (tmp_path / name).write_text(text)
        with pytest.raises(DataError, match=f"{name} is not a readable {kind}.*: convert it, or fetch it again"):
            open_raster(tmp_path / name, DataError)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ({}, "has no coordinate system: georeference it"),
        ({"crs": "EPSG:32650"}, "has no usable geotransform: georeference it"),
    ],
)
def test_a_place_on_the_earth_is_a_further_check(tmp_path, place, said):
    path = write(tmp_path / "a.tif", **place)
    with open_raster(path, DataError) as raster:
        assert (3, 32, 32) == (raster.count, raster.height, raster.width)
    with pytest.raises(CorpusError, match=said):
        open_raster(path, CorpusError, georeferenced=True)
    with open_raster(write(tmp_path / "b.tif", **PLACE), CorpusError, georeferenced=True) as raster:
        assert 32650 == raster.crs.to_epsg()


def test_a_coordinate_system_whose_name_is_no_text_is_refused_in_a_line(tmp_path):
    own = CRS.from_wkt(CRS.from_proj4("+proj=utm +zone=50 +ellps=intl").to_wkt().replace("unknown", "of our own", 1))
    path = write(tmp_path / "a.tif", **PLACE | {"crs": own})
    content = path.read_bytes()
    assert b"of our own" in content
    path.write_bytes(content.replace(b"of our own", b"of \xfaur own"))
    with pytest.raises(CorpusError, match=rf"^{path} is not a readable TIFF \(.*\): convert it, or fetch it again$"):
        open_raster(path, CorpusError)
