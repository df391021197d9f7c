"""Writing a prepared data set slice by slice, and checking one against its manifest of hashes."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files
from bench.core.bands import COLOURS, RGB, Bands
from bench.core.errors import DataError
from bench.core.keys import content_hash, sealed, unbroken
from tasks.labels.label import Label
from tasks.labels.mask import LABEL as MASK
from tasks.prepared import SCHEMA, Prepared, slice_name


class SliceWriter:
    """Writes slices as they come and finishes them into a prepared set.

    The number of slices must be known beforehand, so that the arrays are made once and written by memory map: memory
    does not grow with the data set.

    Args:
        folder: an empty folder.
        count: number of slices.
        size: side of a slice in pixels.
        classes: class names.
        label: what a label is.
        bands: of an image, and the type of their values.
    """

    def __init__(
        self,
        folder: Path,
        count: int,
        size: int,
        classes: list[str],
        label: Label = MASK,
        bands: Bands = RGB,
    ) -> None:
        self._folder = folder
        self._classes = classes
        self._label = label
        self._bands = bands
        self._size = size
        self._slices: list[dict[str, Any]] = []
        self._footprints: list[list[list[float]] | None] = []
        self._originals: dict[str, list[str]] = {}
        self._equal: dict[bytes, list[int]] = {}
        channels = len(bands) * label.dates
        self._check_space(count * (size**2 * channels * bands.dtype.itemsize + label.room(size, len(classes))))
        self._images = self._new("images", (count, size, size, channels), bands.dtype)
        self._counts = self._new("class_counts", (count, len(classes)), np.int32)
        self._labels = label.store(folder, count, size, len(classes))

    def add(
        self,
        image: NDArray[np.uint8] | NDArray[np.uint16],
        label: Any,
        source: str,
        x: int = 0,
        y: int = 0,
        part: str | None = None,
        originals: Sequence[str] = (),
        place: str | None = None,
        footprint: NDArray[np.float64] | None = None,
    ) -> None:
        """Store one slice.

        Args:
            image: H x W x C.
            label: as its kind stores one, such as H x W classes.
            source: the source image's name.
            x: the window's left pixel in the source image.
            y: its top pixel.
            part: `train`, `val` or `test`, where the public layout says so.
            originals: files of the source image in the public layout, one a date.
            place: where it is of, which several source images may share.
            footprint: corners in degrees, 4 x 2, where the source image is georeferenced.
        """
        at = len(self._slices)
        assert image.dtype == self._images.dtype
        self._images[at] = image
        # A slice of one value is the fill beyond a scene and no image that could be told from another.
        if image.min() != image.max():
            digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
            self._equal.setdefault(digest, []).append(at)
        self._counts[at] = self._label.count(self._labels.add(label), len(self._classes))
        entry = {"source": source, "x": int(x), "y": int(y)}
        self._slices.append(entry | ({"part": part} if part else {}) | ({"place": place} if place else {}))
        self._footprints.append(None if footprint is None else np.round(footprint, 7).tolist())
        if originals:
            self._originals.setdefault(source, list(originals))

    @property
    def total(self) -> int:
        """Slices that were announced."""
        return len(self._images)

    @property
    def written(self) -> int:
        """Slices that came."""
        return len(self._slices)

    def finish(self, about: dict[str, Any]) -> None:
        """Flush the arrays and write the index, with `about` (overlap, palette, ...) in it."""
        if len(self._images) != len(self._slices):
            raise DataError(f"{self._folder}: {len(self._slices)} slices came, {len(self._images)} were announced")
        self._images.flush()
        self._counts.flush()
        self._labels.finish()
        # Sets of red, green and blue do not name them: they are as they were before other bands could be.
        named = {} if self._bands.names == COLOURS else {"band_names": list(self._bands.names)}
        hashes = _hashes(self._folder)
        index = {
            "schema": SCHEMA,
            "kind": self._label.kind,
            "size": self._size,
            "classes": self._classes,
            "slices": self._slices,
            "files": hashes,
            "hash": _content(self._classes, self._slices, hashes, self._bands),
            "duplicates": self._duplicates(),
            **named,
            # Beside the hash, which was there before: the same set with and without them is one set.
            **({"originals": self._originals} if self._originals else {}),
            **({"footprints": self._footprints} if any(self._footprints) else {}),
            **about,
        }
        files.write_json(self._folder / "index.json", sealed(index))

    def _duplicates(self) -> list[dict[str, Any]]:
        """Groups of slices with the same pixels: their names, and whether their labels are the same too."""
        return [
            {
                "slices": [slice_name(self._slices[at]) for at in group],
                "same_label": all(np.array_equal(self._labels[group[0]], self._labels[at]) for at in group[1:]),
            }
            for group in self._equal.values()
            if len(group) > 1
        ]

    def _new(self, name: str, shape: tuple[int, ...], dtype: Any) -> Any:
        array = np.lib.format.open_memmap(self._folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)
        files.reserve(self._folder / f"{name}.npy")
        return array

    def _check_space(self, needed: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if needed > free:
            raise DataError(
                f"{self._folder.parent} has {free >> 20} MiB free, the slices take {needed >> 20} MiB: "
                "choose another disk with --out"
            )


def declare(folder: Path, facts: dict[str, Any]) -> None:
    """Add to the index of a finished set what the registry says of the data set; its hash does not change."""
    path = folder / "index.json"
    files.write_json(path, sealed(json.loads(path.read_text()) | facts))


def verify(data: Prepared) -> None:
    """Compare every file of a prepared set with the manifest in its index.

    Raises:
        DataError: names the first file that is missing, added or changed.
    """
    found = _hashes(data.path)
    listed: dict[str, str] = data.index.get("files", {})
    for name in sorted(found.keys() | listed.keys()):
        if name not in found:
            raise DataError(f"{data.path / name} is missing: prepare the data set again")
        if name not in listed:
            raise DataError(f"{data.path / name} does not belong to the data set: remove it")
        if found[name] != listed[name]:
            raise DataError(f"{data.path / name} has changed since it was prepared: prepare the data set again")
    content = _content(data.classes, data.index["slices"], found, data.bands)
    if data.hash != content or not unbroken(data.index):
        raise DataError(f"{data.path / 'index.json'} has changed since it was written: prepare the data set again")


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: files.sha256(file) for file in sorted(folder.glob("*.npy"))}


def _content(classes: list[str], slices: list[dict[str, Any]], hashes: dict[str, str], bands: Bands) -> str:
    # A place moves a split, as a part does; sets without places keep their hash.
    names = [[slice_name(each), each.get("part"), *([each["place"]] if "place" in each else [])] for each in slices]
    return content_hash([classes, names, hashes, *([] if bands.names == COLOURS else [list(bands.names)])])
