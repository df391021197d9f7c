"""What a folder of labelled images holds, before anything is prepared of it: counts, near-duplicates, leaks."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.context import Count
from bench.corpus.storage.reader import Corpus
from bench.studies.perceptual_hash import Frequencies, low_frequencies, near, pairs
from tasks.datasets.cutting import cut
from tasks.datasets.described.contents import (
    ChangePairs,
    ClassFolders,
    Contents,
    Files,
    ImagesAndBoxes,
    ImagesAndMasks,
    LabelTable,
)
from tasks.datasets.described.images import MaskReader, read_image
from tasks.datasets.described.listing import Listed, Listing, list_images
from tasks.datasets.described.templates import Tree
from tasks.datasets.described.truth import boxes_of, class_of, flags_of
from tasks.datasets.pictures import SUFFIXES
from tasks.protocol_parts import Slices

# The task that learns each kind of labels, and what is counted of a class.
TASKS = {"classes": "cls", "labels": "multilabel", "masks": "seg", "pairs": "change", "boxes": "det"}
UNITS = {"classes": "images", "labels": "images", "masks": "pixels", "pairs": "pixels", "boxes": "boxes"}
# Tiles of a corpus that are read at once.
AT_ONCE = 256
# Slices of images that are cut: at most as large as the papers'; of fewer pixels, a multiple that networks divide.
LARGEST, MULTIPLE = 256, 32


@dataclass(frozen=True)
class Pair:
    """Two images that look alike."""

    a: Listed
    b: Listed


@dataclass(frozen=True)
class Leaks:
    """What a corpus shows of the images.

    Attributes:
        tiles: tiles of the corpus that look like an image, or like a slice of one.
        images: images that look like a tile, or of which a slice does.
    """

    tiles: int
    images: list[Listed]


@dataclass(frozen=True)
class Description:
    """What a folder holds.

    Attributes:
        contents: the kind of labels, and which files they are.
        images: the images, by name.
        classes: of each class, how many of `unit` there are.
        sizes: images by height and width.
        left_out: why images are not taken, with how many.
        alike: near-duplicates that are of different images, and of different places where places are known.
        leaks: what a corpus shows of them; None where none was asked about.
    """

    contents: Files
    images: list[Listed]
    classes: dict[str, int]
    sizes: Counter[tuple[int, int]]
    left_out: dict[str, int]
    alike: list[Pair]
    leaks: Leaks | None

    @property
    def kind(self) -> str:
        """Kind of the labels."""
        return str(getattr(self.contents, "kind", ""))

    @property
    def task(self) -> str:
        """Name of the task that learns such labels."""
        return TASKS[self.kind]

    @property
    def parts(self) -> dict[str, int]:
        """Images of each part of the layout; empty where it has none."""
        return dict(Counter(image.part for image in self.images if image.part))

    @property
    def places(self) -> int:
        """Places that the images are of; 0 where the layout says nothing of them."""
        return len({image.place for image in self.images if image.place})

    @property
    def across(self) -> list[Pair]:
        """Near-duplicates in different parts of the layout."""
        return [pair for pair in self.alike if pair.a.part != pair.b.part]

    @property
    def slices(self) -> Slices:
        """A side of slices that fits the images."""
        return Slices(size=side(self.sizes, whole=self.kind in {"classes", "labels"}))


def side(sizes: Counter[tuple[int, int]], *, whole: bool) -> int:
    """A side of slices: of images that are resized the usual shorter side, of those that are cut a multiple of 32."""
    shorter: Counter[int] = Counter()
    for size, count in sizes.items():
        shorter[min(size)] += count
    usual = min(shorter.most_common(1)[0][0], LARGEST)
    return usual if whole else max(MULTIPLE, usual // MULTIPLE * MULTIPLE)


def describe(source: Path, contents: Contents, corpus: Corpus | None, progress: Count) -> Description:
    """Read all images and labels of a folder once.

    Args:
        source: the folder.
        contents: which files are what.
        corpus: tiles that a pretraining sees, to look for the images among them; None for no look.
        progress: told images done, and in all.

    Raises:
        DataError: the folder holds something else; the file is named.
    """
    listing = list_images(Tree.of(source), contents)
    masks = listing.partners(contents.masks, SUFFIXES) if isinstance(contents, (ImagesAndMasks, ChangePairs)) else None
    classes, counts = ([], np.zeros(0, np.int64)) if masks else _counted(listing, contents)
    if isinstance(contents, (ImagesAndMasks, ChangePairs)):
        classes = [each.name for each in contents.classes]
        counts, reader = np.zeros(len(classes), np.int64), MaskReader(contents.classes, contents.unlabelled)
    sizes: Counter[tuple[int, int]] = Counter()
    whole: list[Frequencies] = []
    for at, image in enumerate(listing.images):
        dates = [read_image(file, contents) for file in image.files]
        sizes[dates[0].shape[0], dates[0].shape[1]] += 1
        whole.append(np.concatenate([low_frequencies(date[None]) for date in dates]))
        if masks:
            counts += np.bincount(reader.read(masks[at]).ravel(), minlength=256)[: len(classes)]
        progress(at + 1, len(listing.images))
    named = dict(zip(classes, counts.tolist(), strict=True))
    found = Description(contents, listing.images, named, sizes, listing.left_out, _alike(listing.images, whole), None)
    return found if corpus is None else _with_leaks(found, whole, corpus, progress)


def _counted(listing: Listing, contents: Contents) -> tuple[list[str], Any]:
    """Names of the classes, and how many images or boxes are of each."""
    if isinstance(contents, ClassFolders):
        classes, numbers = class_of(listing, contents)
        return classes, np.bincount(numbers, minlength=len(classes))
    if isinstance(contents, LabelTable):
        classes, flags = flags_of(listing, contents)
        return classes, np.sum(flags, axis=0, dtype=np.int64)
    assert isinstance(contents, ImagesAndBoxes)
    truth = boxes_of(listing, contents)
    numbers = [int(box[4]) for boxes in truth.boxes for box in boxes]
    return truth.classes, np.bincount(numbers, minlength=len(truth.classes))


def _alike(images: list[Listed], whole: list[Frequencies]) -> list[Pair]:
    """Near-duplicates among the images, each pair once, without pairs of one place: those stay together."""
    owner = [at for at, frequencies in enumerate(whole) for _ in frequencies]
    found = {(owner[a], owner[b]) for a, b in pairs(np.concatenate(whole)).tolist()}
    return [
        Pair(images[a], images[b])
        for a, b in sorted(found)
        if a != b and not (images[a].place and images[a].place == images[b].place and images[a].part == images[b].part)
    ]


def _with_leaks(found: Description, whole: list[Frequencies], corpus: Corpus, progress: Count) -> Description:
    """The description, with what a corpus shows of whole images, and of windows of them."""
    parts: list[Frequencies] = list(whole)
    owner = [at for at, frequencies in enumerate(whole) for _ in frequencies]
    # A corpus of the same images has them cut as its tiles are, or as the slices will be.
    cuts = {Slices(size=corpus.size, overlap=corpus.manifest.overlap), found.slices}
    for at, image in enumerate(found.images):
        for file in image.files:
            pixels = read_image(file, found.contents)
            for slices in sorted(cuts, key=str):
                if max(pixels.shape[:2]) > slices.size:
                    windows = np.stack([part for _, part in cut(pixels, slices, 0)])
                    parts.append(low_frequencies(windows))
                    owner += [at] * len(windows)
        progress(at + 1, len(found.images))
    tiles = np.concatenate(
        [
            low_frequencies(corpus.tiles(np.arange(start, min(start + AT_ONCE, len(corpus)))), corpus.bands.highest)
            for start in range(0, len(corpus), AT_ONCE)
        ]
    )
    of_tiles, of_parts = near(tiles, np.concatenate(parts))
    shown = sorted({owner[at] for at in np.flatnonzero(of_parts).tolist()})
    leaks = Leaks(int(of_tiles.sum()), [found.images[at] for at in shown])
    return Description(**{**vars(found), "leaks": leaks})
