"""Pixels on disk: files of tiles, one after the other, and one row of facts for each tile.

A tile is read with one `pread` at a known offset: where it is raw, without decoding, and always without memory that
grows with the corpus.
"""

import hashlib
import os
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.core.bands import RGB, Bands
from bench.core.errors import CorpusError
from bench.core.files import because
from bench.corpus.storage.encoding import decode
from bench.corpus.storage.manifest import ShardEntry

SHARD_BYTES = 2**28
"""Small scenes are put together in files of this size; a scene that is larger keeps a file of its own."""

OPEN_SHARDS = 64


def tile_dtype(bands: Bands) -> np.dtype[Any]:
    """One row of the index, for one tile.

    Scene number, place on disk in bytes, origin in the scene's pixels, centre in degrees, sums of the values and of their
    squares by band (for mean and deviation of any subset), first 16 bytes of the SHA-256 of the pixels.
    """
    return np.dtype(
        [
            ("scene", "<u4"),
            ("shard", "<u4"),
            ("offset", "<u8"),
            ("length", "<u4"),
            ("row", "<i4"),
            ("column", "<i4"),
            ("lon", "<f8"),
            ("lat", "<f8"),
            ("sum", "<u4" if bands.values == "uint8" else "<u8", (len(bands),)),
            ("square", "<u8", (len(bands),)),
            ("digest", "V16"),
        ]
    )


def tile_facts(tile: NDArray[Any]) -> tuple[NDArray[np.uint64], NDArray[np.uint64], bytes]:
    """Sums by band, sums of squares by band, and the digest of a `size x size x B` tile in C order."""
    bands = tile.shape[2]
    rows = tile.reshape(len(tile), -1)  # summed down first: the long contiguous rows make it quick
    wide: NDArray[Any] = rows.astype(np.uint16 if tile.itemsize == 1 else np.uint32)  # twice as wide holds a square
    total = rows.sum(axis=0, dtype=np.uint32).reshape(-1, bands).sum(axis=0, dtype=np.uint64)
    square = (wide * wide).sum(axis=0, dtype=np.uint64).reshape(-1, bands).sum(axis=0)
    return total, square, hashlib.sha256(tile.data).digest()[:16]


class ShardReader:
    """Reads tiles from a corpus' shards; safe to use from threads and to hand to another process.

    Args:
        folder: the corpus.
        entries: its shards.
        size: side of a tile in pixels.
        bands: of the tiles.

    Raises:
        CorpusError: a shard is missing or of the wrong length.
    """

    def __init__(self, folder: Path, entries: tuple[ShardEntry, ...], size: int, bands: Bands) -> None:
        self._folder = folder
        self._entries = entries
        self._size = size
        self._bands = bands
        self._start()
        for entry in entries:
            path = folder / entry.file
            found = path.stat().st_size if path.is_file() else -1
            if found != entry.bytes:
                state = "is missing" if found < 0 else f"has {found} bytes instead of {entry.bytes}"
                raise CorpusError(f"corpus {folder}: {entry.file} {state}: copy or build the corpus again")

    def __getstate__(self) -> dict[str, object]:
        return {"_folder": self._folder, "_entries": self._entries, "_size": self._size, "_bands": self._bands}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._start()

    def _start(self) -> None:
        self._files: OrderedDict[int, int] = OrderedDict()
        self._lock = Lock()
        weakref.finalize(self, _close_all, self._files)

    def read(self, rows: NDArray[np.void]) -> NDArray[Any]:
        """Pixels of some tiles.

        Args:
            rows: `B` rows of `tile_dtype`.

        Returns:
            `B x size x size x C`.

        Raises:
            CorpusError: a file was cut short or holds something else.
        """
        tiles = np.empty((len(rows), self._size, self._size, len(self._bands)), dtype=self._bands.dtype)
        places = zip(rows["shard"].tolist(), rows["offset"].tolist(), rows["length"].tolist(), strict=True)
        for target, (shard, offset, length) in zip(tiles, places, strict=True):
            if self._entries[shard].encoding == "raw":
                with self._lock:
                    done = os.preadv(self._file(shard), [target.data], offset)
                if done != target.nbytes:
                    raise self._torn(shard, offset)
                continue
            try:
                target[:] = decode(self._bytes_at(shard, offset, length), self._size)
            except ValueError:
                raise self._torn(shard, offset) from None
        return tiles

    def stored(self, rows: NDArray[np.void]) -> Iterator[bytes]:
        """The bytes of some tiles as they lie on the disk."""
        for shard, offset, length in zip(rows["shard"], rows["offset"], rows["length"], strict=True):
            yield self._bytes_at(int(shard), int(offset), int(length))

    def encodings(self, rows: NDArray[np.void]) -> NDArray[np.str_]:
        """Encoding of each of some tiles; `B`."""
        return np.asarray(np.array([entry.encoding for entry in self._entries])[rows["shard"]])

    def _bytes_at(self, shard: int, offset: int, length: int) -> bytes:
        with self._lock:
            data = os.pread(self._file(shard), length, offset)
        if len(data) != length:
            raise self._torn(shard, offset)
        return data

    def _torn(self, shard: int, offset: int) -> CorpusError:
        file = self._entries[shard].file
        return CorpusError(f"corpus {self._folder}: {file} holds no tile at byte {offset}: copy or build it again")

    def _file(self, shard: int) -> int:
        if shard not in self._files:
            path = self._folder / self._entries[shard].file
            try:
                self._files[shard] = os.open(path, os.O_RDONLY)
            except OSError as error:
                raise CorpusError(f"{path} cannot be read{because(error, 'copy or build the corpus again')}") from None
            if len(self._files) > OPEN_SHARDS:
                os.close(self._files.popitem(last=False)[1])
        self._files.move_to_end(shard)
        return self._files[shard]


def _close_all(files: OrderedDict[int, int]) -> None:
    while files:
        os.close(files.popitem()[1])


def mean_and_std(tiles: NDArray[np.void], size: int, bands: Bands) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of the values by band, scaled to [0, 1], from rows of `tile_dtype`."""
    if not len(tiles):
        return (0.0,) * len(bands), (1.0,) * len(bands)
    values = len(tiles) * size * size
    mean = tiles["sum"].sum(axis=0, dtype=np.uint64) / values
    # 64 bits hold the squares of 2^48 values of 8 bits, but only of 2^32 of 16 bits.
    square = tiles["square"].sum(axis=0, dtype=np.uint64 if bands.values == "uint8" else np.float64) / values
    std = np.sqrt(np.maximum(square - mean**2, 0.0))
    return tuple(float(v) / bands.highest for v in mean), tuple(float(v) / bands.highest for v in std)


def content_hash(
    size: int, classes: tuple[str, ...], digests: NDArray[np.void], landcover: NDArray[np.float32] | None, bands: Bands
) -> str:
    """Hash of a corpus' contents: tile size, legend, pixels in order, proportions, bands; 32 hexadecimal digits."""
    state = hashlib.sha256(f"corpus 1|{size}|{'|'.join(classes)}|{len(digests)}|".encode())
    if bands != RGB:  # so that corpora of red, green and blue keep the hash they had when there were no others
        state.update(f"{bands}|".encode())
    state.update(np.ascontiguousarray(digests).tobytes())
    if landcover is not None:
        state.update(np.ascontiguousarray(landcover, dtype="<f4").tobytes())
    return state.hexdigest()[:32]
