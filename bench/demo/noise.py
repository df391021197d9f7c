"""Seeded randomness and smooth random fields, the raw matter of the demo world."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from bench.core.seeding import derive

Array = NDArray[np.float32]
Shape = tuple[int, int]

TABLE = 256  # side of the periodic tables that give a cell of a grid its random value


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """A generator that depends on nothing but the seed and the names, so that no two uses share a stream."""
    return np.random.default_rng(derive(seed, *names))


@lru_cache(maxsize=8)
def _squared_frequency(shape: Shape) -> Array:
    """Squared spatial frequency of each term of a real FFT, cycles per pixel; the mean's is kept above 0."""
    squared = fft.fftfreq(shape[0])[:, None] ** 2 + fft.rfftfreq(shape[1])[None, :] ** 2
    return np.maximum(squared, 1e-8).astype(np.float32)


@lru_cache(maxsize=32)
def _band_pass(shape: Shape, shortest: float, longest: float, slope: float) -> Array:
    """How much of each term of a real FFT is kept: Butterworth edges of the fourth order, and a slope between them."""
    squared = _squared_frequency(shape)
    # Written with squares because powers are slow.
    high, low = np.square(squared * np.float32(shortest**2)), np.square(squared * np.float32(longest**2))
    slopes = squared ** np.float32(-(slope + 1) / 2)
    return np.asarray(slopes / ((1 + np.square(high)) * (1 + 1 / np.square(low))), dtype=np.float32)


def band(rng: np.random.Generator, shape: Shape, shortest: float, longest: float, slope: float = 1.0) -> Array:
    """Periodic Gaussian noise with wavelengths between `shortest` and `longest` pixels.

    Args:
        rng: source of randomness.
        shape: height and width in pixels.
        shortest: shortest wavelength in pixels, at least 2.
        longest: longest wavelength in pixels.
        slope: amplitude grows as wavelength to this power; 0 is white inside the band.

    Returns:
        Array of `shape` with mean 0 and variance 1.
    """
    keep = _band_pass(shape, shortest, longest, slope)
    field = fft.irfft2(fft.rfft2(rng.standard_normal(shape, dtype=np.float32)) * keep, s=shape)
    field -= field.mean()
    return np.asarray(field / max(float(field.std()), 1e-9), dtype=np.float32)


def lookup(field: Array, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> Array:
    """Values of a periodic field at fractional positions, bilinear."""
    value = ndimage.map_coordinates(field, [rows, columns], order=1, mode="grid-wrap", output=np.float32)
    return np.asarray(value, dtype=np.float32)


def hillshade(height: Array, azimuth: float) -> Array:
    """Slope of a surface towards the light, in height units a pixel; positive faces the light.

    Args:
        height: surface, H x W.
        azimuth: where the light comes from, radians clockwise from image up.
    """
    down, right = np.gradient(height)
    return np.asarray(-(right * np.sin(azimuth) - down * np.cos(azimuth)), dtype=np.float32)


@dataclass(frozen=True)
class Cells:
    """Which cell of a rotated brick pattern each point lies in, and where inside it.

    Attributes:
        row: index of the course, any shape.
        column: index within the course.
        u: distance along the course from the cell's start, in the unit of the coordinates.
        v: distance across the course from the cell's start.
        width: length of the cell along the course.
        height: length across.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    u: Array
    v: Array
    width: float
    height: float

    def draw(self, rng: np.random.Generator, *channels: int) -> Array:
        """One standard normal value (or one per channel) for each cell, laid out as the points are."""
        table = rng.standard_normal((TABLE * TABLE, *channels), dtype=np.float32)
        return np.take(table, self._places, axis=0)

    def uniform(self, rng: np.random.Generator) -> Array:
        """One value in [0, 1) for each cell."""
        return np.take(rng.random(TABLE * TABLE, dtype=np.float32), self._places)

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        """Where each point's cell lies in a periodic table of `TABLE` rows and columns, a power of two."""
        return (self.row & (TABLE - 1)) * TABLE + (self.column & (TABLE - 1))


def bricks(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    angle: float,
    size: tuple[float, float],
    shift: Array | None = None,
) -> Cells:
    """Cut the plane into a rotated brick pattern.

    Args:
        x: coordinate to the right.
        y: coordinate along the other axis, same shape.
        angle: rotation of the courses, radians.
        size: length of a cell along its course, and across.
        shift: offset of each course as a share of `width` (used periodically); None for a plain grid.
    """
    width, height = size
    along = x * np.cos(angle) + y * np.sin(angle)
    across = y * np.cos(angle) - x * np.sin(angle)
    row = np.floor(across / height).astype(np.int64)
    if shift is not None:
        along = along + shift[row % len(shift)] * width
    column = np.floor(along / width).astype(np.int64)
    return Cells(
        row,
        column,
        (along - column * width).astype(np.float32),
        (across - row * height).astype(np.float32),
        width,
        height,
    )


def brick_centres(
    cells: Cells, angle: float, shift: Array | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates of the centre of each point's cell: the inverse of `bricks`."""
    along = (cells.column + 0.5) * cells.width
    if shift is not None:
        along = along - shift[cells.row % len(shift)] * cells.width
    across = (cells.row + 0.5) * cells.height
    return along * np.cos(angle) - across * np.sin(angle), along * np.sin(angle) + across * np.cos(angle)
