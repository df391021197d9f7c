"""Cutting a strip of a scene: land cover, rules, and a part of the corpus on disk."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import rasterio
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from bench.core import files
from bench.core.bands import Bands
from bench.corpus.build.controls import footprints_of
from bench.corpus.build.options import Cut
from bench.corpus.build.rules import Reason, Rules, reject_land_cover, reject_pixels
from bench.corpus.landcover.footprints import Counts, LandCover
from bench.corpus.landcover.product import CLASSES
from bench.corpus.scenes.crs import apply, transformer
from bench.corpus.scenes.reading import SceneReader
from bench.corpus.scenes.scene import Scene
from bench.corpus.scenes.tiling import Windows
from bench.corpus.storage.encoding import decode, encode
from bench.corpus.storage.manifest import INDEX, LANDCOVER, MAPS, SceneEntry, control_file
from bench.corpus.storage.shards import tile_dtype, tile_facts

PIXELS = "tiles"
ENTRY = "part.json"

STRIP_WINDOWS = 4096
"""Windows of a strip: 800 MB of tiles of 256; what strips share at their border is decoded twice."""

CACHE_BYTES = 256 * 2**20
"""GDAL's cache of decoded blocks; by default it takes 5% of the machine for each process."""


@dataclass(frozen=True)
class Strip:
    """Some rows of windows of a scene: what one process cuts at a time, and what a killed build can lose."""

    scene: Scene
    windows: Windows


