"""Development images of the demo world: which object is it? The ground, and so the land cover, says nothing of it.

On these pictures the options of pretraining methods are judged. They are on no board; an object of a class lies on
every kind of ground equally often, so that to know land cover helps no method.
"""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image as Picture

from bench.demo.detection import GROUNDS
from bench.demo.drawing import draw_all
from bench.demo.noise import generator
from bench.demo.optics import Image, draw_optics, expose, tint
from bench.demo.vehicles import AIRPLANE, OIL_TANK, SHIP, Pose, stamp

VERSION = 1
PER_CLASS = 240
SIZE = 64
# All kinds are of one size, shortest and longest in pixels of a picture of 64.
LENGTHS = (24.0, 46.0)

CLASSES: dict[str, int | None] = {"airplane": AIRPLANE, "none": None, "oil-tank": OIL_TANK, "ship": SHIP}


def render_object(seed: int, name: str, index: int, size: int) -> Image:
    """One picture of class `name`; its ground follows from the index alone."""
    rng = generator(seed, "object", name, index)
    optics = draw_optics(rng, cloudy=0.0, variety=0.7)
    scene = GROUNDS[index % len(GROUNDS)](rng, (size, size), optics)
    kind = CLASSES[name]
    if kind is not None:
        tone = tint((np.clip(rng.normal(170, 35), 80, 230),) * 3, optics, rng, 0.3).mean()
        length = rng.uniform(*LENGTHS) * size / SIZE
        x, y = rng.uniform(length * 0.45, size - length * 0.45, 2)
        stamp(scene, kind, Pose(x, y, length, rng.uniform(0, 2 * np.pi), float(tone)), optics.sun)
    return expose(scene, optics, rng)


def write_objects(folder: Path, seed: int, per_class: int, size: int) -> None:
    """Write `<class>/NNN.png` into `folder`, an image folder."""
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    draw_all(
        [partial(_write, folder / name, seed, name, index, size) for name in CLASSES for index in range(per_class)]
    )


def _write(folder: Path, seed: int, name: str, index: int, size: int) -> None:
    Picture.fromarray(render_object(seed, name, index, size)).save(folder / f"{index:03d}.png")
