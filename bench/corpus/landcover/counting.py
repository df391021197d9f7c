"""Counting class indices under footprints of one grid (Eq. 5, each cell by the share of it that is covered)."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from bench.corpus.landcover import coverage
from bench.corpus.landcover.product import UNKNOWN

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Read = Callable[[Ints], NDArray[np.uint8]]
"""Class indices of a window (first row, end row, first column, end column)."""

CHUNK = 1024
"""Footprints that start in one square of this many cells are read together."""

MAX_CELLS = 2**24
"""Cells read at once: 16 MiB of class indices."""

WEIGHED_CELLS = 2**17
"""Cells whose exact weights are worked out at once: their arrays fit in a processor's cache, which halves the time."""

FRAMED_CELLS = 2**20
"""Cells of an outline of which only the border is weighed: a box inside it is counted whole, which is many times faster."""

BLOCK = 1024
"""Side of the blocks that one very large footprint is worked through in."""


def count_under(polygons: Floats, read: Read) -> Floats:
    """Area of each class index under each outline.

    Args:
        polygons: `N x P x 2` outlines as (column, row); convex.
        read: gives the class indices of a window.

    Returns:
        `N x UNKNOWN` areas in cells.
    """
    counts = np.zeros((len(polygons), UNKNOWN))
    box = coverage.bounds(polygons)
    straight = coverage.rectangles(polygons)
    for members in _together(box):
        window = _union(box[members])
        if cells_in(window) > MAX_CELLS:
            for index in members:
                counts[index] = _count_large(polygons[index], box[index], read)
            continue
        region = read(window)
        for index in members[straight[members]]:
            counts[index] = _count_rectangle(region, window, polygons[index], box[index])
        large = _box_cells(box) > FRAMED_CELLS
        for index in members[~straight[members] & large[members]]:
            counts[index] = _count_framed(region, window, polygons[index], box[index])
        turned = members[~straight[members] & ~large[members]]
        for some in _batches(turned, box):
            counts[some] = _count_polygons(region, window, polygons[some])
    return counts


def cells_in(window: Ints) -> int:
    """Number of cells of a window."""
    return int((window[1] - window[0]) * (window[3] - window[2]))


def _box_cells(box: Ints) -> Ints:
    return np.asarray((box[:, 1] - box[:, 0]) * (box[:, 3] - box[:, 2]))


def _union(box: Ints) -> Ints:
    return np.array([box[:, 0].min(), box[:, 1].max(), box[:, 2].min(), box[:, 3].max()])


