"""What each kind of ground looks like from above, in pixels: one function a texture.

Every texture is a relief around 0, H x W x 1 (grey) or H x W x 3 (coloured), with a standard deviation near 1; the
renderer scales it by a contrast and adds a mean colour. `scale` stretches all lengths (1 is about 8 m a pixel in the
corpus); `sun` is the light's azimuth in radians. The corpus and the downstream sets share these functions, which is
what a pretrained network can carry from one to the other.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bench.demo.noise import Array, Cells, Shape, band, bricks, hillshade

Texture = Callable[[np.random.Generator, Shape, float, float], Array]


def pixel_grid(shape: Shape) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Column and row coordinates of every pixel, both H x W."""
    rows, columns = np.indices(shape, dtype=np.float64)
    return columns, rows


def standardise(relief: NDArray[np.floating]) -> Array:
    """Shift to mean 0 and scale to standard deviation 1 over the image; H x W becomes H x W x 1."""
    relief = relief if relief.ndim == 3 else relief[..., None]
    return np.asarray((relief - relief.mean(axis=(0, 1))) / max(float(relief.std()), 1e-6), dtype=np.float32)


def blobs(rng: np.random.Generator, shape: Shape, diameter: float, spacing: float) -> tuple[Array, Array]:
    """Half-spheres on a jittered lattice, as tree crowns stand.

    Args:
        rng: source of randomness.
        shape: H, W.
        diameter: mean diameter in pixels.
        spacing: distance of neighbours in diameters; below 1 they close up.

    Returns:
        Height of the surface in radii (0 between the blobs) and each blob's own tone (standard normal), both H x W.
    """
    step = diameter * spacing
    rows, columns = np.meshgrid(
        np.arange(0, shape[0] + step, step), np.arange(0, shape[1] + step, step * 1.1), indexing="ij"
    )
    columns = columns + step * 0.55 * (np.arange(rows.shape[0])[:, None] % 2)
    points = np.stack([rows, columns], axis=-1) + rng.uniform(-0.38, 0.38, (*rows.shape, 2)) * step
    row, column = points.reshape(-1, 2).astype(int).T
    inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    empty = np.ones(shape, dtype=bool)
    empty[row[inside], column[inside]] = False
    distance, nearest = ndimage.distance_transform_edt(empty, return_indices=True)
    seat = nearest[0] * shape[1] + nearest[1]
    radius = (rng.uniform(0.35, 0.65, shape[0] * shape[1]).astype(np.float32) * diameter)[seat]
    tone = rng.standard_normal(shape[0] * shape[1], dtype=np.float32)[seat]
    height = np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1))
    return np.asarray(height, dtype=np.float32), tone


