"""Cutting images into square slices that cover every pixel."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.protocol_parts import Slices


@dataclass(frozen=True)
class Window:
    """A square of an image: left and top pixel and side; it may reach over the right and the lower edge."""

    x: int
    y: int
    size: int


def windows(height: int, width: int, slices: Slices) -> list[Window]:
    """Windows that cover an image, row by row.

    Neighbours overlap by `overlap` of a side. The last of a row or column reaches over the edge where the image does
    not end with it.

    Args:
        height: of the image in pixels.
        width: of the image in pixels.
        slices: side and overlap.
    """
    step = max(1, round(slices.size * (1 - slices.overlap)))
    tops, lefts = _starts(height, slices.size, step), _starts(width, slices.size, step)
    return [Window(left, top, slices.size) for top in tops for left in lefts]


def cut(image: NDArray[Any], slices: Slices, fill: int) -> Iterator[tuple[Window, NDArray[Any]]]:
    """Slices of an image in memory, H x W or H x W x C, with their windows."""
    for window in windows(image.shape[0], image.shape[1], slices):
        part = image[window.y : window.y + window.size, window.x : window.x + window.size]
        yield window, padded(part, window.size, fill)


def padded(part: NDArray[Any], size: int, fill: int) -> NDArray[Any]:
    """Fill a part up to `size` x `size` at its right and lower edge."""
    if part.shape[:2] == (size, size):
        return part
    full = np.full((size, size, *part.shape[2:]), fill, dtype=part.dtype)
    full[: part.shape[0], : part.shape[1]] = part
    return full


def _starts(length: int, size: int, step: int) -> list[int]:
    last = max(0, -(-(length - size) // step))
    return [i * step for i in range(last + 1)]
