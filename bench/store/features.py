"""Features of frozen networks, computed once and kept in the store: `features/<key>/`, which may be deleted any time.

Each is an array in `values.npy`, read by memory map, beside `card.json` with its checksum and what was said of it. What
is damaged counts as absent and is made again. The folder is bounded: what was not read for longest goes first.
"""

import json
import os
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from bench.core import files
from bench.core.context import Kept

# Bytes of all features of a store: 2,100 images of 512 features are 4 MB, a ResNet-18's map of stride 8 of Potsdam's
# 20,102 slices is 10 GB.
LIMIT = 16 * 2**30
VALUES, CARD = "values.npy", "card.json"
# Bytes whose checksum is taken at once.
BLOCK = 2**24


class FeatureStore:
    """Features by key, for any number of processes (`bench.core.context.Cache`).

    Args:
        root: the folder.
        limit: bytes that may stay beside the array written last.
    """

    def __init__(self, root: Path, limit: int = LIMIT) -> None:
        self._root, self._limit = root, limit

    def get(self, key: str) -> Kept | None:
        """The array of a key by memory map; None where there is none, or it is torn or has changed on the disk."""
        folder = self._root / key
        try:
            card = json.loads((folder / CARD).read_text())
            found = (folder / VALUES).stat()
            if card["checksum"] != _checksum(folder / VALUES, found.st_mtime_ns, found.st_size):
                return None
            values = np.load(folder / VALUES, mmap_mode="r", allow_pickle=False)
            words = {str(name): str(word) for name, word in card["words"].items()}
            os.utime(folder)  # for the order in which features go
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        return Kept(values, words)

    def put(
        self, key: str, shape: tuple[int, ...], blocks: Iterable[NDArray[np.floating[Any]]], words: dict[str, str]
    ) -> Kept:
        """Keep 32-bit values, whole or not at all; whoever writes holds the lock.

        Args:
            key: of the array.
            shape: of all of it.
            blocks: its parts along the first axis, in order; they may be made while they are written.
            words: what a reader is told.
        """
        folder = self._root / key
        shutil.rmtree(folder, ignore_errors=True)  # what `get` found damaged
        with files.new_folder(folder) as work:
            values = np.lib.format.open_memmap(work / VALUES, mode="w+", dtype=np.float32, shape=shape)
            files.reserve(work / VALUES)
            at = 0
            for block in blocks:
                values[at : at + len(block)] = block
                at += len(block)
            values.flush()
            files.write_json(work / CARD, {"checksum": _sum(work / VALUES), "words": words})
        kept = Kept(np.load(folder / VALUES, mmap_mode="r", allow_pickle=False), words)
        self._make_room(folder)
        return kept

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Wait until no other process makes this key; the lock vanishes with the process that holds it."""
        self._root.mkdir(parents=True, exist_ok=True)
        with FileLock(self._root / f".{key}.lock"):
            yield

    def _make_room(self, written: Path) -> None:
        """Delete what was not read for longest, until the rest is within the limit."""
        others = [folder for folder in self._root.iterdir() if folder.is_dir() and folder != written]
        sizes = {folder: _size(folder) for folder in others if not folder.name.startswith(".")}
        total = sum(size for _, size in sizes.values())
        for folder in sorted(sizes, key=lambda each: sizes[each][0]):
            if total <= self._limit:
                break
            shutil.rmtree(folder, ignore_errors=True)
            total -= sizes[folder][1]


def _size(folder: Path) -> tuple[int, int]:
    """When features were last read, in nanoseconds, and how many bytes they are; another process may delete them."""
    try:
        return folder.stat().st_mtime_ns, (folder / VALUES).stat().st_size
    except FileNotFoundError:
        return 0, 0


@lru_cache(maxsize=64)
def _checksum(path: Path, mtime: int, size: int) -> int:
    """The checksum of a file, taken once in a process while time of change and size are the same."""
    del mtime, size
    return _sum(path)


def _sum(path: Path) -> int:
    found = 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            found = zlib.crc32(block, found)
    return found
