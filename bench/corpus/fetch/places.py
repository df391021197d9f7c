"""Where windows are read: points on the Earth, from a box, a circle's square, a file, or the shipped list."""

import csv
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.core.configs import folder
from bench.core.errors import CorpusError
from bench.corpus.scenes.scene import EARTH_DEGREE

Box = tuple[float, float, float, float]
# Within the coverage of Sentinel-2's systematic acquisition, and of UTM.
MOST_NORTH = 84.0
MOST_PLACES = 200_000
# Of a window: no row or column is begun for so little.
SLACK = 0.01
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Place:
    """The middle of a window.

    Attributes:
        name: unique, part of file names.
        lon, lat: degrees.
    """

    name: str
    lon: float
    lat: float


def in_box(box: Box, side: float) -> list[Place]:
    """The middles of windows that lie side by side, row by row from the south-west.

    Args:
        box: west, south, east, north in degrees; it must not cross the antimeridian.
        side: of a window, metres.

    Raises:
        CorpusError: it is no box, or one of too many windows.
    """
    west, south, east, north = box
    if not (-180 <= west < east <= 180 and -MOST_NORTH <= south < north <= MOST_NORTH):
        raise CorpusError(
            f"--bbox {west:g},{south:g},{east:g},{north:g} is no box of west,south,east,north in degrees: west below east, "
            f"south below north, within 180 and {MOST_NORTH:g} degrees"
        )
    height = side / EARTH_DEGREE
    rows = max(1, math.ceil((north - south) / height - SLACK))
    found: list[Place] = []
    for row in range(rows):
        lat = south + (row + 0.5) * height
        width = height / math.cos(math.radians(lat))
        columns = max(1, math.ceil((east - west) / width - SLACK))
        if len(found) + columns > MOST_PLACES:
            raise CorpusError(
                f"--bbox holds more than {MOST_PLACES:,} windows of {side:g} m: take less, or larger ones"
            )
        found += [Place(f"r{row:04d}c{column:04d}", west + (column + 0.5) * width, lat) for column in range(columns)]
    return found


def around(lon: float, lat: float, kilometres: float, side: float) -> list[Place]:
    """As `in_box`, of the square of so many kilometres a side around a point."""
    if not (-180 <= lon <= 180 and -MOST_NORTH < lat < MOST_NORTH) or kilometres <= 0:
        raise CorpusError(
            f"--around {lon:g},{lat:g} --km {kilometres:g}: give longitude,latitude in degrees, and a side"
        )
    half = kilometres * 500 / EARTH_DEGREE
    wide = half / math.cos(math.radians(lat))
    box = (max(-180.0, lon - wide), lat - half, min(180.0, lon + wide), lat + half)
    return in_box(box, side)


def shipped() -> Path:
    """The list that comes with the harness."""
    return folder() / "places" / "majortom-2000.csv"


def from_file(path: Path) -> list[Place]:
    """Places of a CSV table with columns `lon` and `lat` in degrees, and `name` where they have one.

    Raises:
        CorpusError: it cannot be read, lacks a column, or a line is no place.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            found = list(_rows(path, csv.DictReader(stream)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} is no readable table of places ({error})") from None
    if not found:
        raise CorpusError(f"{path} holds no place")
    names = [place.name for place in found]
    if len(set(names)) < len(names):
        twice = next(name for at, name in enumerate(names) if name in names[:at])
        raise CorpusError(f"{path}: two places are called {twice!r}")
    return found


def _rows(path: Path, table: "csv.DictReader[str]") -> Iterator[Place]:
    if not {"lon", "lat"} <= set(table.fieldnames or ()):
        raise CorpusError(f"{path} must begin with a line of columns that has lon and lat")
    for number, row in enumerate(table):
        where = f"{path}, line {table.line_num}"
        if number >= MOST_PLACES:
            raise CorpusError(f"{path} holds more than {MOST_PLACES:,} places: take less")
        try:
            lon, lat = float(row["lon"]), float(row["lat"])
        except (TypeError, ValueError):
            raise CorpusError(f"{where}: lon {row['lon']!r} and lat {row['lat']!r} must be degrees") from None
        if not (-180 <= lon <= 180 and -MOST_NORTH <= lat <= MOST_NORTH):
            raise CorpusError(f"{where}: {lon:g}, {lat:g} is not within 180 and {MOST_NORTH:g} degrees")
        name = row.get("name") or f"p{number:05d}"
        if not _NAME.fullmatch(name) or ".." in name:
            raise CorpusError(f"{where}: name {name!r} must be letters, digits, -, _ and . that make a file's name")
        yield Place(name, lon, lat)
