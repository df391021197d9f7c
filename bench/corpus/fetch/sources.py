"""Where imagery and land cover come from: archives as data, one YAML file each in `configs/sources`, or a user's own."""

import math
from typing import Annotated, Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from bench.core.configs import ConfigKind
from bench.core.documents import parse
from bench.core.errors import CorpusError
from bench.core.suggest import among

SOURCES = ConfigKind("source", "sources", CorpusError)
# Addresses and names that are made of a file's words.
Word = Annotated[str, Field(min_length=1, pattern=r"^\S(.*\S)?$")]


class _Source(BaseModel):
    """What both kinds say.

    Attributes:
        name: short name, as given to `--source` and `--landcover`.
        title: full name.
        hosts: the only machines that are asked.
        homepage: what describes it.
        licence: of the data, as the archive states it.
        attribution: what who uses the data must say.
        resolution: side of a pixel, metres.
        block: side of the blocks that files are stored in, pixels; only estimates rest on it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Word
    title: Word
    hosts: tuple[Word, ...] = Field(min_length=1)
    homepage: str = ""
    licence: Word
    attribution: Word
    resolution: float = Field(gt=0)
    block: int = Field(default=512, gt=0)


# A bit of a 64-bit code, from the lowest.
Bit = Annotated[int, Field(ge=0, lt=64)]


class Mask(BaseModel):
    """The layer that says which pixels show the ground, by codes or by bits.

    Attributes:
        asset: key of the layer among the item's assets.
        empty: codes of pixels without a measurement.
        clouded: codes of pixels that show clouds or their shadows.
        empty_bits: or bits, from 0 for the lowest, one of which is set where there is no measurement.
        clouded_bits: or bits, one of which is set where there are clouds or their shadows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asset: Word
    empty: tuple[int, ...] = ()
    clouded: tuple[int, ...] = ()
    empty_bits: tuple[Bit, ...] = ()
    clouded_bits: tuple[Bit, ...] = ()

    @model_validator(mode="after")
    def _knows_clouds(self) -> "Mask":
        if not self.clouded and not self.clouded_bits:
            raise ValueError("clouded, or clouded_bits, must say what clouds are")
        return self

    def is_empty(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Where there is no measurement."""
        return self._is(codes, self.empty, self.empty_bits)

    def is_clouded(self, codes: NDArray[Any]) -> NDArray[np.bool_]:
        """Where there are clouds or their shadows."""
        return self._is(codes, self.clouded, self.clouded_bits)

    @staticmethod
    def _is(codes: NDArray[Any], values: tuple[int, ...], bits: tuple[int, ...]) -> NDArray[np.bool_]:
        wanted = sum(1 << bit for bit in bits)
        found: NDArray[np.bool_] = np.isin(codes, values) | (codes.astype(np.int64) & wanted != 0)
        return found


class Imagery(_Source):
    """A collection of a STAC API.

    Attributes:
        api: address of the API; `/search` is put behind it.
        collection: id of the collection.
        values: type of the stored values.
        bands: key of the asset of each band, by the band's name; of an asset with several bands with the number behind
            it, from 1: `image:4`.
        declares_offset: whether each item says scale and offset of its bands; one that does not is then left alone.
        cloud: property of an item that holds its share of clouds in per cent.
        mask: the layer of clouds; None where the collection has none.
    """

    kind: Literal["stac"]
    api: Word
    collection: Word
    values: Literal["uint8", "uint16", "int16"]
    bands: dict[str, Annotated[str, Field(pattern=r"^[^\s:]+(:[1-9][0-9]?)?$")]] = Field(min_length=1)
    declares_offset: bool = False
    cloud: str | None = None
    mask: Mask | None = None

    def assets_of(self, bands: tuple[str, ...]) -> dict[str, str]:
        """The assets of some bands.

        Raises:
            CorpusError: it has no such band.
        """
        unknown = [band for band in bands if band not in self.bands]
        if unknown:
            raise CorpusError(f"source {self.name} has no band {unknown[0]!r}{among(unknown[0], self.bands)}")
        return {band: self.bands[band].partition(":")[0] for band in bands}

    def number(self, band: str) -> int:
        """Number of a band in its asset, from 1."""
        return int(self.bands[band].partition(":")[2] or 1)


class LandCover(_Source):
    """Land cover in rasters whose addresses follow from longitude and latitude.

    Attributes:
        product: the land-cover product whose legend it has (`configs/landcover`).
        degrees: side of a raster.
        corner: how its lower left corner is named, of `{ns}`, `{lat}`, `{ew}` and `{lon}`.
        urls: address by year, with `{corner}`.
    """

    kind: Literal["tiles"]
    product: Word
    degrees: int = Field(gt=0, le=90)
    corner: Word
    urls: dict[int, str] = Field(min_length=1)

    @field_validator("urls")
    @classmethod
    def _name_the_corner(cls, urls: dict[int, str]) -> dict[int, str]:
        for year, url in urls.items():
            if "{corner}" not in url:
                raise ValueError(f"the address of {year} must hold {{corner}}")
        return urls

    def url(self, epoch: int, lon: float, lat: float) -> str:
        """Address of the raster that holds a point."""
        south, west = (math.floor(value / self.degrees) * self.degrees for value in (lat, lon))
        corner = self.corner.format(
            ns="N" if south >= 0 else "S", lat=abs(south), ew="E" if west >= 0 else "W", lon=abs(west)
        )
        return self.urls[epoch].replace("{corner}", corner)

    def urls_of(self, epoch: int, bounds: tuple[float, float, float, float]) -> list[str]:
        """Addresses of the rasters that a box of west, south, east and north touches, each once."""
        west, south, east, north = bounds
        return list(dict.fromkeys(self.url(epoch, lon, lat) for lat in (south, north) for lon in (west, east)))

    def epoch(self, asked: int | None) -> int:
        """The year that is meant; the newest where none is asked for.

        Raises:
            CorpusError: it has no such year.
        """
        if asked is not None and asked not in self.urls:
            raise CorpusError(
                f"source {self.name} has no year {asked}: choose from {', '.join(map(str, sorted(self.urls)))}"
            )
        return asked or max(self.urls)


S = TypeVar("S", bound=_Source)


def imagery(name: str) -> Imagery:
    """A source of imagery by its name, or from a user's own file.

    Raises:
        CorpusError: there is none, its file cannot be read, or it is of land cover.
    """
    return _of_kind(name, Imagery, "stac", "imagery")


def land_cover(name: str) -> LandCover:
    """A source of land cover, as `imagery`."""
    return _of_kind(name, LandCover, "tiles", "land cover")


def _of_kind(name: str, model: type[S], kind: str, what: str) -> S:
    file = SOURCES.find(name)
    values = SOURCES.read(file)
    if values.get("kind") != kind:
        raise CorpusError(f"source {name} is not one of {what}: {file} says kind: {values.get('kind')}")
    return parse(model, values, file, CorpusError)
