"""Land-cover proportions of footprints: Eq. 1-6 of the GeoKR paper for any pair of coordinate systems.

Eq. 1-4 place the image in the land-cover raster by its geotransform, which holds for two north-up rasters of one
coordinate system. Here the footprint's outline is brought into the raster's coordinate system instead, and Eq. 5
counts every cell by the share of it that lies under the footprint. Whole cells give Eq. 5 as printed.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.core.rasters import list_rasters
from bench.corpus.landcover import coverage
from bench.corpus.landcover.counting import MAX_CELLS, cells_in, count_under
from bench.corpus.landcover.mosaic import Mosaic
from bench.corpus.landcover.product import DROPPED, NODATA, UNKNOWN, Product
from bench.corpus.landcover.sheet_index import read_sheets
from bench.corpus.landcover.sheets import Grid, group_into_grids
from bench.corpus.scenes.crs import apply, is_geographic, lonlat_bounds, overlap_degrees, transformer

Floats = NDArray[np.float64]

EDGE_POINTS = 4
"""Pieces an outline's edge is cut into before it is projected; a 8 km edge then bends by less than 0.2 m."""


@dataclass(frozen=True)
class Counts:
    """Land cover under `N` footprints, in cells of the product.

    Attributes:
        classes: `N x 8` area of each of the paper's classes (S of Eq. 5).
        dropped: `N` area of codes that are mapped onto no class.
        nodata: `N` area that is not mapped, or outside every raster.
        area: `N` area of the footprint; the sum of the others.
    """

    classes: Floats
    dropped: Floats
    nodata: Floats
    area: Floats

    @property
    def proportions(self) -> NDArray[np.float32]:
        """A of Eq. 6: `N x 8`, rows sum to 1; a row of zeros where none of the classes lies under a footprint."""
        total = self.classes.sum(axis=1, keepdims=True)
        share = np.divide(self.classes, total, out=np.zeros_like(self.classes), where=total > 0)
        return np.asarray(share, dtype=np.float32)

    @property
    def nodata_share(self) -> Floats:
        """Share of each footprint that is not mapped, in [0, 1]; `N`."""
        return np.divide(self.nodata, self.area, out=np.ones_like(self.area), where=self.area > 0)


