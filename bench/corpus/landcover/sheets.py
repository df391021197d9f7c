"""The rasters of a land-cover product: their headers, and the grids they share.

A product comes as thousands of sheets. Sheets of one coordinate system whose pixels fall on the same lattice form one
grid and are read as one seamless raster; the others (UTM zones beside each other) are grids of their own.
"""

from collections import defaultdict
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.core.rasters import open_raster
from bench.corpus.scenes.crs import apply, check_crs, is_geographic, lonlat_bounds

PHASE = 0.01
"""Pixels by which two sheets of one grid may be out of step; products print their origins with few digits."""


@dataclass(frozen=True)
class Sheet:
    """Header of one raster.

    Attributes:
        name: path relative to the product's folder.
        size, mtime_ns: of the file, to see whether it changed.
        crs: coordinate system as WKT.
        transform: affine coefficients a-f, pixel corner to world.
        height, width: pixels.
        lonlat: west, south, east, north in degrees; west > east across the antimeridian.
    """

    name: str
    size: int
    mtime_ns: int
    crs: str
    transform: tuple[float, float, float, float, float, float]
    height: int
    width: int
    lonlat: tuple[float, float, float, float]

    def to_json(self) -> dict[str, Any]:
        """The header as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Sheet":
        """The inverse of `to_json`."""
        return cls(**{**value, "transform": tuple(value["transform"]), "lonlat": tuple(value["lonlat"])})


def read_header(path: Path, name: str) -> Sheet:
    """Read one raster's header.

    Raises:
        CorpusError: unreadable, not georeferenced, or not a raster of codes.
    """
    status = path.stat()
    with open_raster(path, CorpusError, georeferenced=True) as dataset:
        if dataset.count > 2:
            raise CorpusError(f"land cover {path} has {dataset.count} bands: one band of class codes is expected")
        a, b, c, d, e, f = dataset.transform[:6]
        outline = apply(dataset.transform, *_outline(dataset.width, dataset.height))
        wkt = dataset.crs.to_wkt()
        check_crs(wkt, path)
        return Sheet(
            name,
            status.st_size,
            status.st_mtime_ns,
            wkt,
            (a, b, c, d, e, f),
            dataset.height,
            dataset.width,
            lonlat_bounds(wkt, np.stack(outline, axis=-1)),
        )


def _outline(width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along the border of an image as columns and rows."""
    steps = np.linspace(0, 1, 22)
    near, far = np.zeros(22), np.ones(22)
    columns = np.concatenate([steps, steps, near, far]) * width
    rows = np.concatenate([near, far, steps, steps]) * height
    return columns, rows


@dataclass(frozen=True)
class Placed:
    """A sheet at its place in a grid, in whole pixels of the grid."""

    sheet: Sheet
    row: int
    column: int


@dataclass
class Grid:
    """Sheets on one pixel lattice.

    Attributes:
        crs: coordinate system as WKT.
        affine: pixel corner to world of the grid's (arbitrary) origin.
        placed: sheets in order of their names; where two overlap, the first with data wins.
    """

    crs: str
    affine: Affine
    placed: list[Placed] = field(default_factory=list)

    @cached_property
    def boxes(self) -> NDArray[np.int64]:
        """First row, end row, first column, end column of every sheet; `S x 4`."""
        return np.array(
            [(p.row, p.row + p.sheet.height, p.column, p.column + p.sheet.width) for p in self.placed], dtype=np.int64
        )

    def place(self, sheet: Sheet) -> bool:
        """Take a sheet in if it lies on the lattice, and say whether it does."""
        if sheet.crs != self.crs:
            return False
        own = Affine(*sheet.transform)
        steps = (own.a - self.affine.a, own.b - self.affine.b, own.d - self.affine.d, own.e - self.affine.e)
        pixel = max(abs(v) for v in (self.affine.a, self.affine.b, self.affine.d, self.affine.e))
        if max(map(abs, steps)) > 1e-7 * pixel:
            return False
        column, row = (float(part) for part in apply(~self.affine, own.c, own.f))
        if abs(column - round(column)) > PHASE or abs(row - round(row)) > PHASE:
            return False
        self.placed.append(Placed(sheet, round(row), round(column)))
        return True


def group_into_grids(sheets: list[Sheet]) -> list[Grid]:
    """Put sheets that share a lattice together; geographic sheets also appear a turn of 360 degrees away.

    The second place lets a footprint that crosses the antimeridian run on without a jump.
    """
    grids: list[Grid] = []
    by_crs: defaultdict[str, list[Grid]] = defaultdict(list)
    for sheet in sorted(sheets, key=lambda sheet: sheet.name):
        turns = (0, -360, 360) if is_geographic(sheet.crs) else (0,)
        for turn in turns:
            a, b, c, d, e, f = sheet.transform
            moved = replace(sheet, transform=(a, b, c + turn, d, e, f))
            east, west = max(c + turn, c + turn + a * sheet.width), min(c + turn, c + turn + a * sheet.width)
            if turn and (east < -200 or west > 200):
                continue
            if not any(grid.place(moved) for grid in by_crs[sheet.crs]):
                grid = Grid(sheet.crs, Affine(*moved.transform))
                grid.place(moved)
                grids.append(grid)
                by_crs[sheet.crs].append(grid)
    return grids
