"""Items of a STAC API: which images show a place in a season, the least clouded first."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bench.core.documents import first_problem
from bench.core.errors import CorpusError
from bench.core.web import Web
from bench.corpus.fetch.places import Place
from bench.corpus.fetch.sources import Imagery

# Items that are looked at for one place; a season of Sentinel-2 has some tens.
PAGE, MOST_PAGES = 100, 5
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")


class Item(BaseModel):
    """One image.

    Attributes:
        id: in its collection; part of file names.
        datetime: when it was taken.
        clouds: its share of clouds, per cent; 0 where the collection does not say.
        assets: address by band or layer.
        scales: scale and offset by band, where the item says them.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    datetime: str
    clouds: float = Field(ge=0, le=100)
    assets: dict[str, str]
    scales: dict[str, tuple[float, float]]


class Season(BaseModel):
    """From the first day to the last, in the form 2021-05-01.

    Attributes:
        first, last: days.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    first: str
    last: str

    @property
    def interval(self) -> str:
        """As a STAC API takes it."""
        return f"{self.first}T00:00:00Z/{self.last}T23:59:59Z"


def find_items(
    web: Web, source: Imagery, place: Place, season: Season, clouds: float, bands: tuple[str, ...]
) -> list[Item]:
    """Items that hold a place, in the order of clouds, date and id.

    Args:
        web: asks the source's hosts.
        source: the collection.
        place: a point that they hold.
        season: when they were taken.
        clouds: their largest share of clouds, per cent.
        bands: names of the bands that they must have.

    Raises:
        CorpusError: the API cannot be asked, or answers something else; an item of it is not what it must be.
    """
    query: dict[str, Any] = {
        "collections": [source.collection],
        "intersects": {"type": "Point", "coordinates": [place.lon, place.lat]},
        "datetime": season.interval,
        "limit": PAGE,
    }
    if source.cloud:
        query["query"] = {source.cloud: {"lte": clouds}}
    url = f"{source.api.rstrip('/')}/search"
    assets = source.assets_of(bands)
    found: dict[str, Item] = {}
    for _ in range(MOST_PAGES):
        answer = web.post_json(url, query)
        features = answer.get("features") if isinstance(answer, dict) else None
        if not isinstance(features, list):
            raise CorpusError(f"{url} gives no list of items: is it the address of a STAC API?")
        for feature in features:
            item = _item(feature, source, assets, url)
            if item.clouds <= clouds:
                found[item.id] = item
        following = _next(answer, url)
        if following is None:
            break
        url, more = following
        query |= more
    return sorted(found.values(), key=lambda item: (item.clouds, item.datetime, item.id))


def _next(answer: Mapping[str, Any], url: str) -> tuple[str, dict[str, Any]] | None:
    """Where the next page is, and what else is asked there."""
    links = answer.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("rel") == "next" and link.get("method") == "POST":
            body = link.get("body")
            return urljoin(url, str(link.get("href", ""))), body if isinstance(body, dict) else {}
    return None


def _item(feature: Any, source: Imagery, assets: Mapping[str, str], url: str) -> Item:
    if not isinstance(feature, dict) or not _ID.fullmatch(str(feature.get("id"))) or ".." in str(feature["id"]):
        name = feature.get("id") if isinstance(feature, dict) else feature
        raise CorpusError(f"{url} gives an item called {str(name)[:80]!r}, which makes no file's name: refused")
    name, properties, given = feature["id"], _mapping(feature, "properties"), _mapping(feature, "assets")
    wanted = dict(assets) | ({source.mask.asset: source.mask.asset} if source.mask else {})
    missing = [key for key in wanted.values() if not isinstance(given.get(key), dict) or not given[key].get("href")]
    if missing:
        raise CorpusError(f"item {name} of {source.name} has no asset {missing[0]!r}")
    scales = {band: _scale(given[key], source.number(band)) for band, key in assets.items()}
    lacking = [band for band, scale in scales.items() if scale is None]
    if lacking and source.declares_offset:
        raise CorpusError(
            f"item {name} of {source.name} does not declare scale and offset of band {lacking[0]}, as its collection does"
        )
    try:
        return Item(
            id=name,
            datetime=str(properties.get("datetime")),
            clouds=properties.get(source.cloud, 0.0) if source.cloud else 0.0,
            assets={band: urljoin(url, str(given[key]["href"])) for band, key in wanted.items()},
            scales={band: scale for band, scale in scales.items() if scale is not None},
        )
    except ValidationError as error:
        raise CorpusError(f"item {name} of {source.name}: {first_problem(error)}") from None


def _mapping(feature: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A part of an item, which somebody else wrote; nothing where it is of another kind."""
    found = feature.get(key)
    return found if isinstance(found, dict) else {}


def _scale(asset: Mapping[str, Any], number: int) -> tuple[float, float] | None:
    """Scale and offset of a band of an asset, by the raster extension; None where it does not say both."""
    bands = asset.get("raster:bands") or asset.get("bands") or [asset]
    there = isinstance(bands, list) and len(bands) >= number and isinstance(bands[number - 1], dict)
    said = bands[number - 1] if there else {}
    scale, offset = (said.get(key, said.get(f"raster:{key}")) for key in ("scale", "offset"))
    if not isinstance(scale, int | float) or not isinstance(offset, int | float):
        return None
    return float(scale), float(offset)
