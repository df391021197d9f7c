"""Turning a scene's values into those of its tiles: as they are, by a fixed range, or by percentiles of the scene."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError

SAMPLE_BLOCKS, SAMPLE_SIDE = 12, 128
"""Percentiles are taken over a lattice of up to 12 x 12 blocks of 128 x 128 pixels: 2.4 million pixels at most."""


@dataclass(frozen=True)
class Levels:
    """Values that become 0 and the largest value of a tile, by band; between them the scale is linear.

    Attributes:
        low, high: one value for each band.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def before(self, offsets: tuple[float, ...]) -> "Levels":
        """The same levels for values to which offsets (by band) have still to be added."""
        low, high = (tuple(end - by for end, by in zip(ends, offsets, strict=True)) for ends in (self.low, self.high))
        return Levels(low, high)

    def apply(self, values: NDArray[np.generic], bands: Bands = RGB) -> NDArray[Any]:
        """Scale `B x H x W` values to those of a tile with these bands, clipped and rounded; NaN becomes 0."""
        return np.stack([self._band(band, index, bands) for index, band in enumerate(values)])

    def _band(self, values: NDArray[np.generic], index: int, bands: Bands) -> NDArray[Any]:
        if values.dtype in (np.uint8, np.uint16, np.int16):
            offset = 32768 if values.dtype == np.int16 else 0
            table = self._scale(np.arange(-offset, 65536 - offset, dtype=np.float32), index, bands)
            return table[values.astype(np.int32) + offset]
        return self._scale(values.astype(np.float32), index, bands)

    def _scale(self, values: NDArray[np.float32], index: int, bands: Bands) -> NDArray[Any]:
        span = max(self.high[index] - self.low[index], 1e-12)
        scaled = np.clip((values - self.low[index]) * (bands.highest / span), 0, bands.highest)
        return np.asarray(np.rint(np.nan_to_num(scaled)), dtype=bands.dtype)


@dataclass(frozen=True)
class Stretch:
    """How stored values become those of a tile, of 8 or 16 bits.

    Attributes:
        kind: `none` (values as they are, which have to be of the tile's type), `range` (fixed values), `percentile` (of each scene and band).
        low, high: the range's ends, or percentiles in [0, 100].
    """

    kind: Literal["none", "range", "percentile"] = "none"
    low: float = 2.0
    high: float = 98.0

    @classmethod
    def parse(cls, text: str) -> "Stretch":
        """Read `none`, `percentile`, `percentile:LOW,HIGH` or `LOW:HIGH`.

        Raises:
            CorpusError: none of these.
        """
        number = r"(-?\d+(?:\.\d+)?)"
        if text == "none":
            return cls()
        if text == "percentile":
            return cls("percentile")
        match = re.fullmatch(rf"percentile:{number},{number}", text)
        if match and 0 <= float(match[1]) < float(match[2]) <= 100:
            return cls("percentile", float(match[1]), float(match[2]))
        match = re.fullmatch(rf"{number}:{number}", text)
        if match and float(match[1]) < float(match[2]):
            return cls("range", float(match[1]), float(match[2]))
        raise CorpusError(f"stretch {text!r} is not understood: use none, percentile:2,98 or a range like 0:3000")

    def __str__(self) -> str:
        """The form that `parse` reads."""
        if self.kind == "none":
            return "none"
        return f"percentile:{self.low:g},{self.high:g}" if self.kind == "percentile" else f"{self.low:g}:{self.high:g}"

    def levels(self, sample: NDArray[np.generic] | None, bands: int) -> Levels:
        """The levels of one scene.

        Args:
            sample: `B x N` real values of the scene; needed for percentiles.
            bands: how many there are.
        """
        if sample is None or self.kind == "range":
            return Levels((self.low,) * bands, (self.high,) * bands)
        if sample.shape[1] == 0:
            return Levels((0.0,) * bands, (1.0,) * bands)
        ends = np.percentile(sample.astype(np.float64), [self.low, self.high], axis=1)
        low, high = (tuple(float(v) for v in end) for end in ends)
        return Levels(low, high)


def sample_windows(height: int, width: int) -> Iterator[Window]:
    """Blocks on a fixed lattice across a scene, so that its levels are the same on every run."""
    for row in _lattice(height):
        for column in _lattice(width):
            yield Window(column, row, min(SAMPLE_SIDE, width - column), min(SAMPLE_SIDE, height - row))


def _lattice(length: int) -> list[int]:
    blocks = min(SAMPLE_BLOCKS, max(1, -(-length // SAMPLE_SIDE)))
    if blocks * SAMPLE_SIDE >= length:
        return list(range(0, length, SAMPLE_SIDE))
    return [int(start) for start in np.linspace(0, length - SAMPLE_SIDE, blocks)]
