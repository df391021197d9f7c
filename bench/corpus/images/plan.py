"""What a build from images is going to do, and the names by which its parts are known."""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from bench.core.bands import RGB
from bench.core.errors import CorpusError
from bench.corpus.images.cutting import Chunk, ImageCut
from bench.corpus.images.masks import Masks
from bench.corpus.images.names import Names, read_list
from bench.corpus.images.picture import Larger, read_picture
from bench.corpus.images.proportions import Proportions, class_folder, from_folders, from_table
from bench.corpus.images.source import ImageFile, ImageSource
from bench.corpus.landcover.product import CLASSES, Product
from bench.corpus.landcover.registry import load_product
from bench.corpus.scenes.tiling import stride_of
from bench.corpus.storage.encoding import check_jpeg

VERSION = 1
"""Raised by hand when a change of the code makes other tiles or proportions of the same images."""

CHUNK = 1024
"""Images that one process takes at a time."""


class ImageRequest(TypedDict, total=False):
    """What a user may say of a corpus from images.

    Attributes:
        classes_as: mapping of class folders onto land cover: a shipped name, or the path of a `.yaml` file.
        proportions: table of the proportions of each image.
        landcover: folder or archive of masks on the grids of the images; goes with `product`.
        product: the legend of the masks: a name, or the path of a `.yaml` file.
        without: text file with the images that are left out.
        size: side of a tile in pixels; None for that of the first image.
        overlap: share of a tile that the next one covers again, where larger images are cut.
        larger: `cut` images larger than a tile, or `resize` the square in their middle; None refuses them.
        jpeg: quality of the JPEG that tiles are kept as; None keeps exact pixels.
        max_nodata: share of a tile's mask without land cover above which it is left out.
        keep_map: keep the mask of each tile.
        synthetic: declares that a generator drew the images.
    """

    classes_as: str | None
    proportions: Path | None
    landcover: Path | None
    product: str | None
    without: Path | None
    size: int | None
    overlap: float
    larger: Larger | None
    jpeg: int | None
    max_nodata: float
    keep_map: bool
    synthetic: bool


@dataclass(frozen=True)
class ImagePlan:
    """All that decides what a build makes.

    Attributes:
        path: folder or archive of the images.
        images: those that are used, in order.
        left_out: how many were left out by name.
        cut: how they become tiles.
        proportions: land cover of whole images, or None.
        masks: folder or archive of masks, or None.
        legend: of the masks, or None.
        state: names and stamps of the masks.
        synthetic: whether a generator drew the images, as declared.
    """

    path: Path
    images: tuple[ImageFile, ...]
    left_out: int
    cut: ImageCut
    proportions: Proportions | None = None
    masks: Path | None = None
    legend: Product | None = None
    state: tuple[Any, ...] = ()
    synthetic: bool = False

    @property
    def total(self) -> int:
        """Images."""
        return len(self.images)

    @property
    def classes(self) -> tuple[str, ...]:
        """The legend of the proportions; empty without."""
        if self.proportions is not None:
            return self.proportions.classes
        return CLASSES if self.masks else ()

    @property
    def product(self) -> dict[str, Any] | None:
        """Where the proportions come from, as the manifest says it."""
        if self.proportions is not None:
            return self.proportions.stated
        return None if self.legend is None else self.legend.model_dump(mode="json", by_alias=True)

    @cached_property
    def chunks(self) -> tuple[Chunk, ...]:
        """What is done at a time, in the order of the corpus: images of one folder."""
        rows = None if self.proportions is None else self.proportions.rows
        chunks, done = [], 0
        for folder, group in groupby(self.images, key=lambda image: image.folder):
            images = tuple(group)
            source = class_folder(images[0]) or self.path.stem
            for first in range(0, len(images), CHUNK):
                some = images[first : first + CHUNK]
                here = None if rows is None else rows[done : done + len(some)]
                chunks.append(Chunk(source if folder == "." else folder, source, some, here))
                done += len(some)
        return tuple(chunks)

    @cached_property
    def _settings(self) -> str:
        return _hash([VERSION, asdict(self.cut), self.product, self.classes, self.state])

    def key(self, chunk: Chunk) -> str:
        """Hash of all that decides a chunk's part."""
        rows = None if chunk.rows is None else hashlib.sha256(np.ascontiguousarray(chunk.rows).tobytes()).hexdigest()
        images = [(image.name, image.stamp) for image in chunk.images]
        return _hash([self._settings, chunk.folder, chunk.source, images, rows])

    @cached_property
    def request(self) -> str:
        """Hash of the whole request."""
        asked: list[Any] = ["images", [self.key(chunk) for chunk in self.chunks], self.left_out]
        return _hash([*asked, "synthetic"] if self.synthetic else asked)

    def open_source(self) -> ImageSource:
        """The images, with a file handle of their own."""
        return ImageSource(self.path)

    def open_masks(self) -> Masks | None:
        """The masks, with a file handle of their own."""
        return None if self.masks is None or self.legend is None else Masks(self.masks, self.legend)


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:32]


