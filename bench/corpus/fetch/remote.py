"""Rasters on other machines, of which GDAL reads ranges through us, so that hosts, sizes and versions are checked."""

import io
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from bench.core.errors import BenchError, CorpusError
from bench.core.rasters import too_large
from bench.core.web import Web

# Bytes of a piece, which is what is asked for at least; a header of a large file takes some tens of thousands.
PIECE = 1 << 15
MOST_FILE = 16 << 30
# Bytes that are kept of all files: neighbouring windows need the same blocks, and every window the header.
KEPT = 256 << 20
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
# What GDAL sees; it is never looked for on a disk.
NAME = "window.tif"
# What rasterio opens to see whether an opener is one.
PROBE = "test"


class Remote:
    """The files of an archive; what was read last is kept, for all threads.

    Args:
        web: asks its hosts.
    """

    def __init__(self, web: Web) -> None:
        self.web = web
        self._files: dict[str, RemoteFile] = {}
        self._pieces: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    @contextmanager
    def open(self, url: str) -> Iterator[tuple[DatasetReader, "RemoteFile"]]:
        """Open a GeoTIFF for windowed reading; nothing beside it is looked for.

        Raises:
            BenchError: it may not be asked, cannot be read, is no GeoTIFF with a place on the Earth, or its header
                claims more than can be.
        """
        with self._lock:
            file = self._files.setdefault(url, RemoteFile(self, url))
        file.ask_size()
        failures: list[BenchError] = []

        def opener(path: str, mode: str = "rb") -> io.RawIOBase:
            if path not in {NAME, PROBE} or "w" in mode:
                raise FileNotFoundError(path)
            return _Handle(file, failures)

        try:
            with (
                rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
                rasterio.open(NAME, driver="GTiff", opener=opener) as dataset,
            ):
                if problem := too_large(dataset):
                    raise CorpusError(f"{url} {problem}")
                if dataset.crs is None or dataset.transform.is_identity:
                    raise CorpusError(f"{url} has no place on the Earth")
                yield dataset, file
        except RasterioError as error:
            if failures:
                raise failures[0] from None
            reason = " ".join(str(error.__cause__ or error).split())
            raise CorpusError(f"{url} is not a readable GeoTIFF ({reason})") from None
        if failures:  # what GDAL makes of missing bytes is not to be used
            raise failures[0]

    def piece(self, url: str, number: int) -> bytes | None:
        """A piece of a file that is still kept."""
        with self._lock:
            found = self._pieces.get((url, number))
            if found is not None:
                self._pieces.move_to_end((url, number))
            return found

    def keep(self, url: str, number: int, piece: bytes) -> None:
        """Keep a piece, in place of those that were not asked for the longest."""
        with self._lock:
            self._pieces[url, number] = piece
            while len(self._pieces) > KEPT // PIECE:
                self._pieces.popitem(last=False)


class RemoteFile:
    """A file that is read by ranges.

    Attributes:
        url: where.
        size: bytes of the whole file; 0 before it was asked for.
        etag: the server's name of this version of it; empty where it gives none.
    """

    def __init__(self, remote: Remote, url: str) -> None:
        self.url, self.etag, self.size = url, "", 0
        self._remote = remote
        # Who wants what another is fetching waits for it.
        self._lock = threading.Lock()

    def ask_size(self) -> None:
        """Read its beginning, where that was not done yet."""
        with self._lock:
            if not self.size:
                self._keep(0, self._range(0, PIECE))

    def read(self, start: int, end: int) -> bytes:
        """Some of its bytes: whole pieces are fetched, neighbours in one request.

        Raises:
            BenchError: they cannot be had.
        """
        if end <= start:
            return b""
        numbers = range(start // PIECE, (end - 1) // PIECE + 1)
        with self._lock:
            found = {number: self._remote.piece(self.url, number) for number in numbers}
            missing = [number for number in numbers if found[number] is None]
            while missing:
                run = 1
                while run < len(missing) and missing[run] == missing[0] + run:
                    run += 1
                first = missing[0] * PIECE
                content = self._range(first, min((missing[0] + run) * PIECE, self.size) - first)
                found |= self._keep(first, content)
                missing = missing[run:]
        whole = b"".join(found[number] or b"" for number in numbers)
        return whole[start - numbers[0] * PIECE : end - numbers[0] * PIECE]

    def _keep(self, start: int, content: bytes) -> dict[int, bytes]:
        made = {(start + at) // PIECE: content[at : at + PIECE] for at in range(0, len(content), PIECE)}
        for number, piece in made.items():
            self._remote.keep(self.url, number, piece)
        return made

    def _range(self, start: int, length: int) -> bytes:
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        if self.etag and not self.etag.startswith("W/"):
            headers["If-Match"] = self.etag
        answer = self._remote.web.get(self.url, length, headers)
        told = _RANGE.fullmatch(answer.headers.get("content-range", ""))
        if told is None:
            raise CorpusError(f"{self.url} cannot be read in parts: its server does not answer ranges")
        first, last, size = map(int, told.groups())
        self.size = self.size or size
        if size > MOST_FILE:
            raise CorpusError(f"{self.url} claims {size:,} bytes: refused")
        if (first, last) != (start, min(start + length, self.size) - 1) or len(answer.content) != last - first + 1:
            raise CorpusError(f"{self.url} gives other bytes ({told[0]}) than were asked for, {headers['Range']}")
        etag = answer.headers.get("etag", "")
        if size != self.size or (self.etag and etag != self.etag):
            raise CorpusError(f"{self.url} was changed while it was read: fetch again")
        self.etag = etag
        return answer.content


class _Handle(io.RawIOBase):
    """The file as GDAL holds it. It does not hear of exceptions, and gets nothing where there is one."""

    def __init__(self, file: RemoteFile, failures: list[BenchError]) -> None:
        super().__init__()
        self._file, self._failures, self._at = file, failures, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        end = self._file.size if size is None or size < 0 else min(self._at + size, self._file.size)
        if self._failures:
            return b""
        try:
            found = self._file.read(self._at, end)
        except BenchError as error:
            self._failures.append(error)
            return b""
        self._at += len(found)
        return found
