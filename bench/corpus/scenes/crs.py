"""Where a raster lies: coordinate systems, geotransforms, and boxes in degrees."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from bench.core.errors import CorpusError


def apply(transform: Affine, column: ArrayLike, row: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """World coordinates x and y of pixel corners; the inverse transform turns world into pixel coordinates."""
    column, row = np.asarray(column, dtype=np.float64), np.asarray(row, dtype=np.float64)
    x = transform.a * column + transform.b * row + transform.c
    y = transform.d * column + transform.e * row + transform.f
    return x, y


@lru_cache(maxsize=256)
def transformer(source: str, target: str) -> Transformer:
    """The transformation between two coordinate systems, x before y; kept, because making one takes milliseconds."""
    return Transformer.from_crs(source, target, always_xy=True)


def check_crs(crs: str, path: Path) -> None:
    """Refuse a coordinate system that says nothing about where on the Earth a raster lies.

    Raises:
        CorpusError: there is no way from it to degrees.
    """
    try:
        transformer(crs, "OGC:CRS84")
    except ProjError:
        raise CorpusError(f"{path} has a coordinate system without a place on the Earth: georeference it") from None


@lru_cache(maxsize=256)
def is_geographic(crs: str) -> bool:
    """Whether coordinates are degrees."""
    return bool(CRS.from_user_input(crs).is_geographic)


def lonlat_bounds(crs: str, points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Bounds of some points in degrees.

    Args:
        crs: coordinate system of the points.
        points: `N x 2` as (x, y).

    Returns:
        West, south, east, north with west in [-180, 180]; west > east where the points lie on both sides of the
        antimeridian. A side that cannot be computed is the whole globe.
    """
    if is_geographic(crs):
        lon, lat = points[:, 0], points[:, 1]
    else:
        try:
            lon, lat = transformer(crs, "OGC:CRS84").transform(points[:, 0], points[:, 1])
        except ProjError:
            return -180.0, -90.0, 180.0, 90.0
    good = np.isfinite(lon) & np.isfinite(lat)
    if not good.all():
        return -180.0, -90.0, 180.0, 90.0
    if np.ptp(lon) >= 360:
        return -180.0, float(lat.min()), 180.0, float(lat.max())
    wrapped = (lon + 180) % 360 - 180
    if np.ptp(wrapped) > 180:  # both sides of the antimeridian, or more than half the globe
        turned = wrapped % 360
        if np.ptp(turned) <= 180:
            return float(turned.min()), float(lat.min()), float(turned.max() - 360), float(lat.max())
        south, north = (-90.0, float(lat.max())) if lat.mean() < 0 else (float(lat.min()), 90.0)
        return -180.0, south, 180.0, north  # round a pole, or more than half the globe
    if lon.max() <= 180 and lon.min() >= -180:
        wrapped = lon
    return float(wrapped.min()), float(lat.min()), float(wrapped.max()), float(lat.max())


def overlap_degrees(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    """Whether two boxes in degrees touch, across the antimeridian too."""
    if one[3] < other[1] or other[3] < one[1]:
        return False
    return any(
        low <= high_other and low_other <= high
        for low, high in _spans(one[0], one[2])
        for low_other, high_other in _spans(other[0], other[2])
    )


def _spans(west: float, east: float) -> list[tuple[float, float]]:
    return [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
