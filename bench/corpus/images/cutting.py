"""Images into tiles: some of one folder at a time, in one process, as a part of the corpus on disk."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from bench.core import files
from bench.core.bands import RGB
from bench.core.errors import CorpusError
from bench.core.rasters import DRIVERS
from bench.corpus.build.cutting import ENTRY, PIXELS, store_tile
from bench.corpus.build.rules import Rules, reject_land_cover
from bench.corpus.images.masks import MaskedImage, Masks
from bench.corpus.images.picture import Larger, centre_square, read_picture, resize
from bench.corpus.images.source import ImageFile, ImageSource
from bench.corpus.scenes.georeference import Georeference
from bench.corpus.scenes.tiling import windows_of
from bench.corpus.storage.manifest import IMAGES, INDEX, LANDCOVER, MAPS, SceneEntry
from bench.corpus.storage.places import save_places
from bench.corpus.storage.shards import tile_dtype

UNUSABLE = "unusable image"
"""The reason under which images are counted that `--skip-bad` goes on without."""


@dataclass(frozen=True)
class ImageCut:
    """How images become tiles.

    Attributes:
        size: side of a tile in pixels.
        overlap: share of a tile that the next one covers again, in [0, 1), where larger images are cut.
        larger: what is done with images larger than a tile, or None where there are to be none.
        jpeg: quality of the JPEG that a tile is kept as, or None for its exact pixels.
        max_nodata: share of a tile's mask without land cover above which it is left out.
        keep_map: whether the mask of each tile is kept.
    """

    size: int
    overlap: float = 0.2
    larger: Larger | None = None
    jpeg: int | None = None
    max_nodata: float = 0.5
    keep_map: bool = False


@dataclass(frozen=True)
class Chunk:
    """Some images of one folder: what one process does at a time, and what a killed build can lose.

    Attributes:
        folder: name of the folder.
        source: the name by which it is counted.
        images: in order.
        rows: `N x K` proportions of the images; None without, or where masks give them.
    """

    folder: str
    source: str
    images: tuple[ImageFile, ...]
    rows: NDArray[np.float32] | None = field(default=None, repr=False)


class ImagePart(BaseModel):
    """The description of a finished part.

    Attributes:
        scene: the folder, with the counts of this part.
        skipped: images that could not be used, with the reason.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    scene: SceneEntry
    skipped: dict[str, str]


class Piece(NamedTuple):
    """One tile.

    Attributes:
        origin: first row and column in its image.
        pixels: `size x size x 3`.
        proportions: `K`, or None.
        mapped: `size x size` of class indices, or None.
        nodata: share that is not mapped.
        footprint: corners in degrees, `4 x 2`, or None of an image without a place.
    """

    origin: tuple[int, int]
    pixels: NDArray[np.uint8]
    proportions: NDArray[np.float32] | None
    mapped: NDArray[np.uint8] | None = None
    nodata: float = 0.0
    footprint: NDArray[np.float64] | None = None


def read_part(part: Path) -> ImagePart:
    """The description of a finished part."""
    return ImagePart.model_validate_json((part / ENTRY).read_text())


def cut_chunk(
    chunk: Chunk,
    source: ImageSource,
    masks: Masks | None,
    cut: ImageCut,
    part: Path,
    advance: Callable[[int], None],
    *,
    skip_bad: bool,
) -> None:
    """Make tiles of some images and write them as a part of the corpus.

    Args:
        chunk: the images.
        source: where they lie.
        masks: land cover on their grids, or None.
        cut: how they become tiles.
        part: folder to write; it appears complete or not at all.
        advance: called with the number of images done since the last call.
        skip_bad: go on without images that cannot be used, and count them.

    Raises:
        CorpusError: an image cannot be used.
    """
    kept = _Kept(Rules(nodata_share=cut.max_nodata), keep_map=cut.keep_map)
    skipped: dict[str, str] = {}
    with files.new_folder(part) as folder, (folder / PIXELS).open("wb") as stream, (folder / MAPS).open("wb") as maps:
        for number, image in enumerate(chunk.images):
            try:
                pieces = list(_pieces(image, None if chunk.rows is None else chunk.rows[number], source, masks, cut))
            except CorpusError as error:
                if not skip_bad:
                    raise
                skipped[image.path] = str(error)
                kept.rejected[UNUSABLE] += 1
                pieces = []
            for piece in pieces:
                kept.add(piece, image.name, cut.jpeg, stream, maps)
            advance(1)
        maps.close()
        if not cut.keep_map:
            (folder / MAPS).unlink()
        np.save(folder / INDEX, np.array(kept.rows, dtype=tile_dtype(RGB)))
        if masks is not None or chunk.rows is not None:
            columns = len(masks.classes) if masks is not None else 0 if chunk.rows is None else chunk.rows.shape[1]
            np.save(folder / LANDCOVER, np.array(kept.vectors, dtype="<f4").reshape(-1, columns))
        save_places(folder, np.array(kept.places).reshape(-1, 4, 2))
        files.write_text(folder / IMAGES, "".join(f"{name}\n" for name in kept.names))
        entry = ImagePart(scene=kept.entry(chunk), skipped=skipped)
        files.write_json(folder / ENTRY, entry.model_dump(mode="json"))


