"""Finding the scenes of a folder: whole files, or bands in files of their own (Sentinel-2 SAFE, Landsat)."""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.core.errors import CorpusError
from bench.core.rasters import list_rasters

SENSORS = (
    (r"GF-?(\d)", "Gaofen-{}"),
    (r"S2[A-D]?_|T\d{2}[A-Z]{3}_\d{8}T", "Sentinel-2"),
    (r"L[COETM]0?(\d)", "Landsat {}"),
    (r"LANDSAT_?(\d)", "Landsat {}"),
)
"""Starts of file names by which a sensor is known."""

DATE = re.compile(r"(?<!\d)(?:19|20)\d{6}(?!\d)")

Selection = tuple[int, ...] | tuple[str, ...] | None
"""The bands that are kept, in order: numbers in a file from 1, or names of files; None for all of a file."""


@dataclass(frozen=True)
class Found:
    """A scene before it is opened.

    Attributes:
        name: path relative to the scenes folder.
        files: one file with all bands, or one for each.
        source: sensor or collection.
        safe: the Sentinel-2 `.SAFE` folder that the files belong to, or None.
        problem: why the scene cannot be used, where that is known already.
    """

    name: str
    files: tuple[Path, ...]
    source: str
    safe: Path | None = None
    problem: str | None = None


def find_scenes(folder: Path, bands: Selection) -> list[Found]:
    """All scenes under a folder, in the order of their names.

    Args:
        folder: scenes folder, or one file.
        bands: band numbers (or None) for scenes of one file each; band names (`B04`, `B03`, `B02`) for scenes whose
            bands are files of their own.

    Raises:
        CorpusError: no such folder, or nothing in it.
    """
    if bands and isinstance(bands[0], str):
        return _band_files(folder, tuple(str(band) for band in bands))
    base = folder if folder.is_dir() else folder.parent
    found = []
    for path in list_rasters(folder, "scenes", {".tif", ".tiff"}):
        name = path.relative_to(base).as_posix()
        found.append(Found(name, (path,), source_of(name, base)))
    return found


def _band_files(folder: Path, bands: tuple[str, ...]) -> list[Found]:
    """Put together the files whose names differ in the band only.

    Sentinel-2 keeps `..._B04_10m.jp2` (or `..._B04.jp2`) deep inside a `.SAFE` folder, Landsat `..._B4.TIF` beside
    each other. Of a band at several resolutions the finest is taken, whose name sorts first.
    """
    base = folder
    if _is_safe(folder.resolve().name):  # one product by itself
        folder = folder.resolve()
        base = folder.parent
    groups: defaultdict[tuple[str, str], dict[str, Path]] = defaultdict(dict)
    for path in list_rasters(folder, "scenes", {".tif", ".tiff", ".jp2"}):
        home = _home(path, base)
        if _is_safe(home) and "IMG_DATA" not in path.parts:  # masks of single bands, in QI_DATA
            continue
        for band in bands:
            match = re.fullmatch(rf"(.*?)[_.]?{re.escape(band)}(?:_\d+m)?", path.stem, re.IGNORECASE)
            if match:
                groups[home, match[1]].setdefault(band, path)
    if not groups:
        raise CorpusError(f"scenes folder {folder} holds no files of the bands {', '.join(bands)}: look at their names")
    found = []
    for (home, prefix), files in sorted(groups.items()):
        name = "/".join(part for part in (home, prefix) if part) or base.name
        safe = base / home if _is_safe(home) else None
        missing = next((band for band in bands if band not in files), None)
        problem = missing and f"scene {name} in {folder} has no file of band {missing}: complete or remove it"
        there = tuple(files[band] for band in bands if band in files)
        found.append(Found(name, there, source_of(name, base), safe, problem))
    return found


def _is_safe(folder: str) -> bool:
    return folder.upper().endswith(".SAFE")


def _home(path: Path, folder: Path) -> str:
    """Folder that a band file belongs to, relative to the scenes folder: its `.SAFE`, else the one it lies in."""
    parts = path.relative_to(folder).parts[:-1]
    for depth, part in enumerate(parts):
        if _is_safe(part):
            return "/".join(parts[: depth + 1])
    return "/".join(parts)


def source_of(name: str, folder: Path) -> str:
    """Source of a scene: the sub-folder it lies in, else the sensor its name starts with, else the folder.

    A sub-folder that is named as a product (by sensor and date) is a scene as delivered and not a collection.
    """
    first, _, rest = name.partition("/")
    sensor = _sensor(first)
    if rest and not (sensor and DATE.search(first)):
        return first
    return sensor or folder.name


def sensor_of(name: str) -> str | None:
    """The sensor that a scene's file or a folder around it is named after, or None."""
    return next((sensor for part in reversed(name.split("/")) if (sensor := _sensor(part))), None)


def _sensor(part: str) -> str | None:
    matches = ((re.match(pattern, part, re.IGNORECASE), label) for pattern, label in SENSORS)
    return next((label.format(*match.groups()) for match, label in matches if match), None)