class LandCover:
    """A folder of rasters of one product, read by windows and never whole.

    Args:
        folder: folder of GeoTIFFs (or Erdas Imagine files, as NLCD has them), or one of them.
        product: the legend.
        epoch: year, for a folder that holds several of them.

    Attributes:
        epoch: the year chosen, or the only one that the names tell, or None.

    Raises:
        CorpusError: no rasters, unreadable ones, two of one place, or several epochs and none chosen.
    """

    def __init__(self, folder: Path, product: Product, epoch: int | None = None) -> None:
        self.folder = folder
        self.product = product
        self._base = folder if folder.is_dir() else folder.parent
        paths = list_rasters(folder, "land-cover", {".tif", ".tiff", ".img"})
        paths = [path for path in paths if product.is_named(path.name)] or paths
        paths, self.epoch = _of_epoch(paths, product, epoch, folder)
        self._grids = group_into_grids(read_sheets(self._base, paths))
        _check_apart(self._grids, folder)
        self._mosaic = Mosaic(self._base, product)

    def state(self) -> list[tuple[str, int, int]]:
        """Name, size and time of change of every raster, to see whether the folder is still the same."""
        sheets = {placed.sheet.name: placed.sheet for grid in self._grids for placed in grid.placed}
        return [(name, sheet.size, sheet.mtime_ns) for name, sheet in sorted(sheets.items())]

    def check_covers(self, lonlat: tuple[float, float, float, float], scene: Path) -> None:
        """Refuse a scene that no raster comes near.

        Raises:
            CorpusError: the boxes in degrees of the scene and of every raster are apart.
        """
        if not any(overlap_degrees(p.sheet.lonlat, lonlat) for grid in self._grids for p in grid.placed):
            raise CorpusError(
                f"{scene}: no land cover of {self.folder} lies under this scene: add the rasters of its place"
            )

    def count(self, footprints: Floats, crs: str) -> Counts:
        """Count the land cover under each footprint.

        Args:
            footprints: `N x 4 x 2` corners as (x, y) in `crs`, going round.
            crs: coordinate system of the footprints, as WKT or an authority code.

        Raises:
            CorpusError: a raster cannot be read or holds a code that is not in the legend.
        """
        lonlat = lonlat_bounds(crs, footprints.reshape(-1, 2))
        found = np.zeros((len(footprints), UNKNOWN))
        area = np.zeros(len(footprints))
        touched: list[tuple[Grid, NDArray[np.bool_]]] = []
        for grid in self._grids:
            if not any(overlap_degrees(placed.sheet.lonlat, lonlat) for placed in grid.placed):
                continue
            polygons, usable = outlines_in_grid(footprints, crs, grid)
            touches = usable & _touches(polygons, grid)
            if not touches.any():
                continue
            touched.append((grid, touches))
            fresh = touches & (area == 0)
            area[fresh] = coverage.areas(polygons[fresh])
            found[fresh] = count_under(polygons[fresh], partial(self._mosaic.read, grid))
        short = found[:, :NODATA].sum(axis=1) < area * (1 - 1e-9)
        several = short & (sum((touches.astype(int) for _, touches in touched), np.zeros(len(area), dtype=int)) > 1)
        for index in np.flatnonzero(several):
            grids = [grid for grid, touches in touched if touches[index]]
            found[index] = self._count_on_lattice(grids, footprints[index], crs, area[index])
        mapped = found[:, :NODATA].sum(axis=1)
        return Counts(found[:, :DROPPED], found[:, DROPPED], np.maximum(area - mapped, 0.0), area)

    def _count_on_lattice(self, grids: list[Grid], footprint: Floats, crs: str, area: float) -> Floats:
        """Counts where a footprint lies in several grids that share no lattice, by dense sampling.

        The footprint is cut into cells about a quarter of the product's, and each takes the first grid that has data
        at its centre. Overlapping sheets (UTM zones overlap at their borders) are then never counted twice.
        """
        side = int(np.clip(np.ceil(4 * np.sqrt(area)), 16, 2048))
        value = self._look_at(lattice(footprint, side), crs, grids)
        return np.asarray(np.bincount(value, minlength=UNKNOWN) * (area / len(value)))

    def picture(self, footprint: Floats, crs: str, side: int) -> NDArray[np.uint8]:
        """Class index on a lattice of points across a footprint, as the footprint's own picture; `side x side`.

        Args:
            footprint: `4 x 2` corners: first row's first and last, last row's last and first.
            crs: coordinate system of the footprint.
            side: points along each side.

        Raises:
            CorpusError: a raster cannot be read or holds a code that is not in the legend.
        """
        lonlat = lonlat_bounds(crs, footprint)
        near = [grid for grid in self._grids if any(overlap_degrees(p.sheet.lonlat, lonlat) for p in grid.placed)]
        return self._look_at(lattice(footprint, side), crs, near).reshape(side, side)

    def _look_at(self, points: Floats, crs: str, grids: list[Grid]) -> NDArray[np.uint8]:
        """Class index at each of `M x 2` points, from the first grid that has data there."""
        value = np.full(len(points), NODATA, dtype=np.uint8)
        for grid in grids:
            missing = np.flatnonzero(value == NODATA)
            if not len(missing):
                break
            pixels = _project(points[missing][None], crs, grid)[0]
            good = np.isfinite(pixels).all(axis=1)
            value[missing[good]] = self._look_up(grid, np.floor(pixels[good]).astype(np.int64))
        return value

    def _look_up(self, grid: Grid, cells: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Class index of `M x 2` cells (column, row), which lie near their neighbours in the list."""
        if not len(cells):
            return np.empty(0, dtype=np.uint8)
        low, high = cells.min(axis=0), cells.max(axis=0) + 1
        window = np.array([low[1], high[1], low[0], high[0]])
        if cells_in(window) > MAX_CELLS and len(cells) > 1:
            half = len(cells) // 2
            return np.concatenate([self._look_up(grid, cells[:half]), self._look_up(grid, cells[half:])])
        region = self._mosaic.read(grid, window)
        return np.asarray(region[cells[:, 1] - low[1], cells[:, 0] - low[0]])

    def close(self) -> None:
        """Close all rasters; they are opened again when needed."""
        self._mosaic.close()


def _of_epoch(paths: list[Path], product: Product, epoch: int | None, folder: Path) -> tuple[list[Path], int | None]:
    """The rasters of one epoch, and its year where the names tell or the user says."""
    years = {path: product.epoch_of(path.name) for path in paths}
    present = sorted({year for year in years.values() if year is not None})
    if epoch is None:
        if len(present) > 1:
            listed = ", ".join(map(str, present))
            raise CorpusError(f"land-cover folder {folder} holds several epochs ({listed}): choose one with --epoch")
        told = set(years.values())
        return paths, told.pop() if len(told) == 1 else None
    chosen = [path for path in paths if years[path] == epoch]
    if not chosen:
        listed = ", ".join(map(str, present)) or "no year in any name"
        raise CorpusError(f"land-cover folder {folder} holds no {product.name} of {epoch} (found: {listed})")
    return chosen, epoch


def _check_apart(grids: list[Grid], folder: Path) -> None:
    """Refuse two rasters of one place: names without a year may hide two epochs, of which one would be used unsaid.

    Raises:
        CorpusError: two sheets of a grid have the same corners.
    """
    for grid in grids:
        first: dict[tuple[int, ...], str] = {}
        for box, placed in zip(grid.boxes.tolist(), grid.placed, strict=True):
            other = first.setdefault(tuple(box), placed.sheet.name)
            if other != placed.sheet.name:
                raise CorpusError(
                    f"land-cover folder {folder} holds {other} and {placed.sheet.name} of one place: leave one, "
                    "they may be of two epochs or two layers"
                )


def lattice(footprint: Floats, side: int) -> Floats:
    """Centres of `side x side` equal parts of a footprint, row by row; `side^2 x 2`."""
    at = (np.arange(side) + 0.5) / side
    across, down = (part.ravel()[:, None] for part in np.meshgrid(at, at))
    a, b, c, d = footprint
    return np.asarray(
        a * (1 - across) * (1 - down) + b * across * (1 - down) + c * across * down + d * (1 - across) * down
    )


def outlines_in_grid(footprints: Floats, crs: str, grid: Grid) -> tuple[Floats, NDArray[np.bool_]]:
    """Outlines of footprints as (column, row) in a grid.

    Returns:
        `N x P x 2`, with P = 4 in the grid's own coordinate system and more after a projection, and which of them
        could be projected (`N`).
    """
    points = footprints
    if crs != grid.crs:
        steps = (np.arange(EDGE_POINTS) / EDGE_POINTS)[None, None, :, None]
        following = np.roll(footprints, -1, axis=1)
        points = (footprints[:, :, None] * (1 - steps) + following[:, :, None] * steps).reshape(len(footprints), -1, 2)
    pixels = _project(points, crs, grid)
    usable = np.asarray(np.isfinite(pixels).all(axis=(1, 2)))
    return np.where(usable[:, None, None], pixels, 0.0), usable


def _project(points: Floats, crs: str, grid: Grid) -> Floats:
    """`N x P x 2` points of `crs` as (column, row) of a grid; not finite where there is no projection."""
    x, y = points[..., 0], points[..., 1]
    if crs != grid.crs:
        shape = x.shape
        x, y = (np.asarray(part).reshape(shape) for part in transformer(crs, grid.crs).transform(x.ravel(), y.ravel()))
        if is_geographic(grid.crs):
            x = x - 360 * np.round((x - x[:, :1]) / 360)
    return np.stack(apply(~grid.affine, x, y), axis=-1)


def _touches(polygons: Floats, grid: Grid) -> NDArray[np.bool_]:
    low, high = polygons.min(axis=1), polygons.max(axis=1)
    touches = np.zeros(len(polygons), dtype=bool)
    boxes = grid.boxes
    near = (boxes[:, 2] < high[:, 0].max()) & (boxes[:, 3] > low[:, 0].min())
    near &= (boxes[:, 0] < high[:, 1].max()) & (boxes[:, 1] > low[:, 1].min())
    for first_row, end_row, first_column, end_column in boxes[near]:
        touches |= (
            (low[:, 0] < end_column) & (high[:, 0] > first_column) & (low[:, 1] < end_row) & (high[:, 1] > first_row)
        )
    return touches
