"""The demo world on disk: generated once from its seed, then found again by its version."""

import hashlib
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.core import files
from bench.core.context import Say, quiet
from bench.core.world import of_part, world_seed
from bench.demo.city import write_city
from bench.demo.drawing import draw_all
from bench.demo.landcover_rasters import write_sheets
from bench.demo.planet import Ground, Site
from bench.demo.scenes import footprint, write_scene
from bench.demo.sites import SITES

# Bump by hand whenever a pixel of the default world changes: the cached folder carries it.
VERSION = 4


@dataclass(frozen=True)
class WorldSpec:
    """What the world is made of; the defaults are the demo.

    Attributes:
        seed: of the world; every part's random streams follow from it.
        sites: the scenes' places.
        scene_size: side of a scene, pixels.
        city_images: number of city images.
        city_size: side of a city image, pixels.
        margin: mapped land around each scene, metres.
    """

    seed: int = field(default_factory=world_seed)
    sites: tuple[Site, ...] = SITES
    scene_size: int = 900
    city_images: int = 188
    city_size: int = 320
    margin: float = 1500.0


@dataclass(frozen=True)
class World:
    """Where the parts of the world lie.

    Attributes:
        root: folder of this version of the world.
        scenes: georeferenced RGB GeoTIFFs for the pretraining corpus.
        held_out: scenes of other places, for probing features; the same land cover covers them.
        landcover: GlobeLand30-style rasters.
        city: segmentation set in the layout of ISPRS Potsdam.
    """

    root: Path
    scenes: Path
    held_out: Path
    landcover: Path
    city: Path


def ensure_world(home: Path, say: Say = quiet, spec: WorldSpec | None = None) -> World:
    """Generate the demo world under `home` unless it is there already.

    Args:
        home: folder that keeps generated data.
        say: told when it is drawn.
        spec: what to generate; None for the demo.

    Returns:
        The paths of the finished world.
    """
    spec = spec or WorldSpec()
    root = home / folder_name(spec)
    if not root.is_dir():
        say(f"making the demo world in {home} (once, half a minute on two cores)")
        with files.new_folder(root) as work:
            _generate(_at(work), spec)
    return _at(root)


def ensure_city(home: Path, say: Say = quiet) -> Path:
    """The folder of the demo world's city, in the layout of ISPRS Potsdam."""
    return ensure_world(home, say).city


def folder_name(spec: WorldSpec) -> str:
    """`demo-world-v<version>-<seed>`, with a digest of the spec where all but the seed is not the demo's."""
    name = f"demo-world-v{VERSION}-{spec.seed}"
    if spec == WorldSpec(spec.seed):
        return name
    return f"{name}-{hashlib.sha256(repr(spec).encode()).hexdigest()[:12]}"


def _at(root: Path) -> World:
    return World(root, root / "scenes", root / "held_out", root / "landcover", root / "city")


def _generate(world: World, spec: WorldSpec) -> None:
    corpus, city = of_part(spec.seed, "corpus"), of_part(spec.seed, "city")
    grounds = [(Ground(corpus, site), footprint(site, spec.scene_size)) for site in spec.sites]
    sheets = partial(write_sheets, world.landcover, grounds, spec.margin)
    scenes = [
        partial(write_scene, world.held_out if site.held_out else world.scenes, corpus, site, spec.scene_size)
        for site in spec.sites
    ]
    cities = [partial(write_city, world.city, city, index, spec.city_size) for index in range(spec.city_images)]
    draw_all([sheets, *scenes, *cities])
