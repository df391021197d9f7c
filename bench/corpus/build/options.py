"""How scenes are cut, as it is asked for and as it is checked."""

import math
import re
from dataclasses import dataclass, field
from typing import TypedDict, Unpack, get_args

from bench.core.bands import COLOURS, RGB, Bands, Values
from bench.core.errors import CorpusError
from bench.corpus.build.controls import CONTROLS
from bench.corpus.build.rules import Rules
from bench.corpus.scenes.discovery import Selection
from bench.corpus.scenes.scene import Scene
from bench.corpus.scenes.stretch import Stretch
from bench.corpus.scenes.tiling import Windows, windows_of
from bench.corpus.storage.encoding import check_jpeg

BAND_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Cut:
    """How scenes are cut.

    Attributes:
        size: side of a tile in pixels.
        overlap: share of a tile that the next one covers again, in [0, 1).
        bands: the bands that are kept by number, or by name where each is a file; None for all bands of a file.
        stretch: how values become those of a tile.
        rules: which tiles are left out.
        nodata: value of the pixels outside the image, for scenes that do not declare one themselves.
        jpeg: quality of the JPEG that a tile is kept as, or None for its exact pixels.
        controls: which of `bench.corpus.build.controls` are counted too; they change neither tiles nor proportions.
        offset: what the user states has to be added to the stored values before a fixed range applies, or None.
        kept: names and type of the tiles' bands.
        keep_map: whether the land cover of each tile is kept as a map too; it changes neither tiles nor proportions.
    """

    size: int = 256
    overlap: float = 0.2
    bands: Selection = None
    stretch: Stretch = field(default_factory=Stretch)
    rules: Rules = field(default_factory=Rules)
    nodata: float | None = None
    jpeg: int | None = None
    controls: tuple[str, ...] = ()
    offset: float | None = None
    kept: Bands = RGB
    keep_map: bool = False

    def windows(self, scene: Scene) -> Windows:
        """The windows of a scene."""
        return windows_of(scene.height, scene.width, self.size, self.overlap)


class CutOptions(TypedDict, total=False):
    """What a user may say of it; what is left out is as in `Cut`.

    Attributes:
        size: side of a tile in pixels.
        overlap: share of a tile that the next one covers again, in [0, 1).
        bands: numbers from 1 of the bands that are kept, or their names (`B04`) where each is a file of its own; None
            for all bands of a file.
        names: of these bands; needed unless they are red, green and blue.
        values: type that tiles are kept in, `uint8` or `uint16`.
        stretch: `none`, `percentile:LOW,HIGH` or `LOW:HIGH`; needed unless scenes hold values of that type.
        rules: which tiles are left out; the paper's where None.
        scene_nodata: value of the pixels outside an image, for scenes that do not declare one.
        offset: added to the stored values of every scene before a fixed range applies (-1000 for Sentinel-2 from
            processing baseline 04.00 on, where its files do not say so); None takes what files and metadata declare.
        jpeg: quality in 1..100 of the JPEG that tiles are kept as: a quarter to a sixth of the space, slower to read,
            not the exact pixels; None keeps them as they are.
        controls: count the land cover of `bench.corpus.build.controls` too and keep it beside the proportions; the
            corpus' hash stays.
        keep_map: keep the land cover of each tile as a map of its pixels too; the corpus' hash stays.
    """

    size: int
    overlap: float
    bands: Selection
    names: tuple[str, ...] | None
    values: str
    stretch: str
    rules: Rules | None
    scene_nodata: float | None
    offset: float | None
    jpeg: int | None
    controls: bool
    keep_map: bool


def make_cut(**options: Unpack[CutOptions]) -> Cut:
    """Check what a user says of how scenes are cut.

    Raises:
        CorpusError: names the option that cannot be, and what to do.
    """
    bands, jpeg, offset = options.get("bands"), options.get("jpeg"), options.get("offset")
    kept = _kept(bands, options.get("names"), options.get("values", RGB.values))
    check_jpeg(jpeg, kept)
    stretch = Stretch.parse(options.get("stretch", "none"))
    if offset is not None and (stretch.kind != "range" or not math.isfinite(offset)):
        raise CorpusError(
            f"--offset {offset:g} moves a fixed range: give a number and --stretch LOW:HIGH, or leave it out"
        )
    return Cut(
        options.get("size", Cut.size),
        options.get("overlap", Cut.overlap),
        bands,
        stretch,
        options.get("rules") or Rules(),
        options.get("scene_nodata"),
        jpeg,
        CONTROLS if options.get("controls") else (),
        offset,
        kept,
        options.get("keep_map", False),
    )


def _kept(bands: Selection, names: tuple[str, ...] | None, values: str) -> Bands:
    """The bands of the tiles."""
    if names is None:
        if bands is not None and len(bands) != len(COLOURS):
            raise CorpusError(
                f"--bands takes red, green and blue, got {len(bands)}: use for instance 3,2,1, or name what they are with "
                "--names red,green,blue,nir"
            )
        names = COLOURS
    wrong = next((name for name in names if not BAND_NAME.fullmatch(name) or names.count(name) > 1), None)
    if wrong is not None or not names:
        raise CorpusError(f"--names {','.join(names)}: {wrong!r} is empty, twice or no name: use for instance red,nir")
    if bands is not None and len(bands) != len(names):
        raise CorpusError(f"--names names {len(names)} bands and --bands keeps {len(bands)}: give one name for each")
    for known in get_args(Values):
        if values == known:
            return Bands(names, known)
    raise CorpusError(f"--values {values} is unknown: use {' or '.join(get_args(Values))}")
