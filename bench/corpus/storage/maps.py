"""Maps of land cover, one for each tile: what `--keep-map` stores beside the proportions.

A map has the side of its tile. A value below the number of classes is a column of the proportions; the next is land of
another class, and the one after that is not mapped.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from bench.core import files
from bench.corpus.storage.manifest import MAPS, MapEntry

AT_ONCE = 1024
"""Maps that are copied at once."""


def maps_hash(maps: NDArray[np.uint8]) -> str:
    """Hash of the maps of all tiles, `N x size x size`; 32 hexadecimal digits."""
    state = hashlib.sha256(f"maps 1|{'|'.join(map(str, maps.shape))}|".encode())
    for start in range(0, len(maps), AT_ONCE):
        state.update(np.ascontiguousarray(maps[start : start + AT_ONCE]).tobytes())
    return state.hexdigest()[:32]


def write_maps(
    folder: Path, pieces: Sequence[tuple[NDArray[np.uint8], NDArray[np.int64]]], classes: tuple[str, ...]
) -> MapEntry:
    """Write some maps of each of several arrays into a corpus, and describe them for its manifest.

    Args:
        folder: of the corpus.
        pieces: maps, `N x size x size`, and the numbers of those that are taken, in order.
        classes: the legend.
    """
    size = pieces[0][0].shape[1]
    shape = (sum(len(numbers) for _, numbers in pieces), size, size)
    target: NDArray[Any] = open_memmap(folder / MAPS, mode="w+", dtype=np.uint8, shape=shape)
    files.reserve(folder / MAPS)
    done = 0
    for maps, numbers in pieces:
        for start in range(0, len(numbers), AT_ONCE):
            some = numbers[start : start + AT_ONCE]
            target[done : done + len(some)] = maps[some]
            done += len(some)
    hashed = maps_hash(target)
    del target
    values = {**dict(enumerate(classes)), len(classes): "another class", len(classes) + 1: "not mapped"}
    return MapEntry(hash=hashed, values=values)


def join_maps(parts: Sequence[Path], size: int, folder: Path, classes: tuple[str, ...]) -> MapEntry | None:
    """Put the maps of parts together, each a file of maps one after the other; None where the parts have none."""
    if not all(part.is_file() for part in parts):
        return None
    arrays = [
        np.memmap(part, dtype=np.uint8, mode="r") if part.stat().st_size else np.empty(0, dtype=np.uint8)
        for part in parts
    ]
    shaped = [array.reshape(-1, size, size) for array in arrays]
    return write_maps(folder, [(maps, np.arange(len(maps))) for maps in shaped], classes)
