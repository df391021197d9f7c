"""Land-cover rasters as GlobeLand30 is distributed: one GeoTIFF for 5 degrees of latitude by 6 of longitude, 30 m, UTM.

The rasters have their real extents, about 20,000 by 18,000 pixels, but only the blocks near the scenes are written;
a sparse GeoTIFF leaves the others out of the file and they read as 0, no data.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.windows import Window

from bench.demo.planet import NO_DATA, Codes, Ground

CELL = 30.0  # metres
BLOCK = 256  # side of a stored block, pixels
LATITUDES, LONGITUDES = 5, 6  # degrees covered by one raster
YEAR = 2020

Bounds = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True)
class DemoSheet:
    """One raster of the product.

    Attributes:
        zone: UTM zone, northern hemisphere.
        start: southern latitude in degrees, a multiple of 5.
    """

    zone: int
    start: int

    @property
    def file(self) -> str:
        """File name as the product has it: hemisphere, zone, start latitude, year."""
        return f"n{self.zone:02d}_{self.start:02d}_{YEAR}lc030.tif"

    @property
    def west(self) -> int:
        """Western longitude in degrees."""
        return self.zone * 6 - 186

    @property
    def utm(self) -> int:
        """EPSG code of the raster."""
        return 32600 + self.zone

    def bounds(self) -> Bounds:
        """Extent in UTM metres, on multiples of the cell: the box around the sheet's curved outline."""
        lon = np.linspace(self.west, self.west + LONGITUDES, 61)
        lat = np.linspace(self.start, self.start + LATITUDES, 51)
        edges_lon = np.concatenate([lon, lon, np.full(51, lon[0]), np.full(51, lon[-1])])
        edges_lat = np.concatenate([np.full(61, lat[0]), np.full(61, lat[-1]), lat, lat])
        x, y = to_utm(self.utm).transform(edges_lon, edges_lat)
        low, high = np.floor([x.min(), y.min()]) // CELL, np.ceil([x.max() / CELL, y.max() / CELL])
        return low[0] * CELL, low[1] * CELL, high[0] * CELL, high[1] * CELL


def to_utm(epsg: int) -> Transformer:
    """Transformer from longitude and latitude on WGS84 to a UTM zone."""
    return Transformer.from_crs(4326, epsg, always_xy=True)


def sheets_of(footprint: Bounds, epsg: int) -> set[DemoSheet]:
    """The rasters that a box in UTM metres touches."""
    west, south, east, north = footprint
    x, y = np.meshgrid(np.linspace(west, east, 9), np.linspace(south, north, 9))
    lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y)
    zones = ((lon + 180) // 6).astype(int) + 1
    starts = (lat // LATITUDES).astype(int) * LATITUDES
    return {DemoSheet(int(zone), int(start)) for zone, start in zip(zones.flat, starts.flat, strict=True)}


def write_sheets(folder: Path, grounds: Iterable[tuple[Ground, Bounds]], margin: float) -> list[Path]:
    """Write every raster that the sites need.

    Args:
        folder: where the files go.
        grounds: each site's ground and the footprint of its scene in the site's UTM metres.
        margin: width of mapped land around each footprint, metres.

    Returns:
        The files, sorted by name.
    """
    needed: dict[DemoSheet, list[tuple[Ground, Bounds]]] = defaultdict(list)
    for ground, (west, south, east, north) in grounds:
        box = (west - margin, south - margin, east + margin, north + margin)
        for sheet in sheets_of(box, ground.site.utm):
            needed[sheet].append((ground, box))
    folder.mkdir(parents=True, exist_ok=True)
    return sorted(_write_sheet(folder, sheet, sites) for sheet, sites in needed.items())


def _write_sheet(folder: Path, sheet: DemoSheet, sites: list[tuple[Ground, Bounds]]) -> Path:
    west, south, east, north = sheet.bounds()
    path = folder / sheet.file
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=round((east - west) / CELL),
        height=round((north - south) / CELL),
        count=1,
        dtype="uint8",
        crs=f"EPSG:{sheet.utm}",
        transform=Affine(CELL, 0, west, 0, -CELL, north),
        nodata=NO_DATA,
        tiled=True,
        blockxsize=BLOCK,
        blockysize=BLOCK,
        compress="LZW",
        sparse_ok=True,
    ) as raster:
        for ground, box in sites:
            for window in _blocks(box, sheet, (raster.height, raster.width)):
                raster.write(_codes(ground, sheet, window), 1, window=window)
    return path


def _blocks(box: Bounds, sheet: DemoSheet, shape: tuple[int, int]) -> Iterator[Window]:
    """Windows of the stored blocks that a box in the sheet's zone touches."""
    west, _, _, north = sheet.bounds()
    step = BLOCK * CELL
    rows = range(max(0, int((north - box[3]) // step)), min(-(-shape[0] // BLOCK), int((north - box[1]) // step) + 1))
    columns = range(max(0, int((box[0] - west) // step)), min(-(-shape[1] // BLOCK), int((box[2] - west) // step) + 1))
    for row in rows:
        for column in columns:
            height, width = min(BLOCK, shape[0] - row * BLOCK), min(BLOCK, shape[1] - column * BLOCK)
            yield Window(column * BLOCK, row * BLOCK, width, height)


def _codes(ground: Ground, sheet: DemoSheet, window: Window) -> Codes:
    """Classes of one window at the cells' centres; cells outside the sheet's degrees have no data."""
    west, _, _, north = sheet.bounds()
    x, y = np.meshgrid(
        west + (window.col_off + 0.5 + np.arange(window.width)) * CELL,
        north - (window.row_off + 0.5 + np.arange(window.height)) * CELL,
    )
    lon, lat = Transformer.from_crs(sheet.utm, 4326, always_xy=True).transform(x, y)
    inside = (lon // LONGITUDES * LONGITUDES == sheet.west) & (lat // LATITUDES * LATITUDES == sheet.start)
    return np.where(inside, ground.mapped(x, y), np.uint8(NO_DATA))