def make_plan(path: Path, **asked: Unpack[ImageRequest]) -> ImagePlan:
    """List all images and read lists and tables before any work, so that a mistake is told at once.

    Args:
        path: folder or archive of the images.
        asked: what the user said.

    Raises:
        CorpusError: an input or an option cannot be used.
    """
    _check_one_land_cover(asked)
    source = ImageSource(path)
    every = source.list_images()
    names = Names(every)
    without = asked.get("without")
    out = set() if without is None else read_list(without, names)
    numbers = [number for number in range(len(every)) if number not in out]
    if not numbers:
        raise CorpusError(f"{without} leaves out all {len(every)} images of {path}: nothing is left")
    images = tuple(every[number] for number in numbers)
    proportions = None
    if (mapping := asked.get("classes_as")) is not None:
        proportions = from_folders(mapping, images)
    elif (table := asked.get("proportions")) is not None:
        proportions = from_table(table, images, names, numbers)
    product, masks = asked.get("product"), asked.get("landcover")
    legend = None if product is None else load_product(product)
    state = () if masks is None or legend is None else tuple(Masks(masks, legend).state(images))
    cut = ImageCut(
        asked.get("size") or _side(source, images),
        asked.get("overlap", ImageCut.overlap),
        asked.get("larger"),
        asked.get("jpeg"),
        asked.get("max_nodata", ImageCut.max_nodata),
        asked.get("keep_map", False),
    )
    stride_of(cut.size, cut.overlap)
    check_jpeg(cut.jpeg, RGB)
    return ImagePlan(path, images, len(out), cut, proportions, masks, legend, state, asked.get("synthetic", False))


def _check_one_land_cover(asked: ImageRequest) -> None:
    masks, product = asked.get("landcover") is not None, asked.get("product") is not None
    if masks != product:
        raise CorpusError("--landcover and --product go together: give masks and their legend, or neither")
    given = {"--classes-as": asked.get("classes_as"), "--proportions": asked.get("proportions"), "--landcover": masks}
    several = [name for name, value in given.items() if value]
    if len(several) > 1:
        raise CorpusError(f"{' and '.join(several)} each give the land cover of a tile: give one of them")
    if asked.get("keep_map") and not masks:
        raise CorpusError("--keep-map keeps the masks of --landcover: give them, or leave it out")


def _side(source: ImageSource, images: tuple[ImageFile, ...]) -> int:
    """Side of the first image that can be read, which tiles take where the user names none."""
    for image in images:
        try:
            height, width, _ = read_picture(source.read(image), source.path / image.path).shape
        except CorpusError:
            if image == images[-1]:
                raise
            continue
        break
    if height != width:
        raise CorpusError(f"{source.path / image.path} is {width} x {height} pixels: say the side of a tile by --size")
    return int(height)
