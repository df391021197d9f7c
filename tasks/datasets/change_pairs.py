"""Change detection sets of image pairs: CDD and LEVIR-CD."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.core.context import Count
from bench.core.errors import DataError
from bench.metrics.confusion import IGNORE
from tasks.datasets.cutting import cut, windows
from tasks.datasets.layout import child, find_folder
from tasks.datasets.pictures import pictures, read_grey, read_rgb, size_of
from tasks.labels.change import LABEL as CHANGE
from tasks.protocol_parts import Slices
from tasks.writing import SliceWriter

PALETTE = {"unchanged": (0, 0, 0), "changed": (255, 255, 255)}
PARTS = ("train", "val", "test")
UNCHANGED, CHANGED = 0, 255
# CDD's masks are JPEGs, which blur the two values.
MIDDLE = 128
# A value this far from 0 and from 255 might have been either.
CLEAR = 100
# A JPEG of 0 and 255 that shows any change has brighter pixels than this.
DARK = 16


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

    @property
    def originals(self) -> list[str]:
        """Both images as the public layout names them."""
        return [f"{self.part}/{date.parent.name}/{date.name}" for date in (self.before, self.after)]


def read_levir_cd(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `train|val|test/{A,B,label}/*.png`."""
    _prepare(_pairs(source, "label"), out, slices, progress)


def read_cdd(source: Path, out: Path, slices: Slices, progress: Count) -> None:
    """Prepare `train|val|test/{A,B,OUT}/*.jpg`; the whole archive's drawn pairs, in `Model`, are left aside."""
    _prepare(_pairs(source, "OUT", aside="Model"), out, slices, progress)


def _pairs(source: Path, labels: str, aside: str = "") -> list[Pair]:
    folder = find_folder(
        source,
        f"folders train, val and test, each with A, B and {labels}",
        lambda each: aside not in each.relative_to(source).parts and all(_part(each, name) for name in PARTS),
    )
    return [pair for part in PARTS for pair in _pairs_of(folder, part, labels)]


def _part(folder: Path, name: str) -> Path | None:
    """The folder of a part; an archive `train.zip` may hold another folder `train`."""
    outer = child(folder, name)
    found = [each for each in (outer, outer and child(outer, name)) if each and child(each, "A")]
    return found[0] if found else None


def _pairs_of(folder: Path, part: str, labels: str) -> list[Pair]:
    root = _part(folder, part)
    assert root
    before, after, label = (child(root, name) for name in ("A", "B", labels))
    if not (before and after and label):
        raise DataError(f"{root} must hold the folders A, B and {labels}: is the download complete?")
    images = pictures(before)
    if not images:
        raise DataError(f"{before} holds no image: is the download complete?")
    return [
        Pair(part, image, *both)
        for image, *both in zip(images, _twins(after, images), _twins(label, images), strict=True)
    ]


def _twins(folder: Path, images: list[Path]) -> list[Path]:
    """The picture in a folder that belongs to each image: of the same name, whatever its ending."""
    found = {file.stem: file for file in pictures(folder)}
    for image in images:
        if image.stem not in found:
            raise DataError(f"{folder / image.name} is missing: {image} has no counterpart")
    for stem in sorted(found.keys() - {image.stem for image in images}):
        raise DataError(f"{found[stem]} has no counterpart in {images[0].parent}: is the download complete?")
    return [found[image.stem] for image in images]


def _prepare(pairs: list[Pair], out: Path, slices: Slices, progress: Count) -> None:
    total = sum(len(windows(*_size(pair), slices)) for pair in pairs)
    writer = SliceWriter(out, total, slices.size, list(PALETTE), CHANGE)
    done = close = 0
    for pair in pairs:
        both = np.concatenate([read_rgb(pair.before), read_rgb(pair.after)], axis=2)
        values = read_grey(pair.label)
        close += int(np.count_nonzero(np.minimum(values, 255 - values) > CLEAR))
        label = decode(values, pair.label)
        for (window, images), (_, mask) in zip(cut(both, slices, 0), cut(label, slices, IGNORE), strict=True):
            writer.add(images, mask, pair.name, window.x, window.y, pair.part, pair.originals)
            done += 1
            progress(done, total)
    about = {"overlap": slices.overlap, "palette": [list(colour) for colour in PALETTE.values()]}
    found = {f"label pixels with a value from {CLEAR + 1} to {254 - CLEAR}, cut at {MIDDLE}": close} if close else {}
    writer.finish(about | {"found": found})


def decode(values: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    """Turn a mask H x W of 0 and 255 into classes 0 and 1.

    Raises:
        DataError: a lossless mask has another value, or a JPEG is of 0 and 1 and would be unchanged everywhere.
    """
    if path.suffix.lower() not in {".jpg", ".jpeg"}:
        unknown = np.setdiff1d(values, [UNCHANGED, CHANGED])
        if len(unknown):
            raise DataError(f"{path}: the label has the value {unknown[0]}, expected 0 and 255")
    if 0 < values.max() < DARK:
        raise DataError(f"{path}: the label's largest value is {values.max()}, expected 0 and 255")
    return np.asarray(values >= MIDDLE, dtype=np.uint8)


def _size(pair: Pair) -> tuple[int, int]:
    size = size_of(pair.before)
    for other in (pair.after, pair.label):
        if size_of(other) != size:
            raise DataError(f"{other} is {size_of(other)}, its image {pair.before.name} is {size}")
    return size
