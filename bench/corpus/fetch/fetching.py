"""Fetching many places at a time: what is done is kept, so that who is stopped or killed goes on where it was."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.io import MemoryFile

from bench.core import documents, files
from bench.core.errors import BenchError, CorpusError, NotFoundError
from bench.core.seeding import shuffled
from bench.core.web import Web
from bench.corpus.fetch import reading
from bench.corpus.fetch.items import Season, find_items
from bench.corpus.fetch.manifest import FILE, Manifest, Taken
from bench.corpus.fetch.places import Place
from bench.corpus.fetch.reading import Pixels
from bench.corpus.fetch.remote import Remote
from bench.corpus.fetch.sources import Imagery, LandCover
from bench.corpus.landcover.registry import load_product

SCENES, LANDCOVER, STATE = "scenes", "landcover", ".fetch"
# Images of a place that are looked at, the least clouded first.
MOST_LOOKS = 8
# Places that may fail before the rest is left for another time.
MOST_FAILURES = 5
# Of the values as they lie in an archive, what deflate leaves of them; for estimates.
DEFLATED = 0.7
# Of maps of few codes.
CODES = 0.1
# Bytes of a header and of the piece around it that is asked for with it.
HEADER = 1 << 16

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What is fetched.

    Attributes:
        source: of the imagery.
        landcover: of the land cover; None for none.
        epoch: its year.
        season: when images were taken.
        side: of a window, metres.
        clouds: largest share of clouds of a whole image, per cent.
        most_clouded: largest share of clouds in the window, 0 to 1.
        bands: names of the bands.
    """

    source: Imagery
    landcover: LandCover | None
    epoch: int | None
    season: Season
    side: float
    clouds: float
    most_clouded: float
    bands: tuple[str, ...]

    def told(self) -> dict[str, Any]:
        """In words, for the manifest and to know what a folder was begun with."""
        return {
            "source": self.source.name,
            "landcover": self.landcover.name if self.landcover else None,
            "epoch": self.epoch,
            "season": f"{self.season.first}/{self.season.last}",
            "side": self.side,
            "clouds": self.clouds,
            "most_clouded": self.most_clouded,
            "bands": list(self.bands),
        }


