"""UC Merced with several labels an image, by the table of Chaudhuri et al. 2018."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.context import Count
from bench.core.errors import DataError
from bench.core.files import because
from tasks.datasets.layout import find_folder, folders
from tasks.datasets.pictures import distinct_colours, pictures, read_rgb, resized
from tasks.labels.multilabel import LABEL as MULTILABEL
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

TABLE = "LandUse_Multilabeled.txt"
CLASSES = (
    "airplane",
    "bare-soil",
    "buildings",
    "cars",
    "chaparral",
    "court",
    "dock",
    "field",
    "grass",
    "mobile-home",
    "pavement",
    "sand",
    "sea",
    "ship",
    "tanks",
    "trees",
    "water",
)

Flags = NDArray[np.uint8]


def read_ucmerced_multilabel(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `Images/<class>/<class>NN.tif` by `LandUse_Multilabeled.txt`, a row of 0 and 1 for each image."""
    folder = find_folder(source, "folder Images with a folder for each class", _holds_images)
    table = find_folder(source, f"file {TABLE}", lambda each: (each / TABLE).is_file()) / TABLE
    labels = read_table(table)
    images = [file for each in folders(folder) for file in pictures(each)]
    for stem in sorted({image.stem for image in images} ^ labels.keys()):
        there = f"{table} has no row of it" if stem not in labels else f"{table} has a row of it, {folder} no image"
        raise DataError(f"image {stem}: {there}: are both of the same download?")
    writer = SliceWriter(out, len(images), slices.size, list(CLASSES), MULTILABEL)
    other_size = 0
    for done, file in enumerate(images, start=1):
        image = read_rgb(file)
        other_size += image.shape[:2] != (slices.size, slices.size)
        name, original = f"{file.parent.name}/{file.stem}", f"{file.parent.name}/{file.name}"
        writer.add(resized(image, slices.size), labels[file.stem], name, originals=[original])
        progress(done, len(images))
    writer.finish({"overlap": 0.0, "palette": distinct_colours(len(CLASSES)), "resized": other_size})


def read_table(path: Path) -> dict[str, Flags]:
    """Read the table: tabs between columns, the first of which names the image, the others its labels.

    Returns:
        K of 0 and 1 in the order of `CLASSES`, by image.

    Raises:
        DataError: it is broken, or a column or a value is unknown; the line is named.
    """
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(), delimiter="\t"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable text file{because(error, 'download it again')}") from None
    names = [name.strip() for name in rows[0][1:]] if rows else []
    if sorted(filter(None, names)) != sorted(CLASSES):
        raise DataError(f"{path}, line 1: expected the {len(CLASSES)} labels {', '.join(CLASSES)} between tabs")
    column = [1 + names.index(name) for name in CLASSES]
    found: dict[str, Flags] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        image, values = row[0].strip(), [row[at].strip() if at < len(row) else "" for at in column]
        if not set(values) <= {"0", "1"} or "1" not in values:
            raise DataError(f"{path}, line {number}: expected an image and {len(CLASSES)} values 0 or 1, not all 0")
        if image in found:
            raise DataError(f"{path}, line {number}: image {image} has a row already: download the table again")
        found[image] = np.array(values, dtype=np.uint8)
    return found


def _holds_images(folder: Path) -> bool:
    return folder.name == "Images" and any(pictures(each) for each in folders(folder))
