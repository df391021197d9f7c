"""What a scene is, and the checks of its header before it is cut."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from rasterio.io import DatasetReader

from bench.core.errors import CorpusError
from bench.core.geotiff import open_raster
from bench.corpus.scenes import safe
from bench.corpus.scenes.crs import apply, check_crs, is_geographic, lonlat_bounds
from bench.corpus.scenes.discovery import Bands, Found
from bench.corpus.scenes.offsets import NO_OFFSETS, Offsets, from_scales, settle
from bench.corpus.scenes.stretch import Stretch

EARTH_DEGREE = 111_320.0
"""Metres of one degree along the equator."""


@dataclass(frozen=True)
class Scene:
    """One image of the ground.

    Attributes:
        name: path relative to the scenes folder.
        files: one file with all bands, or one for each of red, green and blue.
        source: sensor or collection, for the table by source.
        bands: numbers, from 1, of the bands used as red, green and blue; 1 where each has a file.
        crs: coordinate system as WKT.
        transform: pixel corner to world.
        height, width: pixels.
        dtype: of the stored values.
        resolution: side of a pixel in metres.
        lonlat: west, south, east, north in degrees.
        stamp: size and time of change of each file, to see whether they are still the same.
        offsets: what has to be added to the stored values of red, green and blue before a fixed range applies, and who
            says so.
        nodata: value outside the image by the rules of the product, where the files declare none.
    """

    name: str
    files: tuple[Path, ...]
    source: str
    bands: tuple[int, int, int]
    crs: str
    transform: Affine
    height: int
    width: int
    dtype: str
    resolution: float
    lonlat: tuple[float, float, float, float]
    stamp: tuple[tuple[int, int], ...]
    offsets: Offsets = NO_OFFSETS
    nodata: float | None = None

    @property
    def path(self) -> Path:
        """The file, or the first of them, for messages."""
        return self.files[0]

    @property
    def crs_name(self) -> str:
        """Authority code of the coordinate system, or its name where it has none."""
        crs = CRS.from_user_input(self.crs)
        code = crs.to_authority()
        return ":".join(code) if code else crs.name


def describe(found: Found, bands: Bands, stretch: Stretch, offset: float | None = None) -> Scene:
    """Read a scene's header and check that it can be cut into tiles as asked.

    Args:
        found: the scene's files.
        bands: three band numbers from 1, or None for a file of three bands; names where bands are files.
        stretch: how values become 8 bits.
        offset: `--offset`, what the user states has to be added to the stored values, or None.

    Raises:
        CorpusError: incomplete, unreadable, not georeferenced, bands or depth that need an option that was not given,
            band files that do not lie on each other, or contradictory offsets.
    """
    if found.problem:
        raise CorpusError(found.problem)
    path = found.files[0]
    with ExitStack() as stack:
        dataset, *others = (stack.enter_context(open_raster(file)) for file in found.files)
        chosen = (1, 1, 1) if len(found.files) == 3 else _choose_bands(path, dataset.count, bands)
        dtype = str(dataset.dtypes[chosen[0] - 1])
        _check_depth(path, dtype, stretch)
        for other in others:
            _check_same_grid(dataset, other)
        bands_of = [dataset, *others] if others else [dataset] * 3
        declared = [(d.scales[band - 1], d.offsets[band - 1]) for d, band in zip(bands_of, chosen, strict=True)]
        crs, transform = dataset.crs.to_wkt(), dataset.transform
        check_crs(crs, path)
        width, height = dataset.width, dataset.height
        unit = 1.0 if is_geographic(crs) else float(dataset.crs.linear_units_factor[1])
    corners = apply(transform, [0, width, width, 0], [0, 0, height, height])
    lonlat = lonlat_bounds(crs, np.stack(corners, axis=-1))
    if is_geographic(crs):
        unit = EARTH_DEGREE * float(np.sqrt(np.cos(np.radians((lonlat[1] + lonlat[3]) / 2))))
    in_file = from_scales(path, declared, fixed_range=stretch.kind == "range")
    in_metadata = None if found.safe is None else safe.offsets(found.safe, tuple(map(str, bands or ())))
    return Scene(
        name=found.name,
        files=found.files,
        source=found.source,
        bands=chosen,
        crs=crs,
        transform=transform,
        height=height,
        width=width,
        dtype=dtype,
        resolution=unit * float(np.sqrt(abs(transform.determinant))),
        lonlat=lonlat,
        stamp=tuple((status.st_size, status.st_mtime_ns) for status in (file.stat() for file in found.files)),
        offsets=settle(path, in_file, in_metadata, offset),
        nodata=None if found.safe is None else safe.NODATA,
    )


def _check_depth(path: Path, dtype: str, stretch: Stretch) -> None:
    if np.dtype(dtype).kind not in "iuf":
        raise CorpusError(f"{path} holds {dtype} values: integers or floats are expected")
    if stretch.kind == "none" and dtype != "uint8":
        raise CorpusError(
            f"{path} holds {dtype} values, tiles are 8-bit: choose --stretch percentile:2,98 or a range like 0:3000"
        )


def _check_same_grid(dataset: DatasetReader, other: DatasetReader) -> None:
    one, two = ((d.crs, d.transform, d.shape, d.dtypes[0]) for d in (dataset, other))
    if one != two:
        raise CorpusError(
            f"{other.name} does not lie on the grid of {dataset.name}: bands of one resolution are needed"
        )


def _choose_bands(path: Path, count: int, bands: Bands) -> tuple[int, int, int]:
    if bands is None:
        if count != 3:
            raise CorpusError(f"{path} has {count} bands: choose red, green and blue with --bands, for instance 3,2,1")
        return (1, 2, 3)
    red, green, blue = (int(band) for band in bands)
    if min(red, green, blue) < 1 or max(red, green, blue) > count:
        raise CorpusError(f"{path} has {count} bands: --bands {red},{green},{blue} asks for others")
    return (red, green, blue)
