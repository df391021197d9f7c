"""A public archive in small: Sentinel-2 images as cloud-optimised files with their STAC items, and a land-cover raster.

Two images of one place in UTM zone 31N, taken on two days; the least clouded one has its clouds in the west. Pixels are
drawn by seed; bands have the offset of processing baseline 04.00, which the items declare and the files do not.
"""

import json
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.io import MemoryFile
from rasterio.shutil import copy

CRS, LEFT, TOP, PIXEL = "EPSG:32631", 510_000, 5_010_240, 10
SIDE, BLOCK = 2048, 128
BANDS = ("red", "green", "blue")
SCALE, OFFSET = 0.0001, -0.1
# Item: day, share of clouds of the whole in per cent, columns under clouds as shares of the width.
ITEMS = {
    "S2B_T31TDK_20210714T104021_L2A": ("2021-07-14T10:46:00Z", 2.0, (0.0, 0.3)),
    "S2A_T31TDK_20210620T104021_L2A": ("2021-06-20T10:46:00Z", 6.0, (0.7, 1.0)),
}
# Codes of ESA WorldCover, in stripes from west to east; the last is mapped onto no class.
COVER = (10, 40, 50, 80, 30, 100)
COVER_PIXEL = 1 / 1200
COVER_NAME = "ESA_WorldCover_10m_2021_v200_N45E003_Map.tif"


def lonlat(column, row):
    """Longitude and latitude of a pixel corner of the images."""
    to = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)
    return to.transform(LEFT + column * PIXEL, TOP - row * PIXEL)


def bounds():
    """West, south, east, north of the images, in degrees."""
    corners = [lonlat(column, row) for column in (0, SIDE) for row in (0, SIDE)]
    return (
        min(c[0] for c in corners),
        min(c[1] for c in corners),
        max(c[0] for c in corners),
        max(c[1] for c in corners),
    )


def write_world(folder: Path) -> Path:
    """Write files and items; returns the folder."""
    for number, (name, (_, _, clouds)) in enumerate(ITEMS.items()):
        random = np.random.default_rng(number)
        ground = np.kron(random.integers(0, 900, (64, 64)), np.ones((SIDE // 64, SIDE // 64))).astype(np.int32)
        for place, band in enumerate(BANDS):
            values = 1200 + 150 * place + ground + random.integers(0, 400, (SIDE, SIDE))
            _write(folder / name / f"{band}.tif", values.astype(np.uint16), CRS, Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP))
        scl = np.full((SIDE // 2, SIDE // 2), 4, np.uint8)
        scl[:, int(clouds[0] * SIDE / 2) : int(clouds[1] * SIDE / 2)] = 9
        _write(folder / name / "scl.tif", scl, CRS, Affine(2 * PIXEL, 0, LEFT, 0, -2 * PIXEL, TOP))
    west, _, east, _ = bounds()
    side = round(3 / COVER_PIXEL)
    lon = 3 + (np.arange(side) + 0.5) * COVER_PIXEL
    stripe = np.clip(((lon - west) / (east - west) * len(COVER)).astype(int), 0, len(COVER) - 1)
    cover = np.tile(np.array(COVER, np.uint8)[stripe], (side, 1))
    _write(folder / COVER_NAME, cover, "EPSG:4326", Affine(COVER_PIXEL, 0, 3, 0, -COVER_PIXEL, 48))
    return folder


def item(name, root, **changes):
    """The STAC item of an image whose files lie at an address."""
    day, clouds, _ = ITEMS[name]
    said = [{"data_type": "uint16", "nodata": 0, "scale": SCALE, "offset": OFFSET}]
    assets = {band: {"href": f"{root}/{name}/{band}.tif", "raster:bands": said} for band in BANDS}
    assets["scl"] = {"href": f"{root}/{name}/scl.tif"}
    made = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "bbox": list(bounds()),
        "properties": {"datetime": day, "eo:cloud_cover": clouds},
        "assets": assets,
        "links": [],
    }
    return json.loads(json.dumps(made | changes))


def _write(path, values, crs, transform):
    path.parent.mkdir(parents=True, exist_ok=True)
    layout = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "height": len(values), "width": values.shape[1]}
    with MemoryFile() as memory:
        with memory.open(**layout, crs=crs, transform=transform) as dataset:
            dataset.write(values, 1)
        with memory.open() as dataset, rasterio.Env():
            copy(dataset, path, driver="COG", blocksize=BLOCK, compress="deflate", level=1)
