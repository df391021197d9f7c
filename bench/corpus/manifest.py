"""`corpus.json`: what a corpus says about itself."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.corpus.encoding import Encoding
from bench.corpus.product import CLASSES
from bench.errors import CorpusError
from bench.files import because

SCHEMA = 1
MANIFEST = "corpus.json"
INDEX = "index.npy"
LANDCOVER = "landcover.npy"


class ShardEntry(BaseModel):
    """One file of tiles, one after the other.

    Attributes:
        file: path in the corpus.
        tiles: how many.
        bytes: length of the file.
        encoding: `raw` (`size x size x 3` bytes each) or `jpeg`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    tiles: int
    bytes: int
    encoding: Encoding = "raw"


class SceneEntry(BaseModel):
    """One scene the corpus was cut from.

    Attributes:
        name: path relative to the scenes folder.
        source: sensor or collection.
        resolution: metres a pixel.
        crs: authority code of the coordinate system where it has one, else its name.
        wkt: the coordinate system in full.
        transform: affine coefficients a-f, pixel corner to world.
        windows: tiles that the scene was cut into.
        tiles: tiles kept.
        rejected: tiles left out, by reason.
        levels: values that became 0 and 255 by band, where the scene was stretched.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    source: str
    resolution: float
    crs: str
    wkt: str
    transform: tuple[float, float, float, float, float, float]
    windows: int
    tiles: int
    rejected: dict[str, int]
    levels: dict[str, list[float]] | None = None


class Manifest(BaseModel):
    """The contents of `corpus.json`.

    Attributes:
        schema_version: layout of the folder; readers refuse a newer one in words.
        hash: of pixels, proportions, legend and tile size.
        size: side of a tile in pixels.
        tiles: number of tiles.
        classes: the legend: names of the columns of the proportions; empty for a corpus without land cover.
        mean, std: of the red, green and blue of all tiles, in [0, 1].
        overlap, bands, stretch, scene_nodata, jpeg, rules: how the scenes were cut; of the first of corpora that were
            merged, except for the stretch, which names them all.
        product: the land-cover product with its legend, or None; the title names all products of merged corpora.
        epoch: its year, where one was chosen and all parts have it.
        request: hash of all that was asked for, by which a repeated build knows its own result.
        scenes: what came from where.
        skipped: scenes that could not be used, with the reason, where the build was told to go on without them.
        counts: `class`, `source` and `rejected`, each a table of counts.
        shards: the pixel files.
        history: how the corpus was made from others (merge, filter, split, sample), in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    hash: str
    size: int = Field(gt=0)
    tiles: int = Field(ge=0)
    classes: tuple[str, ...] = CLASSES
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    overlap: float
    bands: tuple[int | str, ...] | None
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

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def read_manifest(folder: Path) -> Manifest:
    """Read a corpus' manifest.

    Raises:
        CorpusError: no corpus there, a newer schema, or a torn or foreign file.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise CorpusError(f"{folder} is not a corpus (it has no {MANIFEST}): make one with bench corpus build")
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path} cannot be read{because(error, 'build the corpus again')}") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if isinstance(schema, int) and schema > SCHEMA:
        raise CorpusError(f"{path} has schema {schema}, this version reads up to {SCHEMA}: upgrade geokr-bench")
    try:
        return Manifest.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise CorpusError(f"{path} is not a corpus' description: {where}: {first['msg']}") from None
