"""What a build is going to do, and the names by which its parts are known."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from bench.core.bands import RGB
from bench.core.errors import CorpusError
from bench.corpus.build.cutting import Strip, strips_of
from bench.corpus.build.options import Cut
from bench.corpus.landcover.footprints import LandCover
from bench.corpus.landcover.product import Product
from bench.corpus.landcover.registry import load_product
from bench.corpus.scenes.discovery import find_scenes
from bench.corpus.scenes.scene import Scene, describe

VERSION = 1
"""Raised by hand when a change of the code makes other tiles or proportions of the same input."""


@dataclass(frozen=True)
class BuildPlan:
    """All that decides what a build makes.

    Attributes:
        scenes: usable scenes in order.
        skipped: reason by name of the scenes that cannot be used.
        landcover: folder of the product's rasters, or None.
        product: the legend, or None.
        epoch: year of the product, where it is known.
        cut: how scenes are cut.
        state: names, sizes and times of the land-cover rasters.
        synthetic: whether the scenes were drawn by a generator, as declared.
    """

    scenes: tuple[Scene, ...]
    skipped: dict[str, str]
    landcover: Path | None
    product: Product | None
    epoch: int | None
    cut: Cut
    state: list[Any] = field(default_factory=list)
    synthetic: bool = False

    @property
    def total(self) -> int:
        """Windows in all scenes."""
        return sum(len(strip.windows) for strip in self.strips)

    @cached_property
    def strips(self) -> tuple[Strip, ...]:
        """What is cut at a time, in the order of the corpus."""
        return tuple(strip for scene in self.scenes for strip in strips_of(scene, self.cut))

    @cached_property
    def _settings(self) -> str:
        product = None if self.product is None else self.product.model_dump(mode="json", by_alias=True)
        cut = asdict(self.cut)
        # As before there were such options, so that finished corpora are known again by their request.
        unused = {"controls": not self.cut.controls, "offset": self.cut.offset is None, "kept": self.cut.kept == RGB}
        unused |= {"keep_map": not self.cut.keep_map}
        cut = {name: value for name, value in cut.items() if not unused.get(name)}
        return _hash([VERSION, cut, product, self.state])

    def key(self, strip: Strip) -> str:
        """Hash of all that decides one strip's part."""
        scene = strip.scene
        known = [self._settings, scene.name, scene.source, scene.stamp, strip.windows.rows]
        moved = self.cut.stretch.kind == "range" and any(scene.offsets.values)
        return _hash([*known, scene.offsets.values, scene.nodata] if moved or scene.nodata is not None else known)

    @property
    def request(self) -> str:
        """Hash of the whole request."""
        asked: list[Any] = [[self.key(strip) for strip in self.strips], sorted(self.skipped)]
        return _hash([*asked, "synthetic"] if self.synthetic else asked)

    def open_landcover(self) -> LandCover | None:
        """The product's rasters, with file handles of their own."""
        if self.landcover is None or self.product is None:
            return None
        return LandCover(self.landcover, self.product, self.epoch)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def make_plan(
    scenes: Path,
    landcover: Path | None,
    product: str | None,
    epoch: int | None,
    cut: Cut,
    *,
    skip_bad: bool,
    synthetic: bool = False,
) -> BuildPlan:
    """Look at all headers before any work, so that a mistake is told at once.

    Args:
        scenes: folder of scenes.
        landcover: folder of land-cover rasters, or None.
        product: name or file of the product, or None.
        epoch: year of the product, or None.
        cut: how scenes are cut.
        skip_bad: list the scenes that cannot be used instead of failing at the first.
        synthetic: whether the scenes were drawn by a generator.

    Raises:
        CorpusError: an input or an option cannot be used.
    """
    if (landcover is None) != (product is None):
        raise CorpusError("--landcover and --product go together: give both, or neither for tiles without proportions")
    if cut.controls and landcover is None:
        raise CorpusError("--controls are counted from the land cover: give --landcover and --product, or leave it out")
    if cut.keep_map and landcover is None:
        raise CorpusError("--keep-map keeps the land cover: give --landcover and --product, or leave it out")
    legend = None if product is None else load_product(product)
    cover = None if landcover is None or legend is None else LandCover(landcover, legend, epoch)
    good: list[Scene] = []
    skipped: dict[str, str] = {}
    for found in find_scenes(scenes, cut.bands):
        try:
            scene = describe(found, cut.bands, cut.stretch, cut.offset, cut.kept)
            _check_fits(scene, cut, cover)
        except CorpusError as error:
            if not skip_bad:
                raise
            skipped[found.name] = str(error)
            continue
        good.append(scene)
    if not good:
        raise CorpusError(f"scenes folder {scenes} holds no scene that can be used: {next(iter(skipped.values()))}")
    if cover is None:
        return BuildPlan(tuple(good), skipped, None, None, None, cut, synthetic=synthetic)
    return BuildPlan(tuple(good), skipped, landcover, legend, cover.epoch, cut, cover.state(), synthetic)


def _check_fits(scene: Scene, cut: Cut, cover: LandCover | None) -> None:
    if not len(cut.windows(scene)):
        raise CorpusError(f"{scene.path} is {scene.width} x {scene.height} pixels, smaller than a tile: lower --size")
    if cover is not None:
        cover.check_covers(scene.lonlat, scene.path)
