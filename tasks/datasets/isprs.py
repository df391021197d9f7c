"""ISPRS Potsdam and Vaihingen as users download them: RGB or IRRG mosaics and colour-coded label images."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError
from tasks.datasets import Progress
from tasks.datasets.cutting import windows
from tasks.datasets.layout import find_folder
from tasks.datasets.rasters import open_rgb, read_window
from tasks.prepared import IGNORE
from tasks.protocols import Slices
from tasks.writing import SliceWriter

# The benchmark's own colours; the black boundary of the full-label variants is not scored.
PALETTE = {
    "impervious": (255, 255, 255),
    "building": (0, 0, 255),
    "low-vegetation": (0, 255, 255),
    "tree": (0, 255, 0),
    "car": (255, 255, 0),
    "clutter": (255, 0, 0),
}
BOUNDARY = (0, 0, 0)

POTSDAM_IMAGES = ("2_Ortho_RGB", re.compile(r"(top_potsdam_\d+_\d+)_RGB\.tif"))
POTSDAM_LABELS = (("5_Labels_all", "{stem}_label.tif"), ("5_Labels_all_noBoundary", "{stem}_label_noBoundary.tif"))
VAIHINGEN_IMAGES = ("top", re.compile(r"(top_mosaic_09cm_area\d+)\.tif"))
VAIHINGEN_LABELS = (
    ("ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE", "{stem}.tif"),
    (
        "ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE",
        "{stem}_noBoundary.tif",
    ),
)


@dataclass(frozen=True)
class Pair:
    """An image, its label image and the name they share."""

    name: str
    image: Path
    label: Path


def read_potsdam(source: Path, out: Path, slices: Slices, progress: Progress) -> None:
    """Prepare Potsdam's RGB mosaics."""
    _prepare(_pairs(source, POTSDAM_IMAGES, POTSDAM_LABELS), out, slices, progress)


def read_vaihingen(source: Path, out: Path, slices: Slices, progress: Progress) -> None:
    """Prepare Vaihingen's IRRG mosaics."""
    _prepare(_pairs(source, VAIHINGEN_IMAGES, VAIHINGEN_LABELS), out, slices, progress)


def _pairs(source: Path, images: tuple[str, re.Pattern[str]], labels: tuple[tuple[str, str], ...]) -> list[Pair]:
    name, pattern = images
    folder = find_folder(
        source,
        f"folder {name} with images named like {pattern.pattern}",
        lambda each: each.name == name and any(pattern.fullmatch(file.name) for file in each.iterdir()),
    )
    matches = [(file, match[1]) for file in sorted(folder.iterdir()) if (match := pattern.fullmatch(file.name))]
    label_folders = [(_label_folder(source, folder_name), name) for folder_name, name in labels]
    return [Pair(stem, file, _label_of(source, stem, label_folders, labels)) for file, stem in matches]


def _label_folder(source: Path, name: str) -> Path | None:
    try:
        return find_folder(source, name, lambda each: each.name == name and any(each.glob("*.tif")))
    except DataError:
        return None


def _label_of(
    source: Path, stem: str, folders: list[tuple[Path | None, str]], labels: tuple[tuple[str, str], ...]
) -> Path:
    for folder, name in folders:
        if folder and (folder / name.format(stem=stem)).is_file():
            return folder / name.format(stem=stem)
    folder_name, name = labels[0]
    raise DataError(f"image {stem} has no label: {source / folder_name / name.format(stem=stem)} is missing")


def _prepare(pairs: list[Pair], out: Path, slices: Slices, progress: Progress) -> None:
    cuts = {pair.name: windows(*_size(pair), slices) for pair in pairs}
    total = sum(map(len, cuts.values()))
    writer = SliceWriter(out, total, slices.size, list(PALETTE))
    done = 0
    for pair in pairs:
        with open_rgb(pair.image) as image, open_rgb(pair.label) as label:
            for window in cuts[pair.name]:
                # Over the edge both are black, and black is the boundary, which is not scored.
                classes = decode(read_window(label, window), pair.label)
                writer.add(read_window(image, window), classes, pair.name, window.x, window.y)
                done += 1
                progress(done, total)
    writer.finish({"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]})


def _size(pair: Pair) -> tuple[int, int]:
    with open_rgb(pair.image) as image, open_rgb(pair.label) as label:
        if image.shape != label.shape:
            raise DataError(f"{pair.label} is {label.shape}, its image {pair.image.name} is {image.shape}")
        height, width = image.shape
    return height, width


def decode(colours: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Turn colours H x W x 3 into class numbers H x W, with 255 for the boundary.

    Raises:
        DataError: a colour is none of the benchmark's; `path` is named.
    """
    packed = colours.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    classes = np.full(packed.shape, IGNORE, dtype=np.uint8)
    known = packed == _pack(BOUNDARY)
    for number, colour in enumerate(PALETTE.values()):
        hit = packed == _pack(colour)
        classes[hit] = number
        known |= hit
    if not known.all():
        row, column = np.argwhere(~known)[0]
        raise DataError(f"{path}: unknown label colour {tuple(map(int, colours[row, column]))} in the label image")
    return classes


def _pack(colour: tuple[int, int, int]) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