class Fetch:
    """A folder that fills with scenes and land cover.

    Args:
        folder: takes `scenes`, `landcover` and `fetch.json`; None to keep no pixels (`bench corpus fetch --freeze`).
        state: where it is kept what is done.
        web: asks the imagery's hosts.
        cover_web: asks those of the land cover.
        workers: places at a time.

    Attributes:
        web, cover_web: as given; they count what was read.
    """

    def __init__(self, folder: Path | None, state: Path, web: Web, cover_web: Web | None, workers: int) -> None:
        self._folder, self._state = folder, state
        self.web, self.cover_web = web, cover_web
        self._remote, self._cover = Remote(web), Remote(cover_web) if cover_web else None
        self._workers = workers

    def begin(self, told: Mapping[str, Any]) -> None:
        """Make sure that what is in the state folder was asked for in the same words.

        Raises:
            CorpusError: it was not.
        """
        path = self._state / "asked.json"
        if path.exists():
            before = documents.read_json(path, CorpusError, "delete the folder to begin anew")
            changed = [name for name, value in told.items() if before.get(name) != value]
            if changed:
                raise CorpusError(
                    f"{self._state.parent} was begun with {changed[0]} {before.get(changed[0])!r}, not "
                    f"{told[changed[0]]!r}: name another --out, or delete the folder"
                )
        else:
            files.write_json(path, dict(told))

    def balance(self, asked: Asked, places: list[Place], count: int, seed: int, advance: Progress) -> list[Place]:
        """Choose places whose commonest classes are as even as they can be, in an order that follows from the seed.

        Places of each class take turns, the rarest class first; places where nothing is mapped are not chosen.
        """
        source, remote = asked.landcover, self._cover
        assert source is not None
        assert remote is not None
        assert asked.epoch is not None
        product, epoch = load_product(source.product), asked.epoch

        def look(place: Place) -> dict[str, Any]:
            return {"shares": reading.shares(remote, source, product, epoch, place, asked.side)}

        found = self._each(places, "cover", look, advance)
        by_class: defaultdict[str, list[Place]] = defaultdict(list)
        for at in shuffled([place.name for place in places], seed):
            of_place = found[places[at].name]["shares"]
            if of_place:
                by_class[max(of_place, key=lambda name: (of_place[name], name))].append(places[at])
        chosen: list[Place] = []
        order = sorted(by_class, key=lambda name: (len(by_class[name]), name))
        while len(chosen) < count and any(by_class.values()):
            for name in order:
                if by_class[name] and len(chosen) < count:
                    chosen.append(by_class[name].pop(0))
        return chosen

    def fetch(self, asked: Asked, places: list[Place], told: Mapping[str, Any], advance: Progress) -> Manifest:
        """Fetch all places.

        Args:
            asked: what of them.
            places: where.
            told: what was asked for, for the manifest.
            advance: told how many are done.

        Raises:
            CorpusError: some could not be fetched; what was is kept for the next try.
        """
        found = self._each(places, "place", lambda place: self._take(asked, place), advance)
        taken = tuple(Taken.model_validate(found[place.name]) for place in places if "item" in found[place.name])
        left_out = {place.name: found[place.name]["left_out"] for place in places if "left_out" in found[place.name]}
        made = Manifest(
            bands=asked.bands,
            source=asked.source,
            landcover=asked.landcover,
            epoch=asked.epoch,
            asked=dict(told),
            places=taken,
            left_out=left_out,
        )
        if not taken:
            raise CorpusError(f"nothing was found: {next(iter(left_out.values()), 'there was no place')}")
        return made

    def refetch(self, manifest: Manifest, advance: Progress) -> None:
        """Fetch what a manifest names, pixel for pixel.

        Raises:
            CorpusError: something has changed, or could not be fetched.
        """
        by_name = {taken.name: taken for taken in manifest.places}
        places = [Place(taken.name, taken.lon, taken.lat) for taken in manifest.places]
        self._each(places, "place", lambda place: self._take_again(by_name[place.name], manifest.bands), advance)

    def finish(self, manifest: Manifest, path: Path | None = None) -> Path:
        """Write the manifest, and drop what was only needed to go on."""
        path = path or (self._folder or Path()) / FILE
        manifest.write(path)
        shutil.rmtree(self._state, ignore_errors=True)
        return path

    def _each(
        self, places: list[Place], kind: str, work: Callable[[Place], dict[str, Any]], advance: Progress
    ) -> dict[str, dict[str, Any]]:
        """What `work` says of each place, of those that it was not asked about before."""
        done: dict[str, dict[str, Any]] = {}
        for place in places:
            path = self._state / f"{place.name}.{kind}.json"
            if path.exists():
                done[place.name] = documents.read_json(path, CorpusError, "delete it")
        failures: list[Exception] = []
        waiting = iter([place for place in places if place.name not in done])
        with ThreadPoolExecutor(self._workers) as pool:
            running: dict[Future[dict[str, Any]], Place] = {}
            while True:
                while len(running) < self._workers and len(failures) < MOST_FAILURES:
                    following = next(waiting, None)
                    if following is None:
                        break
                    running[pool.submit(work, following)] = following
                if not running:
                    break
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    place = running.pop(future)
                    try:
                        found = future.result()
                    except (BenchError, OSError) as error:
                        failures.append(error)
                        continue
                    files.write_json(self._state / f"{place.name}.{kind}.json", found)
                    done[place.name] = found
                advance(len(done), len(places))
        if failures:
            raise CorpusError(
                f"{len(done)} of {len(places)} places are done, {len(failures)} failed ({failures[0]}): run it again to go on"
            )
        return done

    def _take(self, asked: Asked, place: Place) -> dict[str, Any]:
        reason = f"no image of {asked.season.first}/{asked.season.last} with at most {asked.clouds:g}% clouds"
        items = find_items(self.web, asked.source, place, asked.season, asked.clouds, asked.bands)
        for item in items[:MOST_LOOKS]:
            seen = reading.look(self._remote, asked.source, item, place, asked.side, asked.most_clouded, asked.bands)
            if seen.useless:
                reason = f"of {len(items)} images none shows it, and of {item.id} {seen.useless}"
                continue
            try:
                below = self._below(asked, next(iter(seen.bands.values())))
            except NotFoundError as error:
                return {"left_out": f"no land cover: {error}"}
            taken = Taken(
                name=place.name,
                lon=place.lon,
                lat=place.lat,
                item=item.id,
                datetime=item.datetime,
                clouded=round(seen.clouded, 6),
                bands={band: pixels.read for band, pixels in seen.bands.items()},
                landcover=tuple(pixels.read for pixels in below),
                shares=self._shares(asked.landcover, below),
            )
            self._write(taken, seen.bands, below)
            return taken.model_dump(mode="json")
        return {"left_out": reason}

    def _below(self, asked: Asked, pixels: Pixels) -> list[Pixels]:
        if asked.landcover is None or self._cover is None or asked.epoch is None:
            return []
        return reading.land_cover(self._cover, asked.landcover, asked.epoch, pixels.lonlat)

    @staticmethod
    def _shares(source: LandCover | None, below: Iterable[Pixels]) -> dict[str, float]:
        found = list(below)
        if source is None or not found:
            return {}
        codes = np.concatenate([pixels.values.ravel() for pixels in found])
        return reading.classes_of(codes, load_product(source.product), found[0].nodata)

    def _take_again(self, taken: Taken, names: tuple[str, ...]) -> dict[str, Any]:
        try:
            bands = {band: reading.again(self._remote, taken.bands[band]) for band in names}
            below = [reading.again(self._cover, read) for read in taken.landcover] if self._cover else []
        except BenchError as error:
            raise CorpusError(f"place {taken.name}, item {taken.item}: {error}") from None
        self._write(taken, bands, below)
        return taken.model_dump(mode="json")

    def _write(self, taken: Taken, bands: Mapping[str, Pixels], below: Iterable[Pixels]) -> None:
        if self._folder is None:
            return
        told = {"ITEM": taken.item, "DATETIME": taken.datetime, "PLACE": taken.name}
        files.write_bytes(self._folder / SCENES / f"{taken.item}_{taken.name}.tif", _encoded(bands, told))
        for pixels in below:
            files.write_bytes(
                self._folder / LANDCOVER / taken.name / pixels.name,
                _encoded({"land cover": pixels}, {"PLACE": taken.name}),
            )