@dataclass
class _Kept:
    """The tiles of a chunk that are kept, and why others are not."""

    rules: Rules
    keep_map: bool
    rejected: Counter[str] = field(default_factory=Counter)
    rows: list[NDArray[np.void]] = field(default_factory=list)
    vectors: list[NDArray[np.float32]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    places: list[NDArray[np.float64]] = field(default_factory=list)

    def add(self, piece: Piece, name: str, jpeg: int | None, pixels: BinaryIO, maps: BinaryIO) -> None:
        """Write a tile to the end of the files of pixels and of maps, or count it as rejected."""
        shown = piece.proportions
        reason = None if shown is None else reject_land_cover(self.rules, float(shown.sum()), piece.nodata)
        if reason is not None:
            self.rejected[reason] += 1
            return
        row = store_tile(pixels, piece.pixels, RGB, jpeg)
        row["row"], row["column"] = piece.origin
        place = np.full((4, 2), np.nan) if piece.footprint is None else piece.footprint
        row["lon"], row["lat"] = place.mean(axis=0)
        self.rows.append(row)
        self.places.append(place)
        self.names.append(name)
        if shown is not None:
            self.vectors.append(shown)
        if piece.mapped is not None and self.keep_map:
            maps.write(piece.mapped.tobytes())

    def entry(self, chunk: Chunk) -> SceneEntry:
        """What the manifest says of the chunk."""
        return SceneEntry(
            name=chunk.folder,
            source=chunk.source,
            resolution=None,
            crs=None,
            wkt=None,
            transform=None,
            windows=len(self.rows) + sum(self.rejected.values()),
            tiles=len(self.rows),
            rejected=dict(sorted(self.rejected.items())),
        )


def _pieces(
    image: ImageFile, row: NDArray[np.float32] | None, source: ImageSource, masks: Masks | None, cut: ImageCut
) -> Iterator[Piece]:
    path, size = source.path / image.path, cut.size
    data = source.read(image)
    pixels = read_picture(data, path)
    height, width = pixels.shape[:2]
    grid = Georeference.of_bytes(data) if path.suffix.lower() in DRIVERS else None
    footprint = grid.footprint if grid else _nowhere
    mask = None if masks is None else masks.of(image, (height, width))
    if min(height, width) < size:
        raise CorpusError(f"{path} is {width} x {height} pixels, smaller than a tile of {size}: lower --size")
    if (height, width) == (size, size):
        yield _piece((0, 0), pixels, row, mask, footprint())
    elif cut.larger == "cut":
        windows = windows_of(height, width, size, cut.overlap)
        for top, left in windows.origins().tolist():
            place = slice(top, top + size), slice(left, left + size)
            tile = np.ascontiguousarray(pixels[place])
            yield _piece((top, left), tile, row, mask and mask.at(place), footprint(left, top, size))
    elif cut.larger == "resize":
        place = centre_square(height, width)
        square = resize(np.ascontiguousarray(pixels[place]), size)
        origin = place[0].start, place[1].start
        lies = footprint(origin[1], origin[0], min(height, width))
        yield _piece(origin, square, row, mask and mask.at(place).resized(size), lies)
    else:
        raise CorpusError(
            f"{path} is {width} x {height} pixels, larger than a tile of {size}: say --larger cut or --larger resize"
        )


def _nowhere(*_window: int) -> None:
    """The footprint of an image without a place."""


def _piece(
    origin: tuple[int, int],
    pixels: NDArray[np.uint8],
    row: NDArray[np.float32] | None,
    mask: MaskedImage | None,
    footprint: NDArray[np.float64] | None,
) -> Piece:
    if mask is None:
        return Piece(origin, pixels, row, footprint=footprint)
    return Piece(origin, pixels, mask.proportions, mask.indices, mask.nodata_share, footprint)
