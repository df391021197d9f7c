"""Applying a geotransform to arrays of coordinates."""

from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import ArrayLike, NDArray


def apply(transform: Affine, column: ArrayLike, row: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """World coordinates x and y of pixel corners; the inverse transform turns world into pixel coordinates."""
    column, row = np.asarray(column, dtype=np.float64), np.asarray(row, dtype=np.float64)
    x = transform.a * column + transform.b * row + transform.c
    y = transform.d * column + transform.e * row + transform.f
    return x, y