def strips_of(scene: Scene, cut: Cut) -> list[Strip]:
    """A scene in strips of some thousand windows, so that a large one is cut by several processes."""
    windows = cut.windows(scene)
    step = max(1, STRIP_WINDOWS // max(1, len(windows.columns)))
    starts = range(0, len(windows.rows), step)
    return [Strip(scene, replace(windows, rows=windows.rows[start : start + step])) for start in starts]


class PartEntry(BaseModel):
    """The description of a finished part.

    Attributes:
        scene: the scene, with the counts of this strip.
        covered: whether any land cover, of whatever class, lies under the strip; true for a corpus without.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scene: SceneEntry
    covered: bool


def cut_strip(strip: Strip, landcover: LandCover | None, cut: Cut, part: Path, advance: Callable[[int], None]) -> None:
    """Cut a strip into tiles, leave out the unusable ones, and write the rest as a part of the corpus.

    Args:
        strip: rows of windows of a scene.
        landcover: the product, or None for a corpus without proportions.
        cut: how to cut.
        part: folder to write; it appears complete or not at all.
        advance: called with the number of windows done since the last call.

    Raises:
        CorpusError: the scene or the land cover cannot be read.
    """
    scene, windows = strip.scene, strip.windows
    with rasterio.Env(GDAL_CACHEMAX=CACHE_BYTES), files.new_folder(part) as folder:
        counts = None if landcover is None else landcover.count(windows.footprints(scene.transform), scene.crs)
        by_land_cover = _reject_by_land_cover(cut.rules, counts, len(windows))
        rejected: Counter[str] = Counter()
        rows: list[NDArray[np.void]] = []
        kept: list[int] = []
        with SceneReader(scene, cut.stretch, cut.nodata, cut.kept) as reader, (folder / PIXELS).open("wb") as stream:
            warnings = reader.check_offset()
            for number, tile, valid in _tiles(reader, windows, advance):
                reason = _reject_empty(cut.rules, valid) or by_land_cover[number]
                reason = reason or reject_pixels(cut.rules, tile, cut.kept)
                if reason is None:
                    rows.append(store_tile(stream, tile, cut.kept, cut.jpeg))
                    kept.append(number)
                else:
                    rejected[reason] += 1
            levels = reader.levels
        index = np.array(rows, dtype=tile_dtype(cut.kept))
        chosen = np.array(kept, dtype=np.int64)
        _place(index, scene, windows, chosen)
        np.save(folder / INDEX, index)
        if landcover is not None and counts is not None:
            np.save(folder / LANDCOVER, counts.proportions[chosen])
            for control in cut.controls:
                at = footprints_of(control, windows.origins()[chosen], windows.size, scene)
                np.save(folder / control_file(control), _proportions(landcover, at, scene.crs))
            if cut.keep_map:
                with (folder / MAPS).open("wb") as maps:
                    for footprint in windows.footprints(scene.transform)[chosen]:
                        maps.write(landcover.picture(footprint, scene.crs, windows.size).tobytes())
        entry = SceneEntry(
            name=scene.name,
            source=scene.source,
            resolution=scene.resolution,
            crs=scene.crs_name,
            wkt=scene.crs,
            transform=tuple(scene.transform)[:6],
            windows=len(windows),
            tiles=len(kept),
            rejected=dict(sorted(rejected.items())),
            levels=None if levels is None else {"low": list(levels.low), "high": list(levels.high)},
            offsets=scene.offsets.values if cut.stretch.kind == "range" else None,
            warnings=warnings,
        )
        covered = counts is None or bool((counts.area > counts.nodata).any())
        files.write_json(folder / ENTRY, PartEntry(scene=entry, covered=covered).model_dump(mode="json"))


def _proportions(landcover: LandCover, footprints: NDArray[np.float64], crs: str) -> NDArray[np.float32]:
    """Proportions under footprints, of which there may be none."""
    if not len(footprints):
        return np.empty((0, len(CLASSES)), dtype=np.float32)
    return landcover.count(footprints, crs).proportions


def read_part(part: Path) -> PartEntry:
    """The description of a finished part."""
    return PartEntry.model_validate_json((part / ENTRY).read_text())


def _tiles(
    reader: SceneReader, windows: Windows, advance: Callable[[int], None]
) -> Iterator[tuple[int, NDArray[Any], NDArray[np.bool_]]]:
    if not len(windows):
        return
    number, size = 0, windows.size
    for pixels, valid in reader.strips(windows.rows, size):
        for column in windows.columns:
            yield number, np.ascontiguousarray(pixels[:, column : column + size]), valid[:, column : column + size]
            number += 1
        advance(len(windows.columns))


def _reject_empty(rules: Rules, valid: NDArray[np.bool_]) -> Reason | None:
    return "empty" if 1 - np.count_nonzero(valid) / valid.size > rules.empty_share else None


def _reject_by_land_cover(rules: Rules, counts: Counts | None, number: int) -> list[Reason | None]:
    if counts is None:
        return [None] * number
    mapped, nodata = counts.classes.sum(axis=1).tolist(), counts.nodata_share.tolist()
    return [reject_land_cover(rules, *pair) for pair in zip(mapped, nodata, strict=True)]


def store_tile(stream: BinaryIO, tile: NDArray[Any], kept: Bands, jpeg: int | None) -> NDArray[np.void]:
    """Write a tile; returns its row of the index, whose facts are those of the pixels that will be read again.

    Args:
        stream: file of the part's tiles.
        tile: `size x size x B`.
        kept: bands of the tile.
        jpeg: quality, or None for exact pixels.
    """
    row = np.zeros((), dtype=tile_dtype(kept))
    row["offset"] = stream.tell()
    if jpeg is None:
        row["length"] = stream.write(tile.data)
    else:
        data = encode(tile, jpeg)
        row["length"] = stream.write(data)
        tile = decode(data, len(tile))
    total, square, digest = tile_facts(tile)
    row["sum"], row["square"], row["digest"] = total, square, digest
    return row


def _place(index: NDArray[np.void], scene: Scene, windows: Windows, kept: NDArray[np.int64]) -> None:
    """Fill in where the kept tiles lie: origin in pixels, centre in degrees."""
    origins = windows.origins()[kept]
    index["row"], index["column"] = origins[:, 0], origins[:, 1]
    column, row = origins[:, 1] + windows.size / 2, origins[:, 0] + windows.size / 2
    x, y = apply(scene.transform, column, row)
    index["lon"], index["lat"] = transformer(scene.crs, "OGC:CRS84").transform(x, y)
