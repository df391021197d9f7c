"""Images where they lie: a folder or a zip archive, which is read in place."""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bench.core.errors import CorpusError
from bench.core.files import because, is_stray

ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"})

MAX_BYTES = 2**29
"""Of one file in an archive; a longer one is no picture of the size that is read here."""


@dataclass(frozen=True)
class ImageFile:
    """One image.

    Attributes:
        name: path below the folder that all images share, by which it is known and ordered.
        path: path in the folder or archive.
        stamp: its length, and its time of change or, in an archive, its CRC, to see whether it is still the same.
    """

    name: str
    path: str
    stamp: tuple[int, int]

    @property
    def folder(self) -> str:
        """The folder that it lies in, below the shared one; `.` for the shared one itself."""
        return str(PurePosixPath(self.name).parent)

    @property
    def stem(self) -> str:
        """The name without its ending, by which a mask belongs to its image."""
        return str(PurePosixPath(self.name).with_suffix(""))


class ImageSource:
    """Reads images from a folder or a zip archive, of which nothing is unpacked.

    Args:
        path: the folder, or the archive.
        what: what the images are, for messages.

    Raises:
        CorpusError: it is not there, or no archive.
    """

    def __init__(self, path: Path, what: str = "images") -> None:
        self.path = path
        self._what = what
        self._zip: zipfile.ZipFile | None = None
        if path.is_dir():
            return
        if path.suffix.lower() != ".zip" or not path.is_file():
            raise CorpusError(f"{what} {path} is neither a folder nor a .zip archive: give one of them")
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise CorpusError(f"{what} {path} cannot be read{because(error, 'download it again')}") from None

    def list_images(self) -> tuple[ImageFile, ...]:
        """All images in the order of their names; what systems and tools leave beside them is passed over.

        Raises:
            CorpusError: there are none, or a name cannot be written on a line.
        """
        found = self._in_folder() if self._zip is None else _in_archive(self._zip)
        files = [(path, stamp) for path, stamp in found if PurePosixPath(path).suffix.lower() in ENDINGS]
        if not files:
            raise CorpusError(
                f"{self._what} {self.path} holds no {', '.join(sorted(ENDINGS))} file: give another folder"
            )
        shared = len(_shared([path for path, _ in files]))
        listed = [ImageFile(path[shared:], path, stamp) for path, stamp in files]
        for image in listed:
            if not image.name.isprintable():
                raise CorpusError(f"{self._what} {self.path}: {image.path!r} is no name for an image: rename it")
        return tuple(sorted(listed, key=lambda image: image.name))

    def read(self, image: ImageFile) -> bytes:
        """The bytes of an image's file.

        Raises:
            CorpusError: it cannot be read, or is too long for a picture.
        """
        try:
            if self._zip is None:
                return (self.path / image.path).read_bytes()
            return self._zip.read(image.path)
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise CorpusError(f"{self.path / image.path} cannot be read{because(error, 'replace it')}") from None

    def _in_folder(self) -> list[tuple[str, tuple[int, int]]]:
        found = []
        for path in self.path.rglob("*"):
            name = path.relative_to(self.path)
            if not any(map(is_stray, name.parts)) and path.suffix.lower() in ENDINGS and path.is_file():
                status = path.stat()
                found.append((name.as_posix(), (status.st_size, status.st_mtime_ns)))
        return found


def _in_archive(archive: zipfile.ZipFile) -> list[tuple[str, tuple[int, int]]]:
    found = {}
    for entry in archive.infolist():
        if entry.is_dir() or any(map(is_stray, PurePosixPath(entry.filename).parts)):
            continue
        if entry.file_size > MAX_BYTES:
            raise CorpusError(f"{archive.filename}: {entry.filename} claims {entry.file_size:,} bytes: refused")
        found[entry.filename] = (entry.file_size, entry.CRC)
    return list(found.items())


def _shared(paths: list[str]) -> str:
    """The folders that all images lie below, as long as a folder is left to each: it may name a class."""
    shared = ""
    while True:
        firsts = {path[len(shared) :].partition("/")[0] for path in paths}
        longer = f"{shared}{next(iter(firsts))}/"
        if len(firsts) > 1 or not all(path.startswith(longer) and "/" in path[len(longer) :] for path in paths):
            return shared
        shared = longer
