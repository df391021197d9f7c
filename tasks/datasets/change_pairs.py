"""Change detection sets of image pairs: CDD and LEVIR-CD."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import DataError
from tasks.datasets import Progress
from tasks.datasets.cutting import cut, windows
from tasks.datasets.layout import child, find_folder
from tasks.datasets.pictures import pictures, read_mask, read_rgb, size_of
from tasks.prepared import IGNORE
from tasks.protocols import Slices
from tasks.writing import SliceWriter

PALETTE = {"unchanged": (0, 0, 0), "changed": (255, 255, 255)}
PARTS = ("train", "val", "test")
UNCHANGED, CHANGED = 0, 255
# CDD's masks are JPEGs, which blur the two values.
MIDDLE = 128


@dataclass(frozen=True)
class Pair:
    """Two dates of one place, and where it changed."""

    part: str
    before: Path
    after: Path
    label: Path

    @property
    def name(self) -> str:
        """Part and file name."""
        return f"{self.part}/{self.before.stem}"


def read_levir_cd(source: Path, out: Path, slices: Slices, progress: Progress) -> None:
    """Prepare `train|val|test/{A,B,label}/*.png`."""
    _prepare(_pairs(source, "label"), out, slices, progress)


def read_cdd(source: Path, out: Path, slices: Slices, progress: Progress) -> None:
    """Prepare `train|val|test/{A,B,OUT}/*.jpg`."""
    _prepare(_pairs(source, "OUT"), out, slices, progress)


def _pairs(source: Path, labels: str) -> list[Pair]:
    folder = find_folder(
        source,
        f"folders train, val and test, each with A, B and {labels}",
        lambda each: all((part := child(each, name)) and child(part, "A") for name in PARTS),
    )
    return [pair for part in PARTS for pair in _pairs_of(folder, part, labels)]


def _pairs_of(folder: Path, part: str, labels: str) -> list[Pair]:
    root = child(folder, part)
    assert root
    before, after, label = (child(root, name) for name in ("A", "B", labels))
    if not (before and after and label):
        raise DataError(f"{root} must hold the folders A, B and {labels}: is the download complete?")
    images = pictures(before)
    if not images:
        raise DataError(f"{before} holds no image: is the download complete?")
    # LEVIR-CD names all three alike; copies of CDD end the label's name differently.
    return [Pair(part, image, _twin(after, image), _twin(label, image)) for image in images]


def _twin(folder: Path, image: Path) -> Path:
    exact = folder / image.name
    if exact.is_file():
        return exact
    found = [file for file in sorted(folder.glob(f"{image.stem}.*")) if file.is_file()]
    if not found:
        raise DataError(f"{exact} is missing: {image} has no counterpart")
    return found[0]


def _prepare(pairs: list[Pair], out: Path, slices: Slices, progress: Progress) -> None:
    total = sum(len(windows(*_size(pair), slices)) for pair in pairs)
    writer = SliceWriter(out, total, slices.size, list(PALETTE), channels=6)
    done = 0
    for pair in pairs:
        both = np.concatenate([read_rgb(pair.before), read_rgb(pair.after)], axis=2)
        label = decode(read_mask(pair.label), pair.label)
        for (window, images), (_, mask) in zip(cut(both, slices, 0), cut(label, slices, IGNORE), strict=True):
            writer.add(images, mask, pair.name, window.x, window.y, pair.part)
            done += 1
            progress(done, total)
    writer.finish({"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]})


def decode(values: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Turn a mask H x W of 0 and 255 into classes 0 and 1.

    Raises:
        DataError: a lossless mask has another value.
    """
    if path.suffix.lower() not in {".jpg", ".jpeg"}:
        unknown = np.setdiff1d(values, [UNCHANGED, CHANGED])
        if len(unknown):
            raise DataError(f"{path}: the label has the value {unknown[0]}, expected 0 and 255")
    return np.asarray(values >= MIDDLE, dtype=np.uint8)


def _size(pair: Pair) -> tuple[int, int]:
    size = size_of(pair.before)
    for other in (pair.after, pair.label):
        if size_of(other) != size:
            raise DataError(f"{other} is {size_of(other)}, its image {pair.before.name} is {size}")
    return size
