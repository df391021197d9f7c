"""Cloud and snow scenes of the demo world in the manner of Levir-CS: GeoTIFF scenes of four bands, and masks."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from PIL import Image as Picture

from bench.demo import scenes
from bench.demo.drawing import draw_all
from bench.demo.noise import generator
from bench.demo.optics import Image, cloud_cover, draw_optics, expose
from bench.demo.planet import BARE, FOREST, GRASSLAND, SNOW, WATER, Site

VERSION = 4
COUNT = 336  # many small scenes, so that few labels show few of them
SIZE = 128
BACKGROUND_VALUE, CLOUD_VALUE, SNOW_VALUE = 0, 1, 2

# Mean near-infrared reflectance, 0 to 255: plants bright, water dark, snow a little darker than in red.
NEAR_INFRARED = {BARE: 128, FOREST: 148, GRASSLAND: 152, SNOW: 172, WATER: 38}
COVERS = {
    code: scenes.Cover(
        (*scenes.COVERS[code].colour, near_infrared), scenes.COVERS[code].contrast, scenes.COVERS[code].texture
    )
    for code, near_infrared in NEAR_INFRARED.items()
}

# Snow and bare ground are as bright as clouds in some scenes, and clouds are thin in some: brightness alone tells nothing.
SNOW_LIGHT, BARE_LIGHT, OPACITY = (0.95, 1.3), (0.8, 1.7), (0.5, 1.0)

MIXES = (
    ((SNOW, 0.5), (BARE, 0.25), (FOREST, 0.25)),
    ((SNOW, 0.4), (GRASSLAND, 0.4), (WATER, 0.2)),
    ((SNOW, 0.55), (FOREST, 0.45)),
)


def place(index: int) -> Site:
    """The site of one scene: on a lattice across Europe, at the sensor's 16 m."""
    row, column = divmod(index, 24)
    lon, lat = 4.3 + 0.7 * column, 44.2 + 0.9 * row
    return Site(f"cloud_snow_{index:03d}", lon, lat, 16, MIXES[index % len(MIXES)])


def render_cloudy(seed: int, site: Site, size: int) -> tuple[Image, NDArray[np.uint8]]:
    """Image (`size` x `size` x 4: red, green, blue, near infrared) and mask (0 background, 1 cloud, 2 snow)."""
    rng = generator(seed, site.name, "cloudy")
    optics = replace(draw_optics(rng, cloudy=1.0, most_clouds=0.4), murk=0.0)
    codes = scenes.truth(seed, site, size)
    cover = cloud_cover(codes.shape, optics, rng)
    ground = scenes.paint(codes, _in_this_light(rng), optics, 0.8, rng)
    image = expose(ground, optics, rng, cover * np.float32(rng.uniform(*OPACITY)))
    mask = np.where(codes == SNOW, SNOW_VALUE, BACKGROUND_VALUE)
    return image, np.where(cover > 0.4, CLOUD_VALUE, mask).astype(np.uint8)


def _in_this_light(rng: np.random.Generator) -> dict[int, scenes.Cover]:
    """The looks of the classes in one scene."""
    light = {SNOW: rng.uniform(*SNOW_LIGHT), BARE: rng.uniform(*BARE_LIGHT)}
    return {
        code: replace(cover, colour=tuple(light.get(code, 1.0) * value for value in cover.colour))
        for code, cover in COVERS.items()
    }


def write_cloud_snow(folder: Path, seed: int, count: int, size: int) -> None:
    """Write `images/<name>.tif` and `masks/<name>.png` under `folder`."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    draw_all([partial(_write, folder, seed, place(index), size) for index in range(count)])


def _write(folder: Path, seed: int, site: Site, size: int) -> None:
    grid = scenes.frame(site, size)
    image, mask = render_cloudy(seed, site, size)
    with rasterio.open(
        folder / "images" / f"{site.name}.tif",
        "w",
        driver="GTiff",
        width=size,
        height=size,
        count=4,
        dtype="uint8",
        crs=f"EPSG:{grid.epsg}",
        transform=grid.transform,
        photometric="RGB",
    ) as file:
        file.write(np.moveaxis(image, -1, 0))
    Picture.fromarray(mask).save(folder / "masks" / f"{site.name}.png")
