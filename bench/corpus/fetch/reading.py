"""Reading what belongs to one place: a window of an image that shows the ground, and the land cover below it."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import DatasetReader
from rasterio.windows import Window

from bench.core.errors import CorpusError, NotFoundError
from bench.corpus.fetch.items import Item
from bench.corpus.fetch.manifest import Read, sha256
from bench.corpus.fetch.places import Box, Place
from bench.corpus.fetch.remote import Remote, RemoteFile
from bench.corpus.fetch.sources import Imagery, LandCover
from bench.corpus.landcover.product import CLASSES, Product
from bench.corpus.scenes.crs import apply, is_geographic, lonlat_bounds, transformer
from bench.corpus.scenes.scene import EARTH_DEGREE

LONLAT = "EPSG:4326"
# Side of the overview from which land cover is judged before imagery is read, pixels.
OVERVIEW = 32
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")


@dataclass(frozen=True)
class Pixels:
    """A window of one file, decoded.

    Attributes:
        values: `H x W`.
        read: where they are from, for the manifest.
        crs: coordinate system as WKT.
        transform: pixel corner to world.
        name: of the file in its archive.
        nodata: value outside the image, where the file declares one.
    """

    values: NDArray[Any]
    read: Read
    crs: str
    transform: Affine
    name: str
    nodata: float | None = None

    @property
    def lonlat(self) -> Box:
        """West, south, east, north in degrees."""
        height, width = self.values.shape
        corners = apply(self.transform, [0, width, width, 0], [0, 0, height, height])
        return lonlat_bounds(self.crs, np.stack(corners, axis=-1))


@dataclass(frozen=True)
class Look:
    """An item at a place: the pixels of its bands, or why it is of no use there."""

    bands: Mapping[str, Pixels]
    clouded: float = 0.0
    useless: str = ""


def look(
    remote: Remote, source: Imagery, item: Item, place: Place, side: float, most_clouded: float, bands: tuple[str, ...]
) -> Look:
    """Read an item's bands around a place, where they show the ground there.

    Args:
        remote: the archive's files.
        source: the archive.
        item: the image.
        place: the middle of the window.
        side: of the window, metres.
        most_clouded: the largest share of the window under clouds.
        bands: which are read.

    Raises:
        BenchError: a file cannot be read, or is not what the item says.
    """
    with ExitStack() as stack:
        dataset, file = stack.enter_context(remote.open(item.assets[bands[0]]))
        window = _around(dataset, place, side, item)
        if window is None:
            return Look({}, useless="it ends within the window")
        clouded = 0.0
        if source.mask is not None:
            codes = _below(remote, item.assets[source.mask.asset], dataset, window)
            if codes is None or source.mask.is_empty(codes).any():
                return Look({}, useless="it has no measurement in part of the window")
            clouded = float(source.mask.is_clouded(codes).mean())
            if clouded > most_clouded:
                return Look({}, clouded, f"{clouded:.0%} of the window lie under clouds")
        found = {bands[0]: _read(dataset, file, window, item.scales.get(bands[0]), source.number(bands[0]))}
        for band in bands[1:]:
            other, of_other = stack.enter_context(remote.open(item.assets[band]))
            if (other.crs, other.transform, other.shape) != (dataset.crs, dataset.transform, dataset.shape):
                raise CorpusError(f"item {item.id}: band {band} does not lie on the grid of {bands[0]}")
            found[band] = _read(other, of_other, window, item.scales.get(band), source.number(band))
    types = {band: str(pixels.values.dtype) for band, pixels in found.items()}
    wrong = next((band for band, kind in types.items() if kind != source.values), None)
    if wrong:
        raise CorpusError(
            f"item {item.id}: band {wrong} holds {types[wrong]} values, source {source.name} says {source.values}"
        )
    return Look(found, clouded)


def again(remote: Remote, read: Read) -> Pixels:
    """Read a window that a manifest names.

    Raises:
        CorpusError: it holds other pixels now.
    """
    with remote.open(read.href) as (dataset, file):
        window = Window(*read.window)
        if read.window[0] + read.window[2] > dataset.width or read.window[1] + read.window[3] > dataset.height:
            raise CorpusError(f"{read.href} is smaller than when the manifest was made")
        found = _read(dataset, file, window, (read.scale, read.offset), read.band)
    if found.read.sha256 != read.sha256:
        versions = f" (version {read.etag}, now {found.read.etag})" if read.etag != found.read.etag else ""
        raise CorpusError(f"{read.href} holds other pixels than when the manifest was made{versions}")
    return found


def land_cover(remote: Remote, source: LandCover, epoch: int, box: Box) -> list[Pixels]:
    """The land cover of a box of west, south, east and north, of each raster that it touches.

    Raises:
        NotFoundError: none of these is there, as on the open sea.
        CorpusError: one cannot be read.
    """
    found, absent = [], ""
    for url in source.urls_of(epoch, box):
        try:
            with remote.open(url) as (dataset, file):
                window = _over(dataset, box)
                if window is not None:
                    found.append(_read(dataset, file, window, None))
        except NotFoundError as error:
            absent = str(error)
    if not found:
        raise NotFoundError(absent or f"{source.name} has nothing at {box}")
    return found


def shares(
    remote: Remote, source: LandCover, product: Product, epoch: int, place: Place, side: float
) -> dict[str, float]:
    """Shares of the paper's classes around a place, by an overview of its land cover; empty where nothing is mapped.

    Raises:
        BenchError: the raster cannot be read.
    """
    try:
        with remote.open(source.url(epoch, place.lon, place.lat)) as (dataset, _):
            height = side / 2 / EARTH_DEGREE
            width = height / np.cos(np.radians(place.lat))
            box = (place.lon - width, place.lat - height, place.lon + width, place.lat + height)
            window = _over(dataset, box)
            if window is None:
                return {}
            codes = dataset.read(1, window=window, out_shape=(OVERVIEW, OVERVIEW))
            nodata = dataset.nodata
    except NotFoundError:
        return {}
    return classes_of(codes, product, nodata)


def classes_of(codes: NDArray[Any], product: Product, nodata: float | None = None) -> dict[str, float]:
    """Shares of the paper's classes among pixels that have one, by name; empty where none has."""
    indices = product.lookup(nodata)[codes.astype(np.int32) + 32768]
    counts = np.bincount(indices.ravel(), minlength=len(CLASSES))[: len(CLASSES)]
    if not counts.sum():
        return {}
    return {name: round(float(count / counts.sum()), 6) for name, count in zip(CLASSES, counts, strict=True) if count}


