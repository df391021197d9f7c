"""Where windows of a georeferenced image lie on the Earth."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj.exceptions import ProjError
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import MemoryFile

from bench.core.errors import DataError
from bench.core.rasters import DRIVERS, open_raster
from bench.corpus.scenes.crs import apply, transformer


@dataclass(frozen=True)
class Georeference:
    """The grid of an image.

    Attributes:
        crs: coordinate system as WKT.
        transform: pixel corner to world.
        height, width: of the image in pixels.
    """

    crs: str
    transform: Affine
    height: int
    width: int

    @classmethod
    def of_raster(cls, raster: rasterio.DatasetReader) -> "Georeference | None":
        """The grid of an open raster; None where it has no place on the Earth."""
        if raster.crs is None or raster.transform.is_identity:
            return None
        return cls(raster.crs.to_wkt(), raster.transform, raster.height, raster.width)

    @classmethod
    def of_bytes(cls, data: bytes) -> "Georeference | None":
        """The grid of a TIFF in memory; None of what is none, and where it has no place on the Earth."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                with MemoryFile(data) as memory, memory.open(driver="GTiff") as raster:
                    return cls.of_raster(raster)
        except RasterioError:  # whoever reads the pixels says what is wrong with them
            return None

    @classmethod
    def of_file(cls, path: Path) -> "Georeference | None":
        """The grid of a TIFF; None of any other picture, and where it has no place on the Earth."""
        if path.suffix.lower() not in DRIVERS:
            return None
        try:
            with open_raster(path, DataError) as raster:
                return cls.of_raster(raster)
        except DataError:  # whoever reads the pixels says what is wrong with them
            return None

    def footprint(self, x: int = 0, y: int = 0, size: int | None = None) -> NDArray[np.float64] | None:
        """Corners of a window in degrees, 4 x 2, as far as the image reaches; of the whole image without a size.

        Args:
            x: first column.
            y: first row.
            size: side in pixels.
        """
        right = self.width if size is None else min(x + size, self.width)
        bottom = self.height if size is None else min(y + size, self.height)
        corners = apply(self.transform, [x, right, right, x], [y, y, bottom, bottom])
        try:
            found = np.stack(transformer(self.crs, "OGC:CRS84").transform(*corners), axis=-1)
        except ProjError:
            return None
        return found if np.isfinite(found).all() else None
