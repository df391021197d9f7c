"""Small scenes and land-cover rasters on disk, for the rooms that read them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine


def write_raster(
    path, pixels, *, origin=(500_000.0, 4_000_000.0), pixel=30.0, crs="EPSG:32650", transform=None, **profile
):
    """Write a GeoTIFF; `pixels` is H x W for one band or H x W x B."""
    pixels = np.asarray(pixels)
    bands = pixels[None] if pixels.ndim == 2 else np.moveaxis(pixels, 2, 0)
    place = transform or Affine(pixel, 0, origin[0], 0, -pixel, origin[1])
    tags = profile.pop("tags", None)
    mask = profile.pop("mask", None)
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype}
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", driver="GTiff", crs=crs, transform=place, **shape, **profile) as dataset,
    ):
        if tags:
            dataset.update_tags(**tags)
        dataset.write(bands)
        if mask is not None:
            dataset.write_mask(mask)
    return path


@pytest.fixture
def write_tif():
    """Function that writes a GeoTIFF: `write_tif(path, pixels, origin=, pixel=, crs=, nodata=, ...)`."""
    return write_raster


@pytest.fixture
def world(tmp_path):
    """Two scenes at 10 m over one GlobeLand30 raster at 30 m: noise over quarters of forest, water, crop and town."""
    rng = np.random.default_rng(7)
    codes = np.empty((100, 100), dtype=np.uint8)
    codes[:50, :50], codes[:50, 50:], codes[50:, :50], codes[50:, 50:] = 20, 60, 10, 80
    write_raster(tmp_path / "landcover" / "n50_35_2020lc030.tif", codes)
    for name in ("GF1_a", "GF1_b"):
        pixels = rng.integers(20, 200, size=(300, 300, 3), dtype=np.uint8)
        write_raster(tmp_path / "scenes" / f"{name}.tif", pixels, pixel=10.0)
    return tmp_path


@pytest.fixture(scope="session")
def real_landcover(real_data):
    """Folder of real scenes with real land cover."""
    return real_data / "geo_landcover"


def _load(name):
    """A module of `tests/data`, which is no package."""
    path = Path(__file__).resolve().parent / "data" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def layouts():
    """The module that writes scenes in the satellites' public layouts."""
    return _load("satellite_scenes")


@pytest.fixture(scope="session")
def write_sheet():
    """Function that writes a sheet of GlobeLand30: `write_sheet(folder, zone, latitude, year, code)`."""
    return _load("globeland30").write_sheet


@pytest.fixture(scope="session")
def four_bands(tmp_path_factory):
    """Folder of a scene of red, green, blue and near infrared in 16 bits, and its land cover."""
    return _load("multispectral").write_scenes(tmp_path_factory.mktemp("multispectral"))
