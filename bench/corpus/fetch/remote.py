"""A raster on another machine, of which GDAL reads ranges through us, so that hosts, sizes and versions are checked."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import rasterio
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from bench.core.errors import BenchError, CorpusError
from bench.core.rasters import too_large
from bench.core.web import Web

# Bytes: what is asked for at least, at first and later; a header of a large file takes some tens of thousands.
FIRST, LEAST = 1 << 15, 1 << 15
MOST_FILE = 16 << 30
# Pieces of a file that are kept, for headers are read over and over.
KEPT = 256
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
# What GDAL sees; it is never looked for on a disk.
NAME = "window.tif"
# What rasterio opens to see whether an opener is one.
PROBE = "test"


class RemoteFile:
    """A file on another machine that is read by ranges.

    Attributes:
        url: where.
        size: bytes of the whole file.
        etag: the server's name of this version of it; empty where it gives none.
        failure: what went wrong; GDAL tells little of it.
    """

    def __init__(self, web: Web, url: str) -> None:
        self.url, self.etag, self.size = url, "", 0
        self.failure: BenchError | None = None
        self._web = web
        self._pieces: dict[int, bytes] = {}
        self._keep(0, self._range(0, FIRST))

    def read(self, start: int, end: int) -> bytes:
        """Some of its bytes; none, and `failure`, where they cannot be had: GDAL does not hear of exceptions."""
        if self.failure is not None or end <= start:
            return b""
        try:
            return self._bytes(start, end)
        except BenchError as error:
            self.failure = error
            return b""

    def _bytes(self, start: int, end: int) -> bytes:
        """Some bytes, of pieces of `LEAST` that are fetched where they are not kept; neighbours in one request."""
        numbers = range(start // LEAST, (end - 1) // LEAST + 1)
        missing = [number for number in numbers if number not in self._pieces]
        fresh: dict[int, bytes] = {}
        while missing:
            run = 1
            while run < len(missing) and missing[run] == missing[0] + run:
                run += 1
            first = missing[0] * LEAST
            content = self._range(first, min((missing[0] + run) * LEAST, self.size) - first)
            fresh |= self._keep(first, content)
            missing = missing[run:]
        whole = b"".join(fresh[number] if number in fresh else self._pieces[number] for number in numbers)
        return whole[start - numbers[0] * LEAST : end - numbers[0] * LEAST]

    def _keep(self, start: int, content: bytes) -> dict[int, bytes]:
        made = {(start + at) // LEAST: content[at : at + LEAST] for at in range(0, len(content), LEAST)}
        for number, piece in made.items():
            if len(self._pieces) < KEPT:
                self._pieces[number] = piece
        return made

    def _range(self, start: int, length: int) -> bytes:
        headers = {"Range": f"bytes={start}-{start + length - 1}"}
        if self.etag and not self.etag.startswith("W/"):
            headers["If-Match"] = self.etag
        answer = self._web.get(self.url, length, headers)
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
    """The file as GDAL holds it, which opens and closes it several times."""

    def __init__(self, file: RemoteFile) -> None:
        super().__init__()
        self._file, self._at = file, 0

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
        found = self._file.read(self._at, end)
        self._at += len(found)
        return found


@contextmanager
def open_remote(web: Web, url: str) -> Iterator[tuple[DatasetReader, RemoteFile]]:
    """Open a GeoTIFF on another machine for windowed reading; nothing beside it is looked for.

    Raises:
        BenchError: it may not be asked, cannot be read, is no GeoTIFF with a place on the Earth, or its header claims
            more than can be.
    """
    file = RemoteFile(web, url)

    def opener(path: str, mode: str = "rb") -> io.RawIOBase:
        if path not in {NAME, PROBE} or "w" in mode:
            raise FileNotFoundError(path)
        return _Handle(file)

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
            if file.failure is not None:  # what GDAL makes of missing bytes is not to be used
                raise file.failure
    except RasterioError as error:
        if file.failure is not None:
            raise file.failure from None
        reason = " ".join(str(error.__cause__ or error).split())
        raise CorpusError(f"{url} is not a readable GeoTIFF ({reason})") from None
