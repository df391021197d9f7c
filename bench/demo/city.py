"""The downstream segmentation set of the demo world, in the layout of ISPRS Potsdam.

Seen from nearer than the corpus, at other places, from other random streams; what is shared is the kind of texture.
"""

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage

from bench.demo import textures
from bench.demo.city_layout import BUILDING, CAR, CLUTTER, IMPERVIOUS, LOW_VEGETATION, TREE, Layout, plan
from bench.demo.noise import Array, band, generator, hillshade
from bench.demo.optics import Image, Optics, draw_optics, expose, tint

# ISPRS 2D semantic labelling, by class index.
PALETTE = np.array(
    [(255, 255, 255), (0, 0, 255), (0, 255, 255), (0, 255, 0), (255, 255, 0), (255, 0, 0)], dtype=np.uint8
)

COLOURS = {
    IMPERVIOUS: (114, 112, 106),
    BUILDING: (119, 106, 96),
    LOW_VEGETATION: (100, 111, 80),
    TREE: (84, 99, 72),
    CAR: (118, 116, 114),
    CLUTTER: (114, 106, 86),
}

# A set of many towns, each with materials, plants and a light of its own: colour tells classes apart within a town and not
# from one town to the next.
VARIETY = 1.0
OWN_TINT = 1.2  # of a class in a town, in standard deviations of the season's spread

IMAGES, LABELS = "2_Ortho_RGB", "5_Labels_all"

UTM_33N = "EPSG:32633"
CORNER = (366_000.0, 5_810_000.0)  # north-west corner of the mosaic, metres
PIXEL = 1.0  # metres


def render_city(seed: int, name: str, size: int) -> tuple[Image, NDArray[np.uint8]]:
    """Image (`size` x `size` x 3) and class index of each pixel (`size` x `size`) of one city."""
    rng = generator(seed, "city", name)
    optics = draw_optics(rng, cloudy=0.0, variety=VARIETY)
    layout = plan(rng, (size, size), optics.sun)
    return expose(paint_city(layout, optics, rng), optics, rng), layout.labels


def paint_city(layout: Layout, optics: Optics, rng: np.random.Generator) -> Array:
    """Reflectance of the city, H x W x 3."""
    reliefs = _reliefs(layout, optics, rng)
    scene = np.zeros((*layout.labels.shape, 3), dtype=np.float32)
    for label, colour in COLOURS.items():
        inside = layout.labels == label
        ground = tint(colour, optics, rng, OWN_TINT)
        scene[inside] = (ground + reliefs[label])[inside]
    lit = 1 - 0.42 * _shadow(layout.raised, optics.sun)
    return np.asarray(scene * lit[..., None], dtype=np.float32)


def _reliefs(layout: Layout, optics: Optics, rng: np.random.Generator) -> dict[int, Array]:
    """Texture of each class in digital numbers, H x W x 1 or 3."""
    shape, sun = (layout.labels.shape[0], layout.labels.shape[1]), optics.sun
    strength = rng.uniform(0.6, 1.3, 6)
    asphalt = 3.5 * band(rng, shape, 2, 6, 0) + 5 * band(rng, shape, 40, 200) + rng.uniform(15, 60) * layout.markings
    light = hillshade(layout.crowns * 6.0, sun)
    crowns = 14 * layout.crowns + 13 * light + 6 * layout.crown_tone + 4 * band(rng, shape, 2, 4)
    waste = rng.choice(np.array([0, 1, 2]), p=(0.7, 0.1, 0.2))
    clutter = (textures.rubble, textures.ripples, textures.marsh)[waste]
    return {
        IMPERVIOUS: strength[0] * asphalt[..., None],
        BUILDING: 20 * strength[1] * layout.roofs,
        LOW_VEGETATION: 9 * strength[2] * textures.meadow(rng, shape, rng.uniform(0.9, 2.0), sun),
        TREE: strength[3] * crowns[..., None],
        CAR: 30 * strength[4] * layout.cars,
        CLUTTER: (19, 6, 17)[waste] * strength[5] * clutter(rng, shape, rng.uniform(0.8, 1.5), sun),
    }


def _shadow(raised: Array, sun: float) -> Array:
    """Where something higher stands between a pixel and the light, 0 to 1."""
    shadow = np.zeros_like(raised)
    for step in range(1, 8):
        moved = ndimage.shift(raised, (step * np.cos(sun), -step * np.sin(sun)), order=1, mode="nearest")
        shadow = np.maximum(shadow, (moved - step > raised).astype(np.float32))
    return np.asarray(ndimage.gaussian_filter(shadow, 0.6), dtype=np.float32)


def write_city(folder: Path, seed: int, index: int, size: int) -> None:
    """Write the image and the labels of one city under `folder`; four, by `index`, make a row of the mosaic."""
    row, column = index // 4, index % 4
    name = f"{2 + row}_{10 + column}"
    west, north = CORNER[0] + column * size * PIXEL, CORNER[1] - row * size * PIXEL
    corner = Affine(PIXEL, 0, west, 0, -PIXEL, north)
    image, labels = render_city(seed, name, size)
    _write(folder / IMAGES / f"top_potsdam_{name}_RGB.tif", image, corner)
    _write(folder / LABELS / f"top_potsdam_{name}_label.tif", PALETTE[labels], corner)


def _write(path: Path, image: Image, transform: Affine) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = image.shape[:2]
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=3,
        dtype="uint8",
        crs=UTM_33N,
        transform=transform,
        photometric="RGB",
        compress="LZW",
    ) as file:
        file.write(np.moveaxis(image, -1, 0))
