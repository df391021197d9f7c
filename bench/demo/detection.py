"""Detection set of the demo world in the layout of Levir: images, and beside each a text file of boxes."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from bench.demo.drawing import draw_all
from bench.demo.noise import Array, Shape, band, bricks, generator
from bench.demo.optics import Image, Optics, draw_optics, expose, tint
from bench.demo.planet import ARTIFICIAL, BARE, CULTIVATED, FOREST, GRASSLAND, WATER
from bench.demo.scene_classes import ASPHALT, Draw, ground, shore_distance
from bench.demo.textures import pixel_grid
from bench.demo.vehicles import AIRPLANE, OIL_TANK, SHIP, Box, Pose, stamp

VERSION = 3
COUNT = 1340
SIZE = (64, 64)  # width, height: one slice, with whole objects that are large in it
EMPTY = 0.2  # share of images without objects

Boxes = list[tuple[int, Box]]


def _apron(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Concrete slabs with guide lines beside grass and a terminal."""
    x, y = pixel_grid(shape)
    angle = rng.uniform(0, np.pi)
    slab = bricks(x, y, angle, (26, 26))
    far = bricks(x, y, angle, (170, 90), rng.random(8, dtype=np.float32))
    lines = 28 * (np.abs(far.v - 45) < 1) - 7 * ((slab.u < 1) | (slab.v < 1)) + 3 * slab.draw(rng)
    concrete = tint(ASPHALT, optics, rng) + 8 + (lines + 3 * band(rng, shape, 2, 8, 0.2))[..., None]
    scene = np.where((shore_distance(rng, shape) > 80)[..., None], ground(GRASSLAND, rng, shape, optics, 1.3), concrete)
    terminal = (far.u < 60) & (far.v < 26) & (far.uniform(rng) < 0.5)
    return np.where(terminal[..., None], ground(ARTIFICIAL, rng, shape, optics, 2.5), scene)


def _sea(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Open water; sometimes with a coast, which keeps to one side."""
    water = ground(WATER, rng, shape, optics, rng.uniform(0.6, 1.4))
    if rng.random() < 0.5:
        return water
    land = ground(int(rng.choice([ARTIFICIAL, BARE, FOREST])), rng, shape, optics, 1.5)
    return np.where((shore_distance(rng, shape) > 95)[..., None], land, water)


def _depot(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Industrial ground with service roads."""
    x, y = pixel_grid(shape)
    base = ground(int(rng.choice([BARE, GRASSLAND])), rng, shape, optics, 1.3)
    yard = bricks(x, y, rng.uniform(0, np.pi), (96, 74))
    road = (yard.u < 9) | (yard.v < 9)
    asphalt = tint(ASPHALT, optics, rng) + 3 * band(rng, shape, 2, 6, 0)[..., None]
    scene = np.where(road[..., None], asphalt, base)
    built = ~road & (yard.uniform(rng) < 0.25)
    return np.where(built[..., None], ground(ARTIFICIAL, rng, shape, optics, 2.0), scene)


def _countryside(rng: np.random.Generator, shape: Shape, optics: Optics) -> Array:
    """Ground of one class, for images without objects."""
    code = int(rng.choice([ARTIFICIAL, CULTIVATED, FOREST, GRASSLAND, WATER]))
    return ground(code, rng, shape, optics, 1.4)


# Background, class, shortest and longest object in pixels, most objects in one image.
SETTINGS: tuple[tuple[Draw, int, float, float, int], ...] = (
    (_apron, AIRPLANE, 30, 48, 1),
    (_sea, SHIP, 30, 52, 1),
    (_depot, OIL_TANK, 22, 34, 2),
)


def render_detection(seed: int, index: int, size: tuple[int, int]) -> tuple[Image, Boxes]:
    """One image of `size` (width, height) and its boxes as (class, (x1, y1, x2, y2)) in pixel edges."""
    rng = generator(seed, "detection", index)
    optics = draw_optics(rng, cloudy=0.0, variety=0.7)
    shape = (size[1], size[0])
    background, kind, shortest, longest, most = SETTINGS[index % len(SETTINGS)]
    if rng.random() < EMPTY:
        empty = background if rng.random() < 0.5 else _countryside
        return expose(empty(rng, shape, optics), optics, rng), []
    scene = background(rng, shape, optics)
    tone = tint((np.clip(rng.normal(180, 30), 90, 230),) * 3, optics, rng, 0.3).mean()
    boxes: Boxes = []
    for pose in _poses(rng, size, (shortest, longest), int(rng.integers(1, most + 1)), float(tone)):
        boxes.append((kind, stamp(scene, kind, pose, optics.sun)))
    return expose(scene, optics, rng), boxes


def _poses(
    rng: np.random.Generator, size: tuple[int, int], lengths: tuple[float, float], count: int, tone: float
) -> list[Pose]:
    """Poses of up to `count` objects of about one size that do not touch."""
    typical = rng.uniform(*lengths)
    heading = rng.uniform(0, 2 * np.pi)
    poses: list[Pose] = []
    for _ in range(20 * count):
        length = float(np.clip(typical * rng.uniform(0.8, 1.25), *lengths))
        turned = heading + rng.normal(0, 0.15) if rng.random() < 0.5 else rng.uniform(0, 2 * np.pi)
        x, y = (rng.uniform(length * 0.45, side - length * 0.45) for side in size)
        if all(np.hypot(x - p.x, y - p.y) > 0.6 * (length + p.length) for p in poses):
            poses.append(Pose(x, y, length, turned, tone * rng.uniform(0.85, 1.15)))
        if len(poses) == count:
            break
    return poses


def write_detection(folder: Path, seed: int, count: int, size: tuple[int, int]) -> None:
    """Write `<NNNNN>.jpg` and `<NNNNN>.txt` (a line `class x1 y1 x2 y2` for each object) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    draw_all([partial(_write, folder, seed, index, size) for index in range(count)])


def _write(folder: Path, seed: int, index: int, size: tuple[int, int]) -> None:
    image, boxes = render_detection(seed, index, size)
    Picture.fromarray(image).save(folder / f"{index + 1:05d}.jpg", quality=95)
    lines = [f"{kind} {' '.join(map(str, box))}\n" for kind, box in boxes]
    (folder / f"{index + 1:05d}.txt").write_text("".join(lines))
