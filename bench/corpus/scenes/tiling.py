"""Where the tiles of a scene lie."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from bench.core.errors import CorpusError
from bench.corpus.scenes.crs import apply


@dataclass(frozen=True)
class Windows:
    """Square windows of a scene in raster order.

    Attributes:
        size: side in pixels.
        rows, columns: first row of each row of windows, first column of each column of windows.
    """

    size: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def origins(self) -> NDArray[np.int64]:
        """First row and column of every window; `N x 2`."""
        rows, columns = np.meshgrid(self.rows, self.columns, indexing="ij")
        return np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.int64)

    def footprints(self, transform: Affine) -> NDArray[np.float64]:
        """Corners of every window in the scene's coordinates, going round; `N x 4 x 2`."""
        return footprints_at(self.origins(), self.size, transform)


def footprints_at(origins: NDArray[np.number[Any]], size: int, transform: Affine) -> NDArray[np.float64]:
    """Corners of tiles in the scene's coordinates, going round from the first pixel; `N x 4 x 2`.

    Args:
        origins: `N x 2` first row and column, within the scene or not.
        size: side of a tile in pixels.
        transform: of the scene, pixel corner to world.
    """
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)], dtype=np.float64) * size
    at = origins[:, None, :] + corners[None]
    return np.stack(apply(transform, at[..., 1], at[..., 0]), axis=-1)


def stride_of(size: int, overlap: float) -> int:
    """Pixels from one tile to the next: 205 for tiles of 256 that overlap by 0.2 (paper, section IV-A).

    Raises:
        CorpusError: a size below 8 or an overlap outside [0, 1).
    """
    if size < 8:
        raise CorpusError(f"tile size {size} is too small: use 8 or more")
    if not 0 <= overlap < 1:
        raise CorpusError(f"overlap {overlap} is not in [0, 1)")
    return max(1, round(size * (1 - overlap)))


def windows_of(height: int, width: int, size: int, overlap: float) -> Windows:
    """Windows of a scene, from its first corner; what is left at the far edges (less than a stride) is not used."""
    stride = stride_of(size, overlap)
    rows = tuple(range(0, height - size + 1, stride))
    columns = tuple(range(0, width - size + 1, stride))
    return Windows(size, rows, columns)