def crowns(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Closed forest: crowns lit from one side, dark gaps between them."""
    height, tone = blobs(rng, shape, 7.0 * scale, 0.85)
    light = hillshade(height * 3.5 * scale, sun)
    return standardise(1.1 * height + 0.8 * light + 0.35 * tone * (height > 0) + 0.3 * band(rng, shape, 30, 200))


def bushes(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Shrubland: small dark crowns, far apart, on soft ground."""
    height, tone = blobs(rng, shape, 4.5 * scale, 1.7)
    ground = 0.5 * band(rng, shape, 3, 12) + 0.4 * band(rng, shape, 30, 150)
    return standardise(-2.2 * height * (1 + 0.2 * tone) + 1.2 * hillshade(height * 2, sun) + ground)


def furrows(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Farmland: field parcels, each with its own colour and its own rows of crop; light plays no part."""
    del sun
    angle = rng.uniform(0, np.pi)
    x, y = pixel_grid(shape)
    warp = 6 * scale * min(1.0, min(shape) / 400) * band(rng, shape, 80, 400)
    shift = rng.random(64, dtype=np.float32)
    field = bricks(x + warp, y - warp, angle, (58 * scale, 34 * scale), shift)
    turned = angle + np.pi / 2 * (field.uniform(rng) < 0.4) + 0.15 * field.draw(rng)
    wavelength = scale * (4.2 + 3.2 * field.uniform(rng))
    phase = 2 * np.pi * (x * np.cos(turned) + y * np.sin(turned)) / wavelength + 6 * field.uniform(rng)
    strength = 0.35 + 0.9 * field.uniform(rng)
    edge = np.minimum(np.minimum(field.u, field.width - field.u), np.minimum(field.v, field.height - field.v))
    rows = strength * np.sin(phase) - 1.2 * (edge < 1.1 * scale) + 0.25 * band(rng, shape, 2, 8)
    return standardise(rows[..., None] + 0.7 * field.draw(rng)[..., None] + 0.35 * field.draw(rng, 3))


def roof(cell: Cells, inset: Array, rng: np.random.Generator, sun: float, angle: float) -> tuple[Array, Array]:
    """One gabled or flat roof in each cell of a grid.

    Args:
        cell: the grid of building lots.
        inset: free width around the roof in pixels, H x W.
        rng: source of randomness.
        sun: the light's azimuth.
        angle: rotation of the grid.

    Returns:
        Mask of the roofs (0 or 1) and their relief, H x W x 3.
    """
    mask = (np.minimum(cell.u, cell.width - cell.u) > inset) & (np.minimum(cell.v, cell.height - cell.v) > inset)
    gabled = cell.uniform(rng) < 0.6
    along = cell.uniform(rng) < 0.5
    side = np.where(along, np.sign(cell.v - cell.height / 2), np.sign(cell.u - cell.width / 2))
    facing = np.where(along, np.cos(sun - angle), np.sin(sun - angle))
    tint = cell.draw(rng, 3) * np.float32(0.3) + cell.draw(rng)[..., None] * np.float32(0.9)
    tint = tint + np.array([0.5, 0.0, -0.4], dtype=np.float32) * np.abs(cell.draw(rng))[..., None]
    relief = tint + (0.7 * gabled * side * facing)[..., None]
    return mask.astype(np.float32), np.asarray(relief, dtype=np.float32)


def town(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Built-up land: a street grid, roofs with cast shadows, and small trees in the yards."""
    angle = rng.uniform(0, np.pi / 2)
    x, y = pixel_grid(shape)
    bend = 4 * scale * min(1.0, min(shape) / 400) * band(rng, shape, 150, 500)
    x, y = x + bend, y + bend
    lots = bricks(x, y, angle, (13 * scale, 10 * scale))
    mask, relief = roof(lots, (1.2 + 2.4 * lots.uniform(rng)) * scale, rng, sun, angle)
    mask = mask * (lots.uniform(rng) < 0.85)
    drop = 1.8 * scale
    cast = ndimage.shift(mask, (drop * np.cos(sun), -drop * np.sin(sun)), order=1)
    streets = bricks(x, y, angle, (52 * scale, 30 * scale))
    street = (streets.u < 3.2 * scale) | (streets.v < 3.2 * scale)
    trees, _ = blobs(rng, shape, 4 * scale, 1.5)
    yard = -0.7 * trees + 0.3 * band(rng, shape, 2, 10) - 0.9 * np.clip(cast - mask, 0, 1)
    paved = np.where(street, 0.35 + 0.08 * band(rng, shape, 2, 6), yard)[..., None]
    built = np.where((mask > 0.5)[..., None] & ~street[..., None], 0.5 + relief, paved)
    return standardise(built.astype(np.float32))


def meadow(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Grassland: fine, soft, without direction."""
    del sun
    return standardise(0.8 * band(rng, shape, 2, 5 * scale, 0.5) + 0.6 * band(rng, shape, 25 * scale, 160))


def ripples(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Water: smooth, with faint waves across the wind."""
    wind = sun + rng.uniform(-0.7, 0.7)
    x, y = pixel_grid(shape)
    phase = 2 * np.pi * (x * np.sin(wind) - y * np.cos(wind)) / (9 * scale) + 2.5 * band(rng, shape, 30, 120)
    return standardise(0.6 * np.sin(phase) * (1 + band(rng, shape, 40, 150)) + 0.9 * band(rng, shape, 90, 400))


def rubble(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Bare ground: rough at every scale, with gullies and stones that the light models."""
    height = band(rng, shape, 2, 70 * scale, 1.1)
    stones = np.clip(band(rng, shape, 2, 6, 0) - 1.3, 0, None)
    return standardise(2.2 * hillshade(height, sun) + 0.35 * height + 0.9 * stones)


def marsh(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Wetland: pools with smooth surfaces between mottled reeds."""
    del sun
    pools = 1 / (1 + np.exp(-5 * band(rng, shape, 9 * scale, 40 * scale, 0.6)))
    reeds = 0.55 * band(rng, shape, 2, 5 * scale, 0.2)
    return standardise(1.7 * pools + reeds * pools)


def snow(rng: np.random.Generator, shape: Shape, scale: float, sun: float) -> Array:
    """Snow and ice: bright, smooth, with wind ridges and soft shading."""
    ridge = -2.5 * np.abs(band(rng, shape, 18 * scale, 80 * scale, 1.0))
    return standardise(2.5 * hillshade(ridge.astype(np.float32), sun) + 0.8 * band(rng, shape, 40, 200))
