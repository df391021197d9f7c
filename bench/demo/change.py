"""Change pairs of the demo world in the layout of LEVIR-CD: buildings that came or went between two dates."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from bench.demo.city import paint_city
from bench.demo.city_layout import BUILDING, Town, plan
from bench.demo.drawing import draw_all
from bench.demo.noise import generator
from bench.demo.optics import Image, draw_optics, expose

VERSION = 3
SPLITS = {"train": 90, "val": 2, "test": 57}
SIZE = 192
PARTS = ("A", "B", "label")
# Two flights over one town in like seasons; mostly houses, so that change is not rare.
VARIETY = 0.6
TOWN = Town(houses=0.9, park=0.05, car_park=0.05, built=0.95, yard=(2, 4))


def render_pair(seed: int, name: str, size: int) -> tuple[Image, Image, NDArray[np.uint8]]:
    """The same place at two dates, in two seasons and lights, and 255 where a building came or went.

    Returns:
        Two images, `size` x `size` x 3, and the label, `size` x `size` with 0 or 255.
    """
    images, built = [], []
    for date in ("A", "B"):
        rng = generator(seed, "change", name, date)
        optics = draw_optics(rng, cloudy=0.0, variety=VARIETY)
        layout = plan(generator(seed, "change", name), (size, size), optics.sun, rng, TOWN)
        images.append(expose(paint_city(layout, optics, rng), optics, rng))
        built.append(layout.labels == BUILDING)
    return images[0], images[1], np.where(built[0] != built[1], 255, 0).astype(np.uint8)


def write_change(folder: Path, seed: int, splits: dict[str, int], size: int) -> None:
    """Write `<split>/{A,B,label}/<split>_<n>.png` under `folder`."""
    for split in splits:
        for part in PARTS:
            (folder / split / part).mkdir(parents=True)
    draw_all(
        [
            partial(_write, folder / split, seed, f"{split}_{index + 1}", size)
            for split, count in splits.items()
            for index in range(count)
        ]
    )


def _write(folder: Path, seed: int, name: str, size: int) -> None:
    for part, image in zip(PARTS, render_pair(seed, name, size), strict=True):
        Picture.fromarray(image).save(folder / part / f"{name}.png", compress_level=1)
