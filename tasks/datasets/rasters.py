"""Reading windows of large TIFFs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from bench.core.errors import DataError
from bench.core.files import because
from bench.core.rasters import open_raster
from tasks.datasets.cutting import Window, padded

# Rows, and values at most, that are read at once where a whole raster is looked at.
STRIP = 512
MOST_VALUES = 1 << 27


def open_tiff(path: Path) -> rasterio.DatasetReader:
    """Open a TIFF, with a place on the Earth or without: Vaihingen's mosaics have none.

    Raises:
        DataError: it is missing, or cannot be used (`bench.core.rasters.open_raster`).
    """
    if not path.is_file():
        raise DataError(f"{path} is missing: is the download complete?")
    return open_raster(path, DataError)


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
    rows = max(1, min(STRIP, MOST_VALUES // (raster.width * raster.count)))
    for top in range(0, raster.height, rows):
        yield _read(raster, RasterWindow(0, top, raster.width, min(rows, raster.height - top)), None)


def _read(raster: rasterio.DatasetReader, wanted: RasterWindow, bands: list[int] | None) -> NDArray[Any]:
    try:
        pixels = raster.read(bands, window=wanted, boundless=False)
    except RasterioError as error:
        raise DataError(f"{raster.name} breaks off inside{because(error, 'download it again')}") from None
    return np.ascontiguousarray(pixels.transpose(1, 2, 0))
