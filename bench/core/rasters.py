"""Opening a user's rasters: the driver is named, and size, blocks and types are checked before a pixel is read."""

import warnings
from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader

from bench.core.errors import BenchError, CorpusError
from bench.core.files import because
from bench.core.suggest import file_meant

MAX_VALUES = 2**42
"""Width x height x bands beyond which a header is taken to be broken: a 1,000,000 x 1,000,000 image of 4 bands."""

MAX_BLOCK_BYTES = 2**30
"""One strip or tile of the file has to be decoded whole, so it bounds the memory of a windowed read."""

NUMBERS = frozenset(f"{kind}{bits}" for kind in ("int", "uint", "float") for bits in (8, 16, 32, 64)) - {"float8"}
"""Types of values that are read; rasters may also hold complex numbers."""

DRIVERS = {".tif": "GTiff", ".tiff": "GTiff", ".jp2": "JP2OpenJPEG", ".img": "HFA"}
"""GDAL's driver by suffix; a file is opened with this one only, whatever it holds."""


def list_rasters(folder: Path, what: str, suffixes: set[str]) -> list[Path]:
    """All rasters under a folder, sorted by their path in it; hidden files and folders are left out.

    Args:
        folder: folder to search, with its sub-folders, or one raster.
        what: what the rasters are, for the message.
        suffixes: of the files to take, in lower case.

    Raises:
        CorpusError: no such folder, or nothing in it.
    """
    if folder.is_file():
        return [folder]
    if not folder.is_dir():
        raise CorpusError(f"{what} folder {folder} does not exist{file_meant(folder)}")
    found = [
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in suffixes
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise CorpusError(f"{what} folder {folder} holds no {' or '.join(sorted(suffixes))} file")
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def open_raster(path: Path, error: type[BenchError], *, georeferenced: bool = False) -> DatasetReader:
    """Open a raster for windowed reading.

    Args:
        path: the file.
        error: what is raised: whoever opens it knows whether it is part of a corpus or of a data set.
        georeferenced: refuse a raster without a place on the Earth.

    Raises:
        BenchError: `error`: not of this driver's format (a VRT named `.tif`, a broken header), absurdly large, in blocks
            too large to decode, of values that are no real numbers, or without the place that is asked for.
    """
    driver = DRIVERS.get(path.suffix.lower(), "GTiff")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(path, driver=driver)
    except (RasterioError, UnicodeDecodeError) as reason:  # the latter of a coordinate system's name
        kind = "TIFF" if driver == "GTiff" else f"{driver} file"
        why = because(reason, "convert it, or fetch it again")
        raise error(f"{path} is not a readable {kind}{why}") from None
    problem = too_large(dataset) or _not_numbers(dataset) or (_nowhere(dataset) if georeferenced else None)
    if problem:
        dataset.close()
        raise error(f"{path} {problem}")
    return dataset


def too_large(dataset: DatasetReader) -> str | None:
    """What a header claims beyond all measure, to follow the file's name; None where it does not."""
    if dataset.width * dataset.height * dataset.count > MAX_VALUES:
        return f"claims {dataset.width} x {dataset.height} x {dataset.count} values: refused"
    for (rows, columns), dtype in zip(dataset.block_shapes, dataset.dtypes, strict=True):
        if rows * columns * dataset.count * np.dtype(dtype).itemsize > MAX_BLOCK_BYTES:
            return (
                f"is stored in blocks of {rows} x {columns} pixels, too large to decode: rewrite it in tiles "
                "(gdal_translate -co TILED=YES)"
            )
    return None


def _not_numbers(dataset: DatasetReader) -> str | None:
    other = next((dtype for dtype in dataset.dtypes if dtype not in NUMBERS), None)
    return other and f"holds {other} values: integers or floats are expected"


def _nowhere(dataset: DatasetReader) -> str | None:
    if dataset.crs is None:
        return "has no coordinate system: georeference it (gdal_edit -a_srs) or leave it out"
    if dataset.transform.is_identity or dataset.transform.determinant == 0:
        return "has no usable geotransform: georeference it or leave it out"
    return None
