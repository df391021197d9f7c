"""What is true of each image of a described data set, apart from masks: its class, its classes, its boxes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.core.errors import DataError
from tasks.datasets.described.annotations import Boxes, Coco, Raw, checked, read_lines, read_voc
from tasks.datasets.described.contents import MOST_CLASSES, ClassFolders, ImagesAndBoxes, LabelTable
from tasks.datasets.described.images import image_size
from tasks.datasets.described.listing import Listing, stem_of
from tasks.datasets.described.tables import read_table
from tasks.datasets.described.templates import Template


@dataclass(frozen=True)
class BoxesOf:
    """Boxes of all images.

    Attributes:
        classes: their names.
        boxes: of each image, M x 5.
        odd: lines on those that were put right or left out.
        crowds: boxes of crowds that were left out.
    """

    classes: list[str]
    boxes: list[Boxes]
    odd: list[str]
    crowds: int


def class_of(listing: Listing, contents: ClassFolders) -> tuple[list[str], list[int]]:
    """Names of the classes, and the class of each image.

    Raises:
        DataError: a folder is no class, or there are too many or too few.
    """
    texts = [image.fields["class"] for image in listing.images]
    names = contents.classes or {text: text for text in sorted(set(texts))}
    # Copies differ in how a folder's name is written.
    name_of = {text.lower(): name for text, name in names.items()} if contents.classes else names
    read = [name_of.get(text.lower() if contents.classes else text) for text in texts]
    unknown = sorted({text for text, name in zip(texts, read, strict=True) if name is None})
    if unknown:
        raise DataError(f"{listing.tree.folder}: class {unknown[0]!r} is not under classes: {', '.join(names)}")
    order = list(dict.fromkeys(names.values()))
    _check_count(order, listing)
    without = [name for name in order if name not in set(read)]
    if without:
        raise DataError(f"{listing.tree.folder} has no image of class {without[0]}: is the download complete?")
    return order, [order.index(str(name)) for name in read]


def flags_of(listing: Listing, contents: LabelTable) -> tuple[list[str], list[NDArray[np.uint8]]]:
    """Names of the classes, and of each image K of 0 and 1.

    Raises:
        DataError: an image has no row, or a row no image.
    """
    files = Template(contents.table).find(listing.tree)
    if not files:
        raise DataError(f"{listing.tree.folder} has no table {contents.table}: download it too")
    named: list[str] = []
    rows: dict[str, set[str]] = {}
    for file in files:
        columns, found = read_table(file.path)
        named += [name for name in columns if name not in named]
        for text, labels in found.items():
            if rows.setdefault(stem_of(text), labels) is not labels:
                raise DataError(f"{file.path}: image {text} has a row already")
    classes = contents.classes or named
    _check_count(classes, listing)
    unknown = sorted(set().union(*rows.values()) - set(classes))
    if unknown:
        raise DataError(f"{files[0].path}: label {unknown[0]!r} is not under classes: {', '.join(classes)}")
    without = next((image for image in listing.images if stem_of(image.below[0]) not in rows), None)
    if without:
        raise DataError(f"{files[0].path} has no row of {without.files[0]}")
    extra = sorted(rows.keys() - {stem_of(image.below[0]) for image in listing.every})
    if extra:
        raise DataError(f"{files[0].path} has a row of {extra[0]}, {listing.tree.folder} no such image")
    stems = [stem_of(image.below[0]) for image in listing.images]
    return classes, [np.array([name in rows[stem] for name in classes], dtype=np.uint8) for stem in stems]


def boxes_of(listing: Listing, contents: ImagesAndBoxes) -> BoxesOf:
    """Names of the classes, and the boxes of each image.

    Raises:
        DataError: an image has no annotation, or one cannot be read.
    """
    sizes = [image_size(image.files[0], contents) for image in listing.images]
    raws, names, crowds = _raws(listing, contents, sizes)
    classes = contents.classes or names
    _check_count(classes, listing, fewest=1)
    texts = {str(contents.first + at): name for at, name in enumerate(classes)}
    if contents.format in {"corners", "yolo"}:
        raws = [[_named(raw, texts) for raw in each] for each in raws]
    read = [checked(each, classes, size) for each, size in zip(raws, sizes, strict=True)]
    return BoxesOf(classes, [each.boxes for each in read], [line for each in read for line in each.odd], crowds)


def _raws(
    listing: Listing, contents: ImagesAndBoxes, sizes: list[tuple[int, int]]
) -> tuple[list[list[Raw]], list[str], int]:
    """Boxes as they are annotated, names of the classes where the files have them, and boxes of crowds."""
    if contents.format == "coco":
        files = Template(contents.boxes).find(listing.tree)
        if not files:
            raise DataError(f"{listing.tree.folder} has no annotations {contents.boxes}: download them too")
        coco = Coco([file.path for file in files])
        found = []
        for image in listing.images:
            raws = coco.of(image.below[0])
            if raws is None:
                raise DataError(f"{image.files[0]} is not listed in {contents.boxes}: is the download complete?")
            found.append(raws)
        return found, coco.names, coco.crowds
    files_of = listing.partners(contents.boxes, None)
    if contents.format == "voc":
        found = [read_voc(file, difficult=contents.difficult) for file in files_of]
        return found, sorted({raw.name for raws in found for raw in raws}), 0
    shares = contents.format == "yolo"
    return [read_lines(file, size, shares=shares) for file, size in zip(files_of, sizes, strict=True)], [], 0


def _named(raw: Raw, texts: dict[str, str]) -> Raw:
    if raw.name not in texts:
        known = ", ".join(f"{number} {name}" for number, name in texts.items())
        raise DataError(f"{raw.where}: class {raw.name} is none of {known}")
    return Raw(raw.corners, texts[raw.name], raw.where)


def _check_count(classes: list[str], listing: Listing, fewest: int = 2) -> None:
    if not fewest <= len(classes) <= MOST_CLASSES:
        raise DataError(f"{listing.tree.folder} has {len(classes)} classes, expected {fewest} to {MOST_CLASSES}")
