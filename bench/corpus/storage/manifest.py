"""`corpus.json`: what a corpus says about itself."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents
from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError
from bench.core.suggest import file_meant
from bench.corpus.landcover.product import CLASSES
from bench.corpus.storage.encoding import Encoding

# 2 added synthetic, controls, offsets, warnings and several products, all of them optional: 1 is read as it is. 3 says
# what the bands are: those of older ones are red, green and blue of 8 bits. 4 added images without a place and maps.
OLDEST, SCHEMA = 1, 4
MANIFEST = "corpus.json"
INDEX = "index.npy"
LANDCOVER = "landcover.npy"
IMAGES = "images.txt"
MAPS = "maps.npy"
# Footprints of images that have a place of their own, where some do.
PLACES = "places.npy"


def control_file(name: str) -> str:
    """Name of the file that holds a control's column."""
    return f"landcover-{name}.npy"


class ShardEntry(BaseModel):
    """One file of tiles, one after the other.

    Attributes:
        file: path in the corpus.
        tiles: how many.
        bytes: length of the file.
        encoding: `raw` (`size x size x B` values each, little-endian) or `jpeg`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    tiles: int
    bytes: int
    encoding: Encoding = "raw"


class SceneEntry(BaseModel):
    """One scene the corpus was cut from, or one folder of images without a place.

    Attributes:
        name: path relative to the scenes folder, or of the folder.
        source: sensor or collection, or the folder's own name.
        resolution: metres a pixel; None, as the three that follow, for images.
        crs: authority code of the coordinate system where it has one, else its name.
        wkt: the coordinate system in full.
        transform: affine coefficients a-f, pixel corner to world.
        windows: tiles that the scene was cut into.
        tiles: tiles kept.
        rejected: tiles left out, by reason.
        levels: stored values that became 0 and the largest value of a tile by band, where the scene was stretched.
        offsets: what was added to the stored values by band before a fixed range was applied; None without a fixed
            range, and in corpora of versions that did not write it down.
        warnings: what in the scene may not be as it should, each one line.
        product: number of the land cover under it among `Manifest.land_covers`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    resolution: float | None
    crs: str | None
    wkt: str | None
    transform: tuple[float, float, float, float, float, float] | None
    windows: int
    tiles: int
    rejected: dict[str, int]
    levels: dict[str, list[float]] | None = None
    offsets: tuple[float, ...] | None = None
    warnings: tuple[str, ...] = ()
    product: int = 0


class LandCoverEntry(BaseModel):
    """A land cover under some scenes of a corpus.

    Attributes:
        product: the product with its legend.
        epoch: its year, where one was chosen or is told by the names.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    product: dict[str, Any]
    epoch: int | None

    @property
    def title(self) -> str:
        """Full name of the product, with its year where that is known."""
        return f"{self.product['title']} {self.epoch or ''}".rstrip()


class ControlEntry(BaseModel):
    """One column of land cover that is not the tiles' own (`bench.corpus.build.controls`).

    Attributes:
        hash: of the column.
        missing: tiles under whose window none of the classes lies; their rows are zeros.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hash: str
    missing: int


class MapEntry(BaseModel):
    """The land cover of each tile as a map, where the corpus was built with `--keep-map`.

    Attributes:
        hash: of the maps.
        values: what a value of the maps means; those up to the number of classes are their columns.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hash: str
    values: dict[int, str]


class ImagesEntry(BaseModel):
    """How plain images became tiles.

    Attributes:
        larger: what was done with images larger than a tile: `cut`, `resize`, or None where there was to be none.
        left_out: images that `--without` named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    larger: str | None
    left_out: int


class Manifest(BaseModel):
    """The contents of `corpus.json`.

    Attributes:
        schema_version: layout of the folder; readers refuse a newer one in words.
        hash: of pixels, proportions, legend, tile size, and the bands where they are not 8-bit red, green and blue.
        size: side of a tile in pixels.
        tiles: number of tiles.
        classes: the legend: names of the columns of the proportions; empty for a corpus without land cover.
        bands: names and type of the values of all tiles.
        mean, std: of each band of all tiles, in [0, 1]: of values divided by the largest of their type.
        overlap, selection, stretch, scene_nodata, jpeg, rules: how the scenes were cut, the selection being `--bands`; of the first of corpora that were
            merged, except for the stretch, which names them all.
        product: the land-cover product with its legend, or the name and title of what else gave the proportions (class
            folders, a table), or None; the title names all products of merged corpora.
        epoch: its year, where one was chosen and all parts have it.
        products: the land covers of merged corpora where they differ in product or year; scenes name theirs by number.
        request: hash of all that was asked for, by which a repeated build knows its own result.
        scenes: what came from where.
        skipped: scenes that could not be used, with the reason, where the build was told to go on without them.
        counts: `class`, `source` and `rejected`, each a table of counts; `equal` for images.
        shards: the pixel files.
        history: how the corpus was made from others (merge, filter, split, sample), in words.
        synthetic: whether the scenes were drawn by a generator, as declared by whoever built the corpus; not part of the
            hash.
        controls: columns of other land cover beside the tiles' own, by name; `hash` does not cover them.
        images: how images became tiles; `images.txt` then names the image of each; None for scenes.
        maps: of each tile's land cover, or None; `hash` does not cover them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    hash: str
    size: int = Field(gt=0)
    tiles: int = Field(ge=0)
    classes: tuple[str, ...] = CLASSES
    bands: Bands = RGB
    mean: tuple[float, ...]
    std: tuple[float, ...]
    overlap: float
    selection: tuple[int | str, ...] | None
    stretch: str
    scene_nodata: float | None = None
    jpeg: int | None = None
    rules: dict[str, float]
    product: dict[str, Any] | None
    epoch: int | None
    request: str
    scenes: tuple[SceneEntry, ...]
    skipped: dict[str, str]
    counts: dict[str, dict[str, int]]
    shards: tuple[ShardEntry, ...]
    history: tuple[str, ...] = ()
    synthetic: bool = False
    controls: dict[str, ControlEntry] = Field(default_factory=dict)
    products: tuple[LandCoverEntry, ...] = ()
    images: ImagesEntry | None = None
    maps: MapEntry | None = None

    @property
    def land_covers(self) -> tuple[LandCoverEntry, ...]:
        """The land covers that the scenes name by number; none for a corpus without."""
        if self.products or self.product is None:
            return self.products
        return (LandCoverEntry(product=self.product, epoch=self.epoch),)

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def _migrated(value: Any) -> Any:
    """What is written in an older schema, in today's."""
    if not isinstance(value, dict) or value.get("schema") == SCHEMA:
        return value
    if value.get("schema") in {1, 2} and "bands" in value:
        value = {name: part for name, part in value.items() if name != "bands"} | {"selection": value["bands"]}
    return value | {"schema": SCHEMA}


def read_manifest(folder: Path) -> Manifest:
    """Read a corpus' manifest.

    Raises:
        CorpusError: no corpus there, a newer schema, or a torn or foreign file.
    """
    path = folder / MANIFEST
    if not path.is_file():
        near = file_meant(folder)
        raise CorpusError(f"{folder} is not a corpus (it has no {MANIFEST}){near}: make one with bench corpus build")
    value = documents.read_json(path, CorpusError, "build the corpus again", (OLDEST, SCHEMA))
    return documents.parse(Manifest, _migrated(value), f"{path} is not a corpus' description", CorpusError)
