"""Sheets of GlobeLand30 in their public layout, with coarse pixels: a folder for each, in its UTM zone, 0 outside."""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import Transformer

PIXEL = 900.0  # instead of 30 m, so that a sheet of 5 x 6 degrees is a file of a few kilobytes


def write_sheet(folder: Path, zone: int, latitude: int, year: int, code: int) -> Path:
    """A sheet of one class, `N50_30_2020LC030/n50_30_2020lc030.tif`, and the files delivered beside it.

    The raster is the box round the sheet's 5 x 6 degrees in UTM, and 0 where it lies beyond them.

    Args:
        folder: where the sheet's folder goes.
        zone: UTM zone, 1 to 60.
        latitude: southern edge in degrees, a multiple of 5 north of the equator.
        year: epoch.
        code: the class everywhere on the sheet.
    """
    west, crs = 6 * zone - 186, f"EPSG:{32600 + zone}"
    to_utm = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    edge = np.linspace(0, 1, 50)
    longitudes = np.concatenate([west + 6 * edge, west + 6 * edge, np.full(50, west), np.full(50, west + 6)])
    latitudes = latitude + 5 * np.concatenate([np.zeros(50), np.ones(50), edge, edge])
    x, y = to_utm.transform(longitudes, latitudes)
    left, top = np.floor(min(x) / PIXEL) * PIXEL, np.ceil(max(y) / PIXEL) * PIXEL
    width, height = int(np.ceil((max(x) - left) / PIXEL)), int(np.ceil((top - min(y)) / PIXEL))
    columns, rows = np.meshgrid(left + PIXEL * (np.arange(width) + 0.5), top - PIXEL * (np.arange(height) + 0.5))
    lon, lat = to_utm.transform(columns, rows, direction="INVERSE")
    inside = (lon >= west) & (lon < west + 6) & (lat >= latitude) & (lat < latitude + 5)
    name = f"n{zone:02d}_{latitude:02d}_{year}lc030"
    path = folder / name.upper() / f"{name}.tif"
    path.parent.mkdir(parents=True)
    shape = {"count": 1, "width": width, "height": height, "dtype": "uint8", "nodata": 0, "compress": "lzw"}
    with rasterio.open(
        path, "w", driver="GTiff", crs=crs, transform=Affine(PIXEL, 0, left, 0, -PIXEL, top), **shape
    ) as dataset:
        dataset.write(np.where(inside, code, 0).astype(np.uint8), 1)
    path.with_suffix(".xml").write_text(f"<Metadata><year>{year}</year></Metadata>")
    return path
