"""A small labelled set of ground photographs for the demo: things on textured backgrounds, one folder a class."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture
from scipy import ndimage

from bench.demo.drawing import draw_all
from bench.demo.noise import Array, band, generator
from bench.demo.optics import Image
from bench.demo.textures import pixel_grid
from bench.demo.things import THINGS, any_colour

VERSION = 1
PER_CLASS = 60
SIZE = 80


def _background(rng: np.random.Generator, side: int) -> Array:
    """A table, a lawn, boards or a blurred distance: two tones with a texture, often with a horizon."""
    shape = (side, side)
    x, y = pixel_grid(shape)
    kind = rng.integers(4)
    texture: NDArray[np.floating]
    if kind == 0:
        texture = band(rng, shape, 2, 6, 0.2)
    elif kind == 1:
        texture = np.sin(2 * np.pi * x / rng.uniform(14, 40) + 2 * band(rng, shape, 20, 200)) + 0.4 * band(
            rng, shape, 2, 9
        )
    elif kind == 2:
        texture = 1.2 * band(rng, shape, 25, 90)
    else:
        texture = np.abs(band(rng, shape, 6, 30)) * 1.5
    ground = any_colour(rng) + rng.uniform(8, 22) * texture[..., None]
    if rng.random() < 0.5:
        far = any_colour(rng) + 6 * band(rng, shape, 40, 160)[..., None]
        ground = np.where((y < side * rng.uniform(0.2, 0.6))[..., None], far, ground)
    return np.asarray(ground, dtype=np.float32)


def render_natural(seed: int, name: str, index: int, size: int) -> Image:
    """One photograph of class `name`, `size` x `size` x 3; drawn at twice the size for smooth edges."""
    rng = generator(seed, "natural", name, index)
    side = 2 * size
    image: NDArray[np.floating] = _background(rng, side)
    x, y = pixel_grid((side, side))
    reach = side * rng.uniform(0.27, 0.46)
    right, up = (x - side / 2 - rng.normal(0, side * 0.06)) / reach, (side / 2 - y + rng.normal(0, side * 0.06)) / reach
    turn, squeeze = rng.normal(0, 0.35), rng.uniform(0.8, 1.2)
    mirror = rng.choice([-1, 1])
    u = (mirror * (right * np.cos(turn) + up * np.sin(turn)) * squeeze).astype(np.float32)
    v = ((up * np.cos(turn) - right * np.sin(turn)) / squeeze).astype(np.float32)
    shadow = ((u - 0.15) / 0.9) ** 2 + ((v + 0.85) / 0.22) ** 2
    image = image * (1 - 0.45 * np.exp(-shadow))[..., None]
    grain = 1 + 0.06 * band(rng, (side, side), 3, 14)
    for mask, colour in THINGS[name](rng, u, v):
        image = np.where(mask[..., None], colour * grain[..., None], image)
    image = image.reshape(size, 2, size, 2, 3).mean(axis=(1, 3)) * rng.uniform(0.75, 1.2)
    image = ndimage.gaussian_filter(image, (*[rng.uniform(0.2, 0.7)] * 2, 0))
    image += rng.uniform(1, 6) * rng.standard_normal(image.shape)
    return np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8)


def write_natural(folder: Path, seed: int, per_class: int, size: int) -> None:
    """Write `<class>/<class>_NNN.png` under `folder`."""
    for name in THINGS:
        (folder / name).mkdir(parents=True)
    draw_all([partial(_write, folder / name, seed, name, index, size) for name in THINGS for index in range(per_class)])


def _write(folder: Path, seed: int, name: str, index: int, size: int) -> None:
    picture = Picture.fromarray(render_natural(seed, name, index, size))
    picture.save(folder / f"{name}_{index:03d}.png", compress_level=1)