def _together(box: Ints) -> Iterator[Ints]:
    """Indices of footprints to be read at once: those that start in one chunk."""
    if not len(box):
        return
    key = np.stack([box[:, 0] // CHUNK, box[:, 2] // CHUNK], axis=1)
    order = np.lexsort((key[:, 1], key[:, 0]))
    breaks = np.flatnonzero((np.diff(key[order], axis=0) != 0).any(axis=1)) + 1
    yield from np.split(order, breaks)


def _batches(members: Ints, box: Ints) -> Iterator[Ints]:
    """Split footprints so that the cells under each batch fit in memory with their weights."""
    size = (box[members, 1] - box[members, 0]) * (box[members, 3] - box[members, 2] + 1)
    batch = np.cumsum(size) // WEIGHED_CELLS
    breaks = np.flatnonzero(np.diff(batch)) + 1
    yield from (part for part in np.split(members, breaks) if len(part))


def _count_rectangle(region: NDArray[np.uint8], window: Ints, polygon: Floats, box: Ints) -> Floats:
    """Counts under a rectangle along the axes: a plain histogram on whole cells, weighted at a cut border."""
    part = region[box[0] - window[0] : box[1] - window[0], box[2] - window[2] : box[3] - window[2]]
    (left, top), (right, bottom) = polygon.min(axis=0), polygon.max(axis=0)
    slack = max(left - box[2], box[3] - right, top - box[0], box[1] - bottom)
    if slack <= coverage.ALIGNED:
        return np.asarray(np.bincount(part.ravel(), minlength=UNKNOWN), dtype=np.float64)
    rows = coverage.interval_weights(top, bottom, box[0], box[1])
    columns = coverage.interval_weights(left, right, box[2], box[3])
    weights = np.outer(rows, columns).ravel()
    return np.asarray(np.bincount(part.ravel(), weights=weights, minlength=UNKNOWN), dtype=np.float64)


def _count_polygons(region: NDArray[np.uint8], window: Ints, polygons: Floats) -> Floats:
    cells = coverage.cover(polygons)
    value = region[cells.row - window[0], cells.column - window[2]]
    flat = np.bincount(cells.polygon * UNKNOWN + value, weights=cells.weight, minlength=len(polygons) * UNKNOWN)
    return np.asarray(flat, dtype=np.float64).reshape(len(polygons), UNKNOWN)


def _count_framed(region: NDArray[np.uint8], window: Ints, polygon: Floats, box: Ints) -> Floats:
    """Counts under one outline of many cells: a histogram of a box inside it, and exact weights in the frame around."""
    inner = _box_inside(polygon, box)
    if inner is None:
        return np.asarray(_count_polygons(region, window, polygon[None])[0])
    (top, bottom, left, right), (first, end, begin, stop) = box, inner
    whole = region[first - window[0] : end - window[0], begin - window[2] : stop - window[2]]
    counts = np.bincount(whole.ravel(), minlength=UNKNOWN).astype(np.float64)
    for block in (
        (top, first, left, right),
        (end, bottom, left, right),
        (first, end, left, begin),
        (first, end, stop, right),
    ):
        clipped = clip(polygon, np.array(block))
        if len(clipped) >= 3:
            counts += _count_polygons(region, window, clipped[None])[0]
    return counts


def _box_inside(polygon: Floats, box: Ints) -> Ints | None:
    """A box of whole cells that a convex outline covers wholly, at one distance from all sides of the box around it."""
    margin = 1
    while True:
        inner: Ints = box + np.array([margin, -margin, margin, -margin])
        if inner[0] >= inner[1] or inner[2] >= inner[3]:
            return None
        if coverage.areas(clip(polygon, inner)[None])[0] >= cells_in(inner) * (1 - 1e-10):
            return inner
        margin = margin * 5 // 4 + 1


def _count_large(polygon: Floats, box: Ints, read: Read) -> Floats:
    """Counts under one footprint of very many cells, worked through in blocks."""
    counts = np.zeros(UNKNOWN)
    for row in range(int(box[0]), int(box[1]), BLOCK):
        for column in range(int(box[2]), int(box[3]), BLOCK):
            block = np.array([row, min(row + BLOCK, box[1]), column, min(column + BLOCK, box[3])])
            clipped = clip(polygon, block)
            if len(clipped) >= 3:
                counts += _count_polygons(read(block), block, clipped[None])[0]
    return counts


def clip(polygon: Floats, block: Ints) -> Floats:
    """The part of a convex outline inside a block of cells (Sutherland and Hodgman, 1974).

    Returns:
        `P' x 2`; fewer than 3 rows where nothing is inside.
    """
    for axis, limit, sign in ((1, block[0], 1), (1, block[1], -1), (0, block[2], 1), (0, block[3], -1)):
        distance = sign * (polygon[:, axis] - limit)
        kept: list[Floats] = []
        for index, here in enumerate(distance):
            following = (index + 1) % len(polygon)
            there = distance[following]
            if here >= 0:
                kept.append(polygon[index])
            if here * there < 0:
                kept.append(polygon[index] + here / (here - there) * (polygon[following] - polygon[index]))
        if len(kept) < 3:
            return np.empty((0, 2))
        polygon = np.array(kept)
    return polygon