def _around(dataset: DatasetReader, place: Place, side: float, item: Item) -> Window | None:
    """The window of so many metres around a place; None where the image does not hold all of it."""
    transform = dataset.transform
    if is_geographic(dataset.crs.to_wkt()) or transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise CorpusError(f"item {item.id} is not in metres and north up: such images are not cut")
    x, y = transformer(LONLAT, dataset.crs.to_wkt()).transform(place.lon, place.lat)
    column, row = (float(value) for value in apply(~transform, x, y))
    unit = float(dataset.crs.linear_units_factor[1]) * transform.a
    pixels = round(side / unit)
    left, top = round(column - pixels / 2), round(row - pixels / 2)
    if left < 0 or top < 0 or left + pixels > dataset.width or top + pixels > dataset.height:
        return None
    return Window(left, top, pixels, pixels)


def _below(remote: Remote, url: str, dataset: DatasetReader, window: Window) -> NDArray[Any] | None:
    """The part of another raster of the same grid, of whatever resolution, that lies below a window."""
    with remote.open(url) as (other, _):
        if other.crs != dataset.crs:
            raise CorpusError(f"{url} is not in the coordinate system of the bands")
        across, down = [window.col_off, window.col_off + window.width], [window.row_off, window.row_off + window.height]
        (left, right), (top, bottom) = apply(~other.transform, *apply(dataset.transform, across, down))
        columns = int(np.floor(left + 1e-6)), int(np.ceil(right - 1e-6))
        rows = int(np.floor(top + 1e-6)), int(np.ceil(bottom - 1e-6))
        if columns[0] < 0 or rows[0] < 0 or columns[1] > other.width or rows[1] > other.height:
            return None
        found: NDArray[Any] = other.read(
            1, window=Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])
        )
        return found


def _over(dataset: DatasetReader, box: Box) -> Window | None:
    """The window of a raster in degrees that covers its part of a box; None where it has none."""
    if not is_geographic(dataset.crs.to_wkt()):
        raise CorpusError(f"land cover in {dataset.crs} is not cut: rasters in degrees are")
    west, south, east, north = box
    (left, right), (top, bottom) = apply(~dataset.transform, [west, east], [north, south])
    columns = max(0, int(np.floor(left)) - 1), min(dataset.width, int(np.ceil(right)) + 1)
    rows = max(0, int(np.floor(top)) - 1), min(dataset.height, int(np.ceil(bottom)) + 1)
    if columns[0] >= columns[1] or rows[0] >= rows[1]:
        return None
    return Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])


def _read(
    dataset: DatasetReader, file: RemoteFile, window: Window, scale: tuple[float, float] | None, number: int = 1
) -> Pixels:
    if number > dataset.count:
        raise CorpusError(f"{file.url} has {dataset.count} bands, and number {number} is asked for")
    values = dataset.read(number, window=window)
    read = Read(
        href=file.url,
        etag=file.etag,
        size=file.size,
        band=number,
        window=(window.col_off, window.row_off, window.width, window.height),
        sha256=sha256(values),
        **({} if scale is None else {"scale": scale[0], "offset": scale[1]}),
    )
    name = PurePosixPath(urlsplit(file.url).path).name
    if not _FILE.fullmatch(name):
        raise CorpusError(f"{file.url} ends in {name[:80]!r}, which makes no file's name: refused")
    return Pixels(values, read, dataset.crs.to_wkt(), dataset.window_transform(window), name, dataset.nodata)