def _encoded(bands: Mapping[str, Pixels], told: Mapping[str, str]) -> bytes:
    """A GeoTIFF of some bands of one grid, with the scale and offset that their archive declares."""
    first = next(iter(bands.values()))
    height, width = first.values.shape
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK="YES"), MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=width,
            height=height,
            count=len(bands),
            dtype=first.values.dtype,
            crs=first.crs,
            transform=first.transform,
            nodata=first.nodata,
            compress="deflate",
        ) as dataset:
            dataset.write(np.stack([pixels.values for pixels in bands.values()]))
            dataset.descriptions = tuple(bands)
            dataset.scales = tuple(pixels.read.scale for pixels in bands.values())
            dataset.offsets = tuple(pixels.read.offset for pixels in bands.values())
            dataset.update_tags(**told)
        return bytes(memory.getbuffer())


@dataclass(frozen=True)
class Estimate:
    """What a fetch should take, known before anything is asked: bytes that are read, and that are kept."""

    files: int
    read: int
    kept: int


def estimate(asked: Asked, places: int, *, adjacent: bool) -> Estimate:
    """Bytes of blocks that windows touch on average, at a usual compression, and of headers; no clouds are met.

    Args:
        asked: what is fetched.
        places: how many windows.
        adjacent: whether they lie side by side in one image, and share blocks; else each has blocks of its own.
    """
    source, cover = asked.source, asked.landcover
    bytes_of = np.dtype(source.values).itemsize
    windows, across = (1, places**0.5) if adjacent else (places, 1.0)
    pixels = across * asked.side / source.resolution
    of_band = (pixels + source.block) ** 2 * bytes_of * DEFLATED + HEADER
    read, kept, opened = (
        len(asked.bands) * of_band,
        len(asked.bands) * pixels**2 * bytes_of * DEFLATED,
        len(asked.bands),
    )
    if source.mask is not None:
        read, opened = read + (pixels / 2 + source.block) ** 2 * CODES + HEADER, opened + 1
    if cover is not None:
        side = across * asked.side / cover.resolution
        read, kept, opened = read + (side + cover.block) ** 2 * CODES + HEADER, kept + side**2 * CODES, opened + 1
    return Estimate(opened * windows, round(read * windows), round(kept * windows))
