"""How much of each raster cell a footprint covers, exactly, for any simple polygon in pixel coordinates.

The signed area to the right of every edge is accumulated cell by cell and summed along the rows, as font rasterisers
do for anti-aliasing: with straight edges the covered area of a cell is exact, not sampled.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ALIGNED = 1e-6
"""Pixels by which a corner may miss a cell boundary and still count as lying on it."""

SLIVER = 1e-11
"""Share of a cell below which a weight is rounding and not area."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Coverage(NamedTuple):
    """Cells touched by a batch of polygons, one entry for each (polygon, cell)."""

    polygon: Ints
    row: Ints
    column: Ints
    weight: Floats


def bounds(polygons: Floats) -> Ints:
    """Whole cells around each polygon.

    Args:
        polygons: `N x P x 2` corners as (column, row) in pixel coordinates.

    Returns:
        `N x 4`: first row, one past the last row, first column, one past the last column.
    """
    low = np.floor(polygons.min(axis=1) + ALIGNED).astype(np.int64)
    high = np.ceil(polygons.max(axis=1) - ALIGNED).astype(np.int64)
    high = np.maximum(high, low + 1)
    return np.stack([low[:, 1], high[:, 1], low[:, 0], high[:, 0]], axis=1)


def areas(polygons: Floats) -> Floats:
    """Area of each polygon in cells, by the shoelace formula; `N`."""
    x, y = polygons[..., 0], polygons[..., 1]
    x, y = x - x[:, :1], y - y[:, :1]
    return np.asarray(np.abs((x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1)) / 2)


def rectangles(polygons: Floats) -> NDArray[np.bool_]:
    """Which polygons of four corners are rectangles along the grid's axes; `N`."""
    if polygons.shape[1] != 4:
        return np.zeros(len(polygons), dtype=bool)
    step = np.abs(np.roll(polygons, -1, axis=1) - polygons)
    flat = step <= ALIGNED
    first = flat[:, 0, 1] & flat[:, 1, 0] & flat[:, 2, 1] & flat[:, 3, 0]
    second = flat[:, 0, 0] & flat[:, 1, 1] & flat[:, 2, 0] & flat[:, 3, 1]
    return np.asarray(first | second)


def interval_weights(low: float, high: float, first: int, last: int) -> Floats:
    """Covered length of each cell `first .. last - 1` by the interval `[low, high]`; values in [0, 1]."""
    edges = np.arange(first, last + 1, dtype=np.float64)
    return np.asarray(np.clip(np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0, 1.0))


def cover(polygons: Floats) -> Coverage:
    """Exact covered area of every cell under every polygon.

    Args:
        polygons: `N x P x 2` corners as (column, row) in pixel coordinates, either direction round, not crossing
            themselves. The batch is worked on at once: memory is about 100 bytes for each cell of the bounding boxes.

    Returns:
        The cells with a weight above `SLIVER`, in [0, 1].
    """
    box = bounds(polygons)
    height, width = box[:, 1] - box[:, 0], box[:, 3] - box[:, 2]
    stride = width + 1
    offset = np.concatenate([[0], np.cumsum(height * stride)])
    start = polygons - box[:, None, [2, 0]]
    piece = _cut_at_cells(start)
    owner = piece.edge // polygons.shape[1]
    x_mid = (piece.x[:-1] + piece.x[1:]) / 2
    y_mid = (piece.y[:-1] + piece.y[1:]) / 2
    same = piece.edge[:-1] == piece.edge[1:]
    rise = np.diff(piece.y)
    keep = same & (rise != 0)
    owner, x_mid, y_mid, rise = owner[:-1][keep], x_mid[keep], y_mid[keep], rise[keep]
    column = np.clip(np.floor(x_mid), 0, width[owner] - 1).astype(np.int64)
    row = np.clip(np.floor(y_mid), 0, height[owner] - 1).astype(np.int64)
    at = offset[owner] + row * stride[owner] + column
    left = np.clip(x_mid - column, 0.0, 1.0)
    size = int(offset[-1])
    change = (
        np.bincount(at, rise * (1 - left), minlength=size) + np.bincount(at + 1, rise * left, minlength=size + 1)[:size]
    )
    weight = np.minimum(np.abs(np.cumsum(change)), 1.0)
    flat = np.flatnonzero(weight > SLIVER)
    polygon = np.searchsorted(offset, flat, side="right") - 1
    inside = flat - offset[polygon]
    row, column = inside // stride[polygon], inside % stride[polygon]
    kept = column < width[polygon]
    polygon, row, column = polygon[kept], row[kept], column[kept]
    return Coverage(polygon, row + box[polygon, 0], column + box[polygon, 2], weight[flat[kept]])


class _Pieces(NamedTuple):
    """Points where the edges start, end and cross cell boundaries, ordered by edge and along it."""

    edge: Ints
    x: Floats
    y: Floats


def _cut_at_cells(polygons: Floats) -> _Pieces:
    """Cut every edge where it crosses a row or column boundary, so that each piece lies in one cell."""
    begin = polygons.reshape(-1, 2)
    end = np.roll(polygons, -1, axis=1).reshape(-1, 2)
    delta = end - begin
    edges = np.arange(len(begin), dtype=np.int64)
    edge_parts, time_parts = [edges, edges], [np.zeros(len(begin)), np.ones(len(begin))]
    for axis in (0, 1):
        low = np.floor(np.minimum(begin[:, axis], end[:, axis])) + 1
        high = np.ceil(np.maximum(begin[:, axis], end[:, axis])) - 1
        crossings = np.maximum(high - low + 1, 0).astype(np.int64)
        edge = np.repeat(edges, crossings)
        first = np.cumsum(crossings) - crossings
        line = low[edge] + (np.arange(len(edge)) - first[edge])
        edge_parts.append(edge)
        time_parts.append((line - begin[edge, axis]) / delta[edge, axis])
    edge, time = np.concatenate(edge_parts), np.concatenate(time_parts)
    order = np.lexsort((time, edge))
    edge, time = edge[order], time[order]
    x = begin[edge, 0] + time * delta[edge, 0]
    y = begin[edge, 1] + time * delta[edge, 1]
    return _Pieces(edge, x, y)
