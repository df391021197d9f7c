"""What a scene is, and the checks of its header before it is cut."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from affine import Affine
from pyproj import CRS
from rasterio.io import DatasetReader

from bench.core.bands import COLOURS, RGB, Bands
from bench.core.errors import CorpusError
from bench.core.rasters import open_raster
from bench.corpus.scenes import safe
from bench.corpus.scenes.crs import apply, check_crs, is_geographic, lonlat_bounds
from bench.corpus.scenes.discovery import Found, Selection
from bench.corpus.scenes.offsets import Offsets, from_scales, settle
from bench.corpus.scenes.stretch import Stretch

EARTH_DEGREE = 111_320.0
"""Metres of one degree along the equator."""


@dataclass(frozen=True)
class Scene:
    """One image of the ground.

    Attributes:
        name: path relative to the scenes folder.
        files: one file with all bands, or one for each.
        source: sensor or collection, for the table by source.
        bands: numbers, from 1, of the bands that are kept, in order; 1 where each has a file.
        crs: coordinate system as WKT.
        transform: pixel corner to world.
        height, width: pixels.
        dtype: of the stored values.
        resolution: side of a pixel in metres.
        lonlat: west, south, east, north in degrees.
        stamp: size and time of change of each file, to see whether they are still the same.
        offsets: what has to be added to the stored values of each band before a fixed range applies, and who
            says so.
        nodata: value outside the image by the rules of the product, where the files declare none.
    """

    name: str
    files: tuple[Path, ...]
    source: str
    bands: tuple[int, ...]
    crs: str
    transform: Affine
    height: int
    width: int
    dtype: str
    resolution: float
    lonlat: tuple[float, float, float, float]
    stamp: tuple[tuple[int, int], ...]
    offsets: Offsets = field(default_factory=Offsets)
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


def describe(found: Found, bands: Selection, stretch: Stretch, offset: float | None = None, kept: Bands = RGB) -> Scene:
    """Read a scene's header and check that it can be cut into tiles as asked.

    Args:
        found: the scene's files.
        bands: band numbers from 1, or None for all bands of a file; names where bands are files.
        stretch: how values become those of a tile.
        offset: `--offset`, what the user states has to be added to the stored values, or None.
        kept: bands of the tiles.

    Raises:
        CorpusError: incomplete, unreadable, not georeferenced, bands or depth that need an option that was not given,
            band files that do not lie on each other, or contradictory offsets.
    """
    if found.problem:
        raise CorpusError(found.problem)
    path = found.files[0]
    with ExitStack() as stack:
        dataset, *others = (
            stack.enter_context(open_raster(file, CorpusError, georeferenced=True)) for file in found.files
        )
        chosen = _choose_bands(path, dataset.count, bands, kept)
        dtype = str(dataset.dtypes[chosen[0] - 1])
        _check_depth(path, dtype, stretch, kept)
        for other in others:
            _check_same_grid(dataset, other)
        bands_of = [dataset, *others] if others else [dataset] * len(chosen)
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
        offsets=settle(path, in_file, in_metadata, offset, len(chosen)),
        nodata=None if found.safe is None else safe.NODATA,
    )


def _check_depth(path: Path, dtype: str, stretch: Stretch, kept: Bands) -> None:
    if stretch.kind == "none" and dtype != kept.values:
        keep = ", or keep them with --values uint16" if dtype == "uint16" else ""
        raise CorpusError(
            f"{path} holds {dtype} values, tiles are {8 * kept.dtype.itemsize}-bit: choose --stretch percentile:2,98 or "
            f"a range like 0:3000{keep}"
        )


def _check_same_grid(dataset: DatasetReader, other: DatasetReader) -> None:
    one, two = ((d.crs, d.transform, d.shape, d.dtypes[0]) for d in (dataset, other))
    if one != two:
        raise CorpusError(
            f"{other.name} does not lie on the grid of {dataset.name}: bands of one resolution are needed"
        )


def _choose_bands(path: Path, count: int, bands: Selection, kept: Bands) -> tuple[int, ...]:
    if bands is None:
        if count != len(kept):
            choose = "red, green and blue" if kept.names == COLOURS else f"{', '.join(kept.names)}, in this order,"
            raise CorpusError(f"{path} has {count} bands: choose {choose} with --bands, for instance 3,2,1")
        return tuple(range(1, count + 1))
    if isinstance(bands[0], str):  # a file for each
        return (1,) * len(bands)
    numbers = tuple(map(int, bands))
    if min(numbers) < 1 or max(numbers) > count:
        raise CorpusError(f"{path} has {count} bands: --bands {','.join(map(str, numbers))} asks for others")
    return numbers
