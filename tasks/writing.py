"""Writing a prepared data set slice by slice, and checking one against its manifest of hashes."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core import files
from bench.core.errors import DataError
from bench.core.keys import content_hash
from bench.metrics.confusion import IGNORE
from tasks.prepared import SCHEMA, Kind, Prepared, slice_name


class SliceWriter:
    """Writes slices as they come and finishes them into a prepared set.

    The number of slices must be known beforehand, so that the arrays are made once and written by memory map: memory
    does not grow with the data set.

    Args:
        folder: an empty folder.
        count: number of slices.
        size: side of a slice in pixels.
        classes: class names.
        kind: what a label is.
        channels: 3, or 6 for two dates.
    """

    def __init__(
        self, folder: Path, count: int, size: int, classes: list[str], *, kind: Kind = "mask", channels: int = 3
    ) -> None:
        self._folder = folder
        self._classes = classes
        self._kind = kind
        self._size = size
        self._slices: list[dict[str, Any]] = []
        self._equal: dict[bytes, list[int]] = {}
        self._check_space(count * size**2 * (channels + (kind == "mask")))
        self._arrays = {
            "images": self._new("images", (count, size, size, channels), np.uint8),
            "class_counts": self._new("class_counts", (count, len(classes)), np.int32),
        }
        self._boxes: list[NDArray[np.float32]] = []
        if kind == "mask":
            self._arrays["labels"] = self._new("labels", (count, size, size), np.uint8)
        elif kind == "class":
            self._arrays["labels"] = self._new("labels", (count,), np.uint8)

    def add(
        self,
        image: NDArray[np.uint8],
        label: NDArray[Any] | int,
        source: str,
        x: int = 0,
        y: int = 0,
        part: str | None = None,
    ) -> None:
        """Store one slice.

        Args:
            image: H x W x C.
            label: H x W classes, one class, or M x 5 boxes (left, top, right, bottom, class).
            source: the source image's name.
            x: the window's left pixel in the source image.
            y: its top pixel.
            part: `train`, `val` or `test`, where the public layout says so.
        """
        at = len(self._slices)
        self._arrays["images"][at] = image
        # A slice of one value is the fill beyond a scene and no image that could be told from another.
        if image.min() != image.max():
            digest = hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).digest()
            self._equal.setdefault(digest, []).append(at)
        if self._kind == "boxes":
            boxes = np.asarray(label, dtype=np.float32).reshape(-1, 5)
            self._boxes.append(boxes)
            counted = boxes[:, 4].astype(np.int64)
        else:
            self._arrays["labels"][at] = label
            counted = np.asarray(label, dtype=np.int64).ravel()
        self._arrays["class_counts"][at] = np.bincount(counted, minlength=IGNORE + 1)[: len(self._classes)]
        entry = {"source": source, "x": int(x), "y": int(y)}
        self._slices.append(entry | ({"part": part} if part else {}))

    def finish(self, about: dict[str, Any]) -> None:
        """Flush the arrays and write the index, with `about` (overlap, palette, ...) in it."""
        for array in self._arrays.values():
            if len(array) != len(self._slices):
                raise DataError(f"{self._folder}: {len(self._slices)} slices came, {len(array)} were announced")
            array.flush()
        if self._kind == "boxes":
            starts = np.cumsum([0, *map(len, self._boxes)], dtype=np.int64)
            np.save(self._folder / "box_starts.npy", starts)
            np.save(self._folder / "boxes.npy", np.concatenate([np.empty((0, 5), np.float32), *self._boxes]))
        hashes = _hashes(self._folder)
        index = {
            "schema": SCHEMA,
            "kind": self._kind,
            "size": self._size,
            "classes": self._classes,
            "slices": self._slices,
            "files": hashes,
            "hash": _content(self._classes, self._slices, hashes),
            "duplicates": self._duplicates(),
            **about,
        }
        files.write_json(self._folder / "index.json", index)

    def _duplicates(self) -> list[dict[str, Any]]:
        """Groups of slices with the same pixels: their names, and whether their labels are the same too."""
        return [
            {
                "slices": [slice_name(self._slices[at]) for at in group],
                "same_label": all(np.array_equal(self._label(group[0]), self._label(at)) for at in group[1:]),
            }
            for group in self._equal.values()
            if len(group) > 1
        ]

    def _label(self, at: int) -> NDArray[Any]:
        return np.asarray(self._boxes[at] if self._kind == "boxes" else self._arrays["labels"][at])

    def _new(self, name: str, shape: tuple[int, ...], dtype: type[np.generic]) -> Any:
        return np.lib.format.open_memmap(self._folder / f"{name}.npy", mode="w+", dtype=dtype, shape=shape)

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
    files.write_json(path, json.loads(path.read_text()) | facts)


def verify(data: Prepared) -> None:
    """Compare every file of a prepared set with the manifest in its index.

    Raises:
        DataError: names the first file that is missing, added or changed.
    """
    found = _hashes(data.path)
    listed: dict[str, str] = data.index["files"]
    for name in sorted(found.keys() | listed.keys()):
        if name not in found:
            raise DataError(f"{data.path / name} is missing: prepare the data set again")
        if name not in listed:
            raise DataError(f"{data.path / name} does not belong to the data set: remove it")
        if found[name] != listed[name]:
            raise DataError(f"{data.path / name} has changed since it was prepared: prepare the data set again")
    if data.hash != _content(data.classes, data.index["slices"], found):
        raise DataError(f"{data.path / 'index.json'} has changed since it was written: prepare the data set again")


def _hashes(folder: Path) -> dict[str, str]:
    return {file.name: files.sha256(file) for file in sorted(folder.glob("*.npy"))}


def _content(classes: list[str], slices: list[dict[str, Any]], hashes: dict[str, str]) -> str:
    names = [[slice_name(entry), entry.get("part")] for entry in slices]
    return content_hash([classes, names, hashes])
