"""What was fetched, exactly: so that anyone can fetch the same again, and is told what has changed."""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents, files
from bench.core.errors import CorpusError
from bench.corpus.fetch.sources import Imagery, LandCover

FILE = "fetch.json"
SCHEMA = 1
# A manifest may be a stranger's: its names make files, and its windows are read.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$", max_length=128)]
At = Annotated[int, Field(ge=0)]
Side = Annotated[int, Field(gt=0, le=50_000)]
Window = tuple[At, At, Side, Side]


class Read(BaseModel):
    """A window of one file of an archive.

    Attributes:
        href: address.
        etag: the archive's name of this version; empty where it gives none.
        size: bytes of the whole file.
        band: number of the band in the file, from 1.
        window: first column and row, width and height, pixels.
        sha256: of the pixels as they are stored, row by row.
        scale, offset: what makes physical values of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    href: str
    etag: str
    size: int
    band: int = Field(default=1, ge=1)
    window: Window
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    scale: float = 1.0
    offset: float = 0.0


class Taken(BaseModel):
    """One place, and all that was read of it.

    Attributes:
        name, lon, lat: the place.
        item: id of the image.
        datetime: when it was taken.
        clouded: share of the window's pixels under clouds.
        bands: what was read, by band.
        landcover: what was read of the land cover.
        shares: of the land-cover classes in the window, by name; those of an overview where places were chosen by it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    item: Name
    datetime: str
    clouded: float
    bands: dict[str, Read]
    landcover: tuple[Read, ...] = ()
    shares: dict[str, float] = Field(default_factory=dict)


class Manifest(BaseModel):
    """All that was fetched.

    Attributes:
        schema_version: of this file.
        bands: their names, in order.
        source, landcover: the archives, as they were when it was fetched.
        epoch: year of the land cover.
        asked: what was asked for, in words of the command line.
        places: what there is.
        left_out: places of which there is nothing, with the reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: int = Field(default=SCHEMA, alias="schema")
    bands: tuple[str, ...]
    source: Imagery
    landcover: LandCover | None = None
    epoch: int | None = None
    asked: dict[str, Any] = Field(default_factory=dict)
    places: tuple[Taken, ...]
    left_out: dict[str, str] = Field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it atomically, the same for equal content."""
        files.write_json(path, self.model_dump(mode="json", by_alias=True))

    @property
    def digest(self) -> str:
        """Hash of what was read: of places, windows and pixels, not of who was asked and when."""
        told = []
        for taken in sorted(self.places, key=lambda taken: taken.name):
            bands = sorted((band, read.sha256) for band, read in taken.bands.items())
            told.append([taken.name, taken.item, bands, [read.sha256 for read in taken.landcover]])
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest.

    Raises:
        CorpusError: it cannot be read, or is none.
    """
    values = documents.read_json(path, CorpusError, "fetch it again, or name another", (1, SCHEMA))
    return documents.parse(Manifest, values, path, CorpusError)


def sha256(pixels: NDArray[Any]) -> str:
    """Of an array's values in the byte order of Intel's processors, row by row, with its type and shape."""
    head = f"{pixels.dtype.name} {pixels.shape}".encode()
    little = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
    return hashlib.sha256(head + little.tobytes()).hexdigest()
