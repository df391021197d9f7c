"""ISPRS Potsdam and Vaihingen as users download them: RGB or IRRG mosaics and colour-coded label images."""

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.context import Count
from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import windows
from tasks.datasets.layout import find_folder, find_folders
from tasks.datasets.rasters import open_rgb, read_window, strips
from tasks.protocol_parts import Slices
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
# Each channel of a label is 0 or 255 in the benchmark. Two of Potsdam's published labels are not: 6_7 codes most cars
# (252, 255, 0), 4_12 was compressed with loss. Cut at the middle both are exact: no stored value of any of the 71 labels
# is within 40 of it (docs/data.md).
MIDDLE = 128
# How far a pixel moved is that of the channel that moved most, for each channel is cut on its own, and one close to the
# middle makes the class a guess however well the others fit. Beyond this a channel is within 27 of the middle; a label
# with more than this share of such pixels is no colour-coded one.
FAR, MOST_FAR = 100, 0.01

POTSDAM_IMAGES = ("2_Ortho_RGB", re.compile(r"(top_potsdam_\d+_\d+)_RGB\.tif"))
# Of each kind of label the folder, and how its files are named. Eroded ones leave out a disc of three pixels' radius along
# the borders of objects, for people do not agree on them (the benchmark's pages).
POTSDAM_LABELS = {
    "full": ("5_Labels_all", "{stem}_label.tif"),
    "eroded": ("5_Labels_all_noBoundary", "{stem}_label_noBoundary.tif"),
}
VAIHINGEN_IMAGES = ("top", re.compile(r"(top_mosaic_09cm_area\d+)\.tif"))
VAIHINGEN_LABELS = {
    "full": ("ISPRS_semantic_labeling_Vaihingen_ground_truth_COMPLETE", "{stem}.tif"),
    "eroded": ("ISPRS_semantic_labeling_Vaihingen_ground_truth_eroded_COMPLETE", "{stem}_noBoundary.tif"),
}


@dataclass(frozen=True)
class LabelledImage:
    """An image, its label image, the name they share, and whether the label is full or eroded."""

    name: str
    image: Path
    label: Path
    kind: str


def read_potsdam(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare Potsdam's RGB mosaics."""
    _prepare(_pairs(source, POTSDAM_IMAGES, POTSDAM_LABELS, slices.labels), out, slices, progress)


def read_vaihingen(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare Vaihingen's IRRG mosaics."""
    _prepare(_pairs(source, VAIHINGEN_IMAGES, VAIHINGEN_LABELS, slices.labels), out, slices, progress)


def _pairs(
    source: Path, images: tuple[str, re.Pattern[str]], labels: dict[str, tuple[str, str]], asked: str | None
) -> list[LabelledImage]:
    name, pattern = images
    folder = find_folder(
        source,
        f"folder {name} with images named like {pattern.pattern}",
        lambda each: each.name == name and any(pattern.fullmatch(file.name) for file in each.iterdir()),
    )
    matches = [(file, match[1]) for file in sorted(folder.iterdir()) if (match := pattern.fullmatch(file.name))]
    kind, chosen, ending = _labels(source, labels if asked is None else {asked: labels[asked]})
    return [LabelledImage(stem, file, _label_of(chosen, stem, ending), kind) for file, stem in matches]


def _labels(source: Path, known: dict[str, tuple[str, str]]) -> tuple[str, Path, str]:
    """The first known kind of label that is there, its folder, and how the files are named.

    All labels come from one folder: full labels and those without boundaries score different pixels.
    """
    for kind, (name, ending) in known.items():
        fits = partial(_holds_labels, name)
        if find_folders(source, fits):
            return kind, find_folder(source, f"folder {name}", fits), ending
    names = " or ".join(name for name, _ in known.values())
    raise DataError(f"{source} has no folder {names} with labels: download it too")


def _holds_labels(name: str, folder: Path) -> bool:
    return folder.name == name and any(folder.glob("*.tif"))


def _label_of(folder: Path, stem: str, ending: str) -> Path:
    path = folder / ending.format(stem=stem)
    if not path.is_file():
        raise DataError(f"image {stem} has no label: {path} is missing")
    return path


def _prepare(pairs: list[LabelledImage], out: Path, slices: Slices, progress: Count) -> None:
    cuts = {pair.name: windows(*_size(pair), slices) for pair in pairs}
    snapped = {pair.name: count_snapped(pair.label) for pair in pairs}
    total = sum(map(len, cuts.values()))
    writer = SliceWriter(out, total, slices.size, list(PALETTE))
    done = 0
    for pair in pairs:
        with open_rgb(pair.image) as image, open_rgb(pair.label) as label:
            for window in cuts[pair.name]:
                # Over the edge both are black, and black is the boundary, which is not scored.
                classes = decode(read_window(label, window), pair.label)
                pixels = read_window(image, window)
                writer.add(pixels, classes, pair.name, window.x, window.y, originals=[pair.image.name])
                done += 1
                progress(done, total)
    about = {"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]}
    found = {"label pixels that were not exactly a colour of the benchmark": sum(snapped.values())}
    writer.finish(
        about | {"labels": pairs[0].label.parent.name, "labelled": pairs[0].kind, "snapped": snapped, "found": found}
    )


def _size(pair: LabelledImage) -> tuple[int, int]:
    with open_rgb(pair.image) as image, open_rgb(pair.label) as label:
        if image.shape != label.shape:
            raise DataError(f"{pair.label} is {label.shape}, its image {pair.image.name} is {image.shape}")
        height, width = image.shape
    return height, width


def count_snapped(path: Path) -> int:
    """Pixels of a label whose stored colour is not exactly one of the benchmark's (the boundary's is one).

    Raises:
        DataError: too many pixels are far from every colour, or no pixel has a class.
    """
    snapped = far = 0
    scored = False
    with open_rgb(path) as label:
        for strip in strips(label):
            moved = np.minimum(strip, 255 - strip).max(axis=2)
            snapped += int(np.count_nonzero(moved))
            far += int(np.count_nonzero(moved > FAR))
            scored |= bool((strip >= MIDDLE).any())
        pixels = label.width * label.height
    if far > MOST_FAR * pixels:
        raise DataError(
            f"{path}: {far / pixels:.1%} of its pixels are more than {FAR} from every label colour in a channel, "
            "it is no colour-coded label: download it again"
        )
    if not scored:
        raise DataError(f"{path} has no pixel of any class, all are black: give the colour-coded label")
    return snapped


def decode(colours: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Turn colours H x W x 3 into class numbers H x W, with 255 for the boundary; each channel is cut at the middle.

    Raises:
        DataError: a colour is none of the benchmark's even so; `path` is named.
    """
    classes = _CLASS_OF_CORNER[_corner(colours)]
    unknown = np.argwhere(classes == _NO_CLASS)
    if len(unknown):
        row, column = unknown[0]
        raise DataError(f"{path}: unknown label colour {tuple(map(int, colours[row, column]))} in the label image")
    return classes


def _corner(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Which of the eight corners of the colour cube each colour H x W x 3 is nearest to."""
    return np.asarray((colours >= MIDDLE) @ np.array([4, 2, 1], dtype=np.uint8), dtype=np.uint8)


_NO_CLASS = IGNORE - 1
_CLASS_OF_CORNER = np.full(8, _NO_CLASS, dtype=np.uint8)
_CLASS_OF_CORNER[_corner(np.array(list(PALETTE.values()), dtype=np.uint8))] = range(len(PALETTE))
_CLASS_OF_CORNER[_corner(np.array(BOUNDARY, dtype=np.uint8))] = IGNORE
