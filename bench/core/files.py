"""Writing files so that a reader sees the whole file or none of it, even after a crash.

A file is written under a temporary name in its own folder, flushed to the disk and renamed. Rename is atomic on
POSIX file systems; the folder is flushed too, so that the new name survives a power cut. A folder of several files
is built beside its final place and renamed as one.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.core.suggest import file_meant

try:
    import resource
except ImportError:  # Windows, whose processes have no limit of this kind
    resource = None  # type: ignore[assignment]

# What operating systems and file servers leave beside a user's files; hidden ones come on top.
STRAY = frozenset({"__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found"})


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically, making parent folders as needed."""
    with about(path):
        _write_bytes(path, data)


def _write_bytes(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write `text` to `path` atomically as UTF-8."""
    write_bytes(path, text.encode())


def write_json(path: Path, value: Any) -> None:
    """Write `value` to `path` atomically as indented JSON with sorted keys; NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n")


def write_new_json(path: Path, value: Any) -> None:
    """As `write_json`, but leaves a file that is there already, or that another process wrote first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as folder:
        write_json(Path(folder) / path.name, value)
        try:
            os.link(Path(folder) / path.name, path)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            write_json(path, value)
    _flush_folder(path.parent)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when the block ends well, and vanishes when it does not.

    Another process that made `path` meanwhile wins: the contents are taken to be the same and ours are dropped.
    """
    with about(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield work
        for file in work.rglob("*"):
            if file.is_file():
                _flush_file(file)
        work.chmod(0o777 & ~_umask())
        try:
            work.rename(path)
        except OSError:
            if not path.is_dir():
                raise
        _flush_folder(path.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def about(path: Path) -> Iterator[None]:
    """Let an error say which file it is about: a full disk names none, and a temporary name says nothing to a user."""
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            error.filename = str(path)
        raise


def reserve(path: Path) -> None:
    """Give a new file that is to be written by memory map its room on the disk.

    A process is ended by SIGBUS, without a word, where it writes to the map of a file that the disk has no room for.

    Raises:
        OSError: there is not so much room.
    """
    if hasattr(os, "posix_fallocate"):  # macOS has none
        with about(path), path.open("r+b") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)


def sha256(path: Path) -> str:
    """SHA-256 of a file's content as 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def md5(path: Path) -> str:
    """MD5 of a file's content, to compare with the sums that publishers of data sets give; nothing rests on it."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def is_stray(name: str) -> bool:
    """Whether a file or folder of this name was left by a system or a tool (`._a.jpg`, `.ipynb_checkpoints`, ...)."""
    return name.startswith(".") or name.lower() in STRAY


def because(error: Exception, advice: str) -> str:
    """Why a file cannot be read, and what to do, to follow `... cannot be read`.

    Where the process or the machine has no file handle left, the file itself is sound and `advice` would be wrong.

    Args:
        error: what opening or reading raised; libraries that know no `errno` say it in words.
        advice: what to do about a file that is broken.
    """
    number, text = getattr(error, "errno", None), str(error)
    if number == errno.ENFILE or os.strerror(errno.ENFILE) in text:
        return ": too many open files on this machine: close other programs"
    if number == errno.EMFILE or os.strerror(errno.EMFILE) in text:
        now = "" if resource is None else f" (ulimit -n, now {resource.getrlimit(resource.RLIMIT_NOFILE)[0]})"
        return f": too many open files: raise the limit{now}"
    if number == errno.ENOENT and isinstance(missing := getattr(error, "filename", None), str):
        return f" (there is no such file){file_meant(missing)}: {advice}"
    reason = text.splitlines()[0] if text else type(error).__name__
    return f" ({reason}): {advice}"


def trouble(error: OSError) -> str | None:
    """What keeps this process from its files, in one line with advice, where it is no matter of one file.

    Returns:
        None where the error is of another kind: a missing file, a wrong name.
    """
    where = f"{error.filename}: " if error.filename else ""
    after = "and run the same command again"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return f"{where}no space left on the disk: free some {after}"
        case errno.EFBIG:
            return f"{where}larger than files may be here: raise the limit (ulimit -f) {after}"
        case errno.EROFS:
            return f"{where}the file system is read-only: mount it for writing, or choose another folder, {after}"
        case errno.EACCES | errno.EPERM:
            return f"{where}this user may not write or read there: choose another folder, or get the right, {after}"
        case errno.EMFILE | errno.ENFILE:
            return f"{where.removesuffix(': ') or 'a file'} cannot be opened{because(error, '')}"
    return None


def _umask() -> int:
    """The process' mask: temporary names are private, finished files are as readable as any other."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _flush_file(path: Path) -> None:
    with path.open("rb+" if os.name == "nt" else "rb") as stream:  # Windows flushes what is open for writing alone
        os.fsync(stream.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "nt":  # a folder cannot be opened there, and a rename is written through
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
