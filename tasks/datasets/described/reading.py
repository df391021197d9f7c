"""Preparing a data set as its YAML file describes it."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.context import Count
from bench.core.errors import DataError
from bench.corpus.scenes.georeference import Georeference
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import Window, cut, windows
from tasks.datasets.described.contents import (
    ChangePairs,
    ClassFolders,
    Files,
    ImagesAndBoxes,
    ImagesAndMasks,
    LabelTable,
    as_list,
)
from tasks.datasets.described.images import MaskReader, image_size, read_image
from tasks.datasets.described.listing import Listed, Listing, list_images
from tasks.datasets.described.templates import Tree
from tasks.datasets.described.truth import boxes_of, class_of, flags_of
from tasks.datasets.levir import MOST_ODD, boxes_in
from tasks.datasets.pictures import SUFFIXES, distinct_colours, resized, size_of
from tasks.labels.boxes import LABEL as BOXES
from tasks.labels.change import LABEL as CHANGE
from tasks.labels.image_class import LABEL as CLASS
from tasks.labels.label import Label
from tasks.labels.mask import LABEL as MASK
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

# Of odd boxes, so many are listed.
MOST_LISTED = 100
Palette = list[list[int]]


def read(source: Path, out: Path, slices: Slices, progress: Count, contents: Files) -> None:
    """Prepare the data set that `contents` describes.

    Raises:
        DataError: the files are others than described; the file is named.
    """
    listing = list_images(Tree.of(source), contents)
    task = _Preparing(listing, contents, out, slices, progress)
    if isinstance(contents, ClassFolders):
        task.whole(CLASS, *class_of(listing, contents))
    elif isinstance(contents, LabelTable):
        task.whole(MULTILABEL, *flags_of(listing, contents))
    elif isinstance(contents, ImagesAndBoxes):
        task.boxes(contents)
    elif isinstance(contents, (ImagesAndMasks, ChangePairs)):
        task.masks(contents)


def palette_of(contents: ImagesAndMasks | ChangePairs) -> Palette:
    """A colour of each class: its own, or one around the wheel."""
    others = distinct_colours(len(contents.classes))
    return [
        [int(as_list(each.colour)[0][at : at + 2], 16) for at in (1, 3, 5)] if each.colour else other
        for each, other in zip(contents.classes, others, strict=True)
    ]


class _Preparing:
    """Writes the slices of one data set."""

    def __init__(self, listing: Listing, contents: Files, out: Path, slices: Slices, progress: Count) -> None:
        self._listing = listing
        self._contents = contents
        self._out = out
        self._slices = slices
        self._progress = progress

    def whole(self, label: Label, classes: list[str], labels: Sequence[Any]) -> None:
        """Write images that are resized and not cut."""
        images, size = self._listing.images, self._slices.size
        writer = SliceWriter(self._out, len(images), size, classes, label)
        other_size = 0
        for done, (image, truth) in enumerate(zip(images, labels, strict=True), start=1):
            pixels = read_image(image.files[0], self._contents)
            other_size += pixels.shape[:2] != (size, size)
            _add(writer, image, resized(pixels, size), truth)
            self._progress(done, len(images))
        self._finish(writer, distinct_colours(len(classes)), {}, {"overlap": 0.0, "resized": other_size})

    def masks(self, contents: ImagesAndMasks | ChangePairs) -> None:
        """Write images, or pairs, and masks that are cut alike."""
        files = self._listing.partners(contents.masks, SUFFIXES)
        sizes = [self._size(image, mask) for image, mask in zip(self._listing.images, files, strict=True)]
        reader = MaskReader(contents.classes, contents.unlabelled)
        label = CHANGE if isinstance(contents, ChangePairs) else MASK
        writer = self._writer([each.name for each in contents.classes], label, sizes)
        for image, file in zip(self._listing.images, files, strict=True):
            pixels = np.concatenate([read_image(date, contents) for date in image.files], axis=2)
            pairs = zip(cut(pixels, self._slices, 0), cut(reader.read(file), self._slices, IGNORE), strict=True)
            for (window, part), (_, mask) in pairs:
                _add(writer, image, part, mask, window)
                self._progress(writer.written, writer.total)
        self._finish(writer, palette_of(contents), {}, {"overlap": self._slices.overlap})

    def boxes(self, contents: ImagesAndBoxes) -> None:
        """Write images that are cut, with the boxes that show in each slice."""
        truth = boxes_of(self._listing, contents)
        objects = sum(map(len, truth.boxes))
        if len(truth.odd) > MOST_ODD * max(objects, 100):
            raise DataError(f"{truth.odd[0]}; in all {len(truth.odd)} of {objects} boxes: is the format another?")
        sizes = [image_size(image.files[0], contents) for image in self._listing.images]
        writer = self._writer(truth.classes, BOXES, sizes)
        dropped = 0
        for image, boxes in zip(self._listing.images, truth.boxes, strict=True):
            for window, part in cut(read_image(image.files[0], contents), self._slices, 0):
                inside, lost = boxes_in(boxes, window)
                _add(writer, image, part, inside, window)
                dropped += lost
                self._progress(writer.written, writer.total)
        found = {
            "images without objects": sum(not len(each) for each in truth.boxes),
            "objects": objects,
            "pieces of objects left out": dropped,
            "boxes of crowds left out": truth.crowds,
            "odd boxes that were put right or left out": len(truth.odd),
        }
        about = {"overlap": self._slices.overlap, "odd boxes": truth.odd[:MOST_LISTED]}
        self._finish(writer, distinct_colours(len(truth.classes)), found, about)

    def _writer(self, classes: list[str], label: Label, sizes: list[tuple[int, int]]) -> SliceWriter:
        total = sum(len(windows(*size, self._slices)) for size in sizes)
        return SliceWriter(self._out, total, self._slices.size, classes, label)

    def _size(self, image: Listed, mask: Path) -> tuple[int, int]:
        size, *others = (image_size(file, self._contents) for file in image.files)
        for file, other in zip((*image.files[1:], mask), (*others, size_of(mask)), strict=True):
            if other != size:
                raise DataError(f"{file} is {other}, its image {image.files[0]} is {size}")
        return size

    def _finish(self, writer: SliceWriter, palette: Palette, found: dict[str, int], about: dict[str, Any]) -> None:
        counts = self._listing.left_out | found | _shared(self._listing.images)
        writer.finish({"palette": palette, "found": {name: count for name, count in counts.items() if count}} | about)


def _add(writer: SliceWriter, image: Listed, pixels: NDArray[Any], truth: Any, window: Window | None = None) -> None:
    """Store a slice: a window of an image, or all of it."""
    x, y, size = (window.x, window.y, window.size) if window else (0, 0, None)
    place = _grid(image.files[0])
    footprint = place.footprint(x, y, size) if place else None
    writer.add(pixels, truth, image.name, x, y, image.part, image.below, image.place, footprint)


@lru_cache(maxsize=1)
def _grid(file: Path) -> Georeference | None:
    """The grid of the image that is being cut."""
    return Georeference.of_file(file)


def _shared(images: list[Listed]) -> dict[str, int]:
    """Places whose images lie in several parts of the layout."""
    parts: dict[str, set[str | None]] = {}
    for image in images:
        if image.place:
            parts.setdefault(image.place, set()).add(image.part)
    return {"places that lie in several parts": sum(len(each) > 1 for each in parts.values())}
