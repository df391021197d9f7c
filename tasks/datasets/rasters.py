"""Reading windows of large TIFFs, with the driver named and the size checked first."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window as RasterWindow

from bench.core.errors import DataError
from bench.core.files import because
from tasks.datasets.cutting import Window, padded

# Pixels of the largest image that is opened, and of the largest block that a window may make the decoder hold.
MOST_PIXELS = 1 << 30
MOST_BLOCK_PIXELS = 1 << 27
# Rows that are read at once where a whole raster is looked at.
STRIP = 512


def open_tiff(path: Path) -> rasterio.DatasetReader:
    """Open a TIFF.

    Raises:
        DataError: it is no TIFF (a VRT by another name is none), or too large to be a scene.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: is the download complete?")
    try:
        with warnings.catch_warnings():
            # Vaihingen's mosaics carry no georeference, and none is needed.
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            raster = rasterio.open(path, driver="GTiff")
    except RasterioError as error:
        raise DataError(f"{path} is not a readable TIFF{because(error, 'download it again')}") from None
    block = max(height * width for height, width in raster.block_shapes)
    if raster.width * raster.height > MOST_PIXELS or block > MOST_BLOCK_PIXELS:
        raster.close()
        raise DataError(f"{path} is {raster.width} x {raster.height} pixels, more than any scene of this data set has")
    return raster


def open_rgb(path: Path) -> rasterio.DatasetReader:
    """Open a TIFF of three 8-bit bands.

    Raises:
        DataError: it has other bands.
    """
    raster = open_tiff(path)
    if raster.count != len("RGB") or set(raster.dtypes) != {"uint8"}:
        found = f"{raster.count} bands of {raster.dtypes[0]}"
        raster.close()
        raise DataError(f"{path} has {found}, expected 3 bands of uint8")
    return raster


def read_window(raster: rasterio.DatasetReader, window: Window, bands: list[int] | None = None) -> NDArray[Any]:
    """Read a window as size x size x C; what lies over the edge is 0.

    Raises:
        DataError: the file breaks off.
    """
    return padded(_read(raster, RasterWindow(window.x, window.y, window.size, window.size), bands), window.size, 0)


def strips(raster: rasterio.DatasetReader) -> Iterator[NDArray[Any]]:
    """A raster from top to bottom in strips of its full width, rows x width x C.

    Raises:
        DataError: the file breaks off.
    """
    for top in range(0, raster.height, STRIP):
        yield _read(raster, RasterWindow(0, top, raster.width, min(STRIP, raster.height - top)), None)


def _read(raster: rasterio.DatasetReader, wanted: RasterWindow, bands: list[int] | None) -> NDArray[Any]:
    try:
        pixels = raster.read(bands, window=wanted, boundless=False)
    except RasterioError as error:
        raise DataError(f"{raster.name} breaks off inside{because(error, 'download it again')}") from None
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))
