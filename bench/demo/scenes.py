"""The corpus' scenes: georeferenced RGB images rendered from the ground of their sites."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from pyproj import Transformer

from bench.demo import textures
from bench.demo.landcover_rasters import Bounds
from bench.demo.noise import Array, generator
from bench.demo.optics import Image, Optics, draw_optics, expose, tint
from bench.demo.planet import (
    ARTIFICIAL,
    BARE,
    CULTIVATED,
    FOREST,
    GRASSLAND,
    SEA,
    SHRUBLAND,
    SNOW,
    WATER,
    WETLAND,
    Codes,
    Ground,
    Metres,
    Site,
)

METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True)
class Cover:
    """How a class looks: mean colour (0 to 255), contrast (standard deviation of the texture), and the texture."""

    colour: tuple[float, ...]
    contrast: float
    texture: textures.Texture


# The mean colours lie closer together than the seasons move them (`Optics.spread`): only textures tell.
COVERS = {
    CULTIVATED: Cover((106, 111, 82), 17, textures.furrows),
    FOREST: Cover((86, 100, 74), 17, textures.crowns),
    GRASSLAND: Cover((102, 112, 80), 8, textures.meadow),
    SHRUBLAND: Cover((108, 108, 82), 13, textures.bushes),
    WETLAND: Cover((88, 100, 80), 15, textures.marsh),
    WATER: Cover((76, 92, 92), 4.5, textures.ripples),
    ARTIFICIAL: Cover((112, 110, 98), 21, textures.town),
    BARE: Cover((118, 110, 92), 15, textures.rubble),
    SNOW: Cover((178, 183, 189), 10, textures.snow),
    SEA: Cover((70, 88, 96), 4.5, textures.ripples),
}


@dataclass(frozen=True)
class Frame:
    """The pixel grid of a scene.

    Attributes:
        epsg: reference system.
        transform: geotransform, pixel to coordinates.
        size: width and height in pixels.
    """

    epsg: int
    transform: Affine
    size: int

    def home(self, site: Site) -> tuple[Metres, Metres]:
        """Coordinates of every pixel's centre in the site's UTM zone, both `size` x `size`."""
        centres = np.arange(self.size) + 0.5
        x, y = np.meshgrid(self.transform.c + self.transform.a * centres, self.transform.f + self.transform.e * centres)
        if self.epsg == site.utm:
            return x, y
        home_x, home_y = Transformer.from_crs(self.epsg, site.utm, always_xy=True).transform(x, y)
        return home_x, home_y


def frame(site: Site, size: int) -> Frame:
    """Centre a scene of `size` x `size` pixels on its site."""
    epsg = site.epsg or site.utm
    x, y = Transformer.from_crs(4326, epsg, always_xy=True).transform(site.lon, site.lat)
    step = site.resolution / METRES_A_DEGREE if epsg == 4326 else site.resolution
    west, north = (np.floor(x / step) - size // 2) * step, (np.floor(y / step) + size // 2) * step
    return Frame(epsg, Affine(step, 0, west, 0, -step, north), size)


def footprint(site: Site, size: int) -> Bounds:
    """Box around a scene in its site's UTM metres: west, south, east, north."""
    grid = frame(site, size)
    steps = np.linspace(0, size, 9)
    x, y = np.meshgrid(grid.transform.c + grid.transform.a * steps, grid.transform.f + grid.transform.e * steps)
    x, y = Transformer.from_crs(grid.epsg, site.utm, always_xy=True).transform(x, y)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def truth(seed: int, site: Site, size: int) -> Codes:
    """The class that each pixel of a scene shows, `size` x `size` codes; never written to disk."""
    return Ground(seed, site).now(*frame(site, size).home(site))


def paint(codes: Codes, covers: Mapping[int, Cover], optics: Optics, scale: float, rng: np.random.Generator) -> Array:
    """Reflectance of the ground for a map of classes.

    Args:
        codes: class of each pixel, H x W.
        covers: looks of the classes, all with the same C channels.
        optics: conditions of the image.
        scale: stretch of the textures.
        rng: source of textures and tints.

    Returns:
        H x W x C, 0 to 255.
    """
    scene = np.zeros((*codes.shape, len(next(iter(covers.values())).colour)), dtype=np.float32)
    for code, cover in covers.items():
        colour = tint(cover.colour, optics, rng)
        inside = codes == code
        if not inside.any():
            continue
        contrast = cover.contrast * rng.uniform(0.8, 1.25)
        relief = cover.texture(rng, codes.shape, scale * rng.uniform(0.9, 1.15), optics.sun)
        scene[inside] = (colour + contrast * relief)[inside]
    return scene


def render(seed: int, site: Site, size: int) -> Image:
    """The scene's image, `size` x `size` x 3 uint8."""
    rng = generator(seed, site.name, "image")
    optics = draw_optics(rng)
    scale = (8 / site.resolution) ** 0.4
    return expose(paint(truth(seed, site, size), COVERS, optics, scale, rng), optics, rng)


def write_scene(folder: Path, seed: int, site: Site, size: int) -> Path:
    """Render one scene into `<folder>/<name>.tif`."""
    grid = frame(site, size)
    path = folder / f"{site.name}.tif"
    folder.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=size,
        height=size,
        count=3,
        dtype="uint8",
        crs=f"EPSG:{grid.epsg}",
        transform=grid.transform,
        photometric="RGB",
        tiled=True,
        blockxsize=256,
        blockysize=256,
    ) as scene:
        scene.write(np.moveaxis(render(seed, site, size), -1, 0))
    return path
