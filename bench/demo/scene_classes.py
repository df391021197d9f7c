"""Scene classification set of the demo world in the layout of UCMerced: one folder a class, small TIFFs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from bench.demo.city_layout import CAR_SIZE, SLOT, car_relief, inside
from bench.demo.drawing import draw_all
from bench.demo.noise import Array, Shape, band, bricks, generator
from bench.demo.optics import Image, Optics, draw_optics, expose, tint
from bench.demo.planet import ARTIFICIAL, BARE, CULTIVATED, FOREST, GRASSLAND, SHRUBLAND, WATER
from bench.demo.scenes import COVERS
from bench.demo.textures import blobs, pixel_grid

VERSION = 2
PER_CLASS = 164
SIZE = 72

SAND = (136, 126, 104)
ASPHALT = (112, 110, 104)

Draw = Callable[[np.random.Generator, Shape, Optics], Array]


def _cover(code: int, low: float, high: float) -> Draw:
    """A scene that one land-cover class fills, at a scale between `low` and `high`."""
    return lambda rng, shape, optics: ground(code, rng, shape, optics, rng.uniform(low, high))


def ground(code: int, rng: np.random.Generator, shape: Shape, optics: Optics, scale: float) -> Array:
    """Reflectance of one land-cover class, H x W x 3."""
    cover = COVERS[code]
    relief = cover.texture(rng, shape, scale, optics.sun)
    return np.asarray(tint(cover.colour, optics, rng) + cover.contrast * relief, dtype=np.float32)


def shore_distance(rng: np.random.Generator, shape: Shape) -> Array:
    """Signed distance in pixels from a wavy line through the image at a random angle."""
    angle = rng.uniform(0, 2 * np.pi)
    x, y = pixel_grid(shape)
    x, y = x - shape[1] * rng.uniform(0.35, 0.65), y - shape[0] * rng.uniform(0.35, 0.65)
    waves = shape[0] / 14 * band(rng, shape, shape[0] / 4, shape[0] * 1.5, 1.2)
    return np.asarray(x * np.cos(angle) + y * np.sin(angle) + waves, dtype=np.float32)


def _beach(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Sea, a line of foam, sand, and plants behind it."""
    distance = shore_distance(rng, shape)
    sand = tint(SAND, optics, rng) + 5 * band(rng, shape, 2, 8, 0.3)[..., None]
    land = np.where((distance > rng.uniform(14, 40))[..., None], ground(SHRUBLAND, rng, shape, optics, 1.2), sand)
    foam = 55 * np.exp(-(((distance + 2) / 2.2) ** 2)) * (1 + 0.4 * band(rng, shape, 3, 14))
    scene = np.where((distance > 0)[..., None], land, ground(WATER, rng, shape, optics, 0.9))
    return np.asarray(scene + foam[..., None], dtype=np.float32)


def _river(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """A stream between two banks of one land cover."""
    bank = ground(int(rng.choice([FOREST, GRASSLAND, CULTIVATED, BARE])), rng, shape, optics, 1.3)
    stream = np.abs(shore_distance(rng, shape)) < rng.uniform(6, 13)
    return np.where(stream[..., None], ground(WATER, rng, shape, optics, 0.7), bank)


def _parking_lot(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Rows of bays with cars on asphalt."""
    x, y = pixel_grid(shape)
    angle, shift = rng.uniform(0, np.pi), rng.uniform(0, 100, 2)
    bay = bricks(x + shift[0], y + shift[1], angle, SLOT)
    used = bay.row % 3 != 0
    lines = 40 * (used & (bay.u < 0.9))
    asphalt = tint(ASPHALT, optics, rng) + (4 * band(rng, shape, 2, 6, 0) + lines)[..., None]
    parked = used & inside(bay, *CAR_SIZE) & (bay.uniform(rng) < rng.uniform(0.3, 0.95))
    return np.where(parked[..., None], tint(ASPHALT, optics, rng) + 30 * car_relief(rng, bay), asphalt)


def _golf_course(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Mown fairways with bunkers of sand, rough grass, and clumps of trees."""
    fairway = band(rng, shape, 35, 110)
    mown = tint(COVERS[GRASSLAND].colour, optics, rng) + 2.5 * band(rng, shape, 2, 6)[..., None]
    scene = np.where((fairway > 0)[..., None], mown, ground(GRASSLAND, rng, shape, optics, 1.3))
    bunkers = band(rng, shape, 10, 22, 0.5) > 1.9
    scene = np.where((bunkers & (fairway > -0.4))[..., None], tint(SAND, optics, rng) + 25, scene)
    height, _ = blobs(rng, shape, 10.0, 0.85)
    trees = (height > 0.05) & (fairway < -0.4)
    return np.where(trees[..., None], ground(FOREST, rng, shape, optics, 1.4), scene)


CLASSES: dict[str, Draw] = {
    "agricultural": _cover(CULTIVATED, 0.9, 1.7),
    "beach": _beach,
    "chaparral": _cover(SHRUBLAND, 1.0, 1.7),
    "denseresidential": _cover(ARTIFICIAL, 1.2, 2.2),
    "forest": _cover(FOREST, 1.0, 2.0),
    "golfcourse": _golf_course,
    "parkinglot": _parking_lot,
    "river": _river,
}


def render_scene(seed: int, name: str, index: int, size: int) -> Image:
    """One image of class `name`; every tenth is a pixel short, as some of the real ones are."""
    rng = generator(seed, "scene", name, index)
    shape = (size, size - 1 if index % 10 == 9 else size)
    optics = draw_optics(rng, cloudy=0.0)
    return expose(CLASSES[name](rng, shape, optics), optics, rng)


def write_scene_classes(folder: Path, seed: int, per_class: int, size: int) -> None:
    """Write `UCMerced_LandUse/Images/<class>/<class>NNN.tif` under `folder`."""
    images = folder / "UCMerced_LandUse" / "Images"
    for name in CLASSES:
        (images / name).mkdir(parents=True)
    draw_all(
        [partial(_write, images / name, seed, name, index, size) for name in CLASSES for index in range(per_class)]
    )


def _write(folder: Path, seed: int, name: str, index: int, size: int) -> None:
    Picture.fromarray(render_scene(seed, name, index, size)).save(folder / f"{name}{index:03d}.tif")
