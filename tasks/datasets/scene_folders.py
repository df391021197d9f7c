"""Scene classification sets with one folder a class: UCMerced and RSSCN7."""

import re
from pathlib import Path

from bench.core.context import Count
from bench.core.errors import DataError
from tasks.datasets.layout import find_folder, folders
from tasks.datasets.pictures import distinct_colours, pictures, read_rgb, resized
from tasks.labels.image_class import LABEL as CLASS
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

# A letter that orders the classes, then the class: aGrass, bField, ...
_RSSCN7 = re.compile(r"[a-g][A-Z]\w+")
_RSSCN7_CLASSES = 7
# Class folders that make an `Images` folder UCMerced's; the benchmark has 21, a part of it has fewer.
_FEWEST = 2


def read_ucmerced(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `UCMerced_LandUse/Images/<class>/<class>NN.tif`."""
    folder = find_folder(
        source,
        "folder Images with a folder for each class",
        lambda each: each.name == "Images" and len(folders(each)) >= _FEWEST,
    )
    write_classes({each.name: each for each in folders(folder)}, out, slices, progress)


def read_rsscn7(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `<letter><Class>/<letter>NNN.jpg`; the class is the folder's name without its first letter."""
    folder = find_folder(
        source,
        "folders named like aGrass, bField, ... gParking",
        lambda each: len([name for name in folders(each) if _RSSCN7.fullmatch(name.name)]) == _RSSCN7_CLASSES,
    )
    write_classes(
        {each.name[1:]: each for each in folders(folder) if _RSSCN7.fullmatch(each.name)}, out, slices, progress
    )


def write_classes(classes: dict[str, Path], out: Path, slices: Slices, progress: Count) -> None:
    """Write a set of one folder a class, images resized to the side of a slice.

    Args:
        classes: folder of each class.
        out: an empty folder.
        slices: their side.
        progress: told images done, and in all.

    Raises:
        DataError: a folder is empty, or an image is broken.
    """
    images = [(number, file) for number, folder in enumerate(classes.values()) for file in _pictures(folder)]
    writer = SliceWriter(out, len(images), slices.size, list(classes), CLASS)
    other_size = 0
    for done, (number, file) in enumerate(images, start=1):
        image = read_rgb(file)
        other_size += image.shape[:2] != (slices.size, slices.size)
        name, original = f"{file.parent.name}/{file.stem}", f"{file.parent.name}/{file.name}"
        writer.add(resized(image, slices.size), number, name, originals=[original])
        progress(done, len(images))
    writer.finish({"overlap": 0.0, "palette": distinct_colours(len(classes)), "resized": other_size})


def _pictures(folder: Path) -> list[Path]:
    found = pictures(folder)
    if not found:
        raise DataError(f"{folder} holds no image: class {folder.name} would be empty")
    return found
