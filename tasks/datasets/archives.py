"""Taking a data set as it was downloaded: unpacking archives without trusting what they say of themselves."""

import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from stat import S_ISLNK

from bench.core.errors import DataError
from bench.core.files import is_stray
from bench.core.suggest import file_meant

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
# Pictures hardly shrink; an archive that grows a hundredfold is made to fill disks.
MOST_GROWTH = 100
MOST_ENTRIES = 1_000_000
_CHUNK = 1 << 20


@contextmanager
def unpacked(source: Path, scratch: Path, wanted: tuple[str, ...] = ()) -> Iterator[Path]:
    """Yield a folder with what `source` holds; archives in it are unpacked beside their siblings and removed after.

    Args:
        source: a folder, a folder with archives, or an archive; archives inside an archive are unpacked too.
        scratch: folder in which the temporary one is made.
        wanted: beginnings of the names of archives that matter; all where empty.

    Raises:
        DataError: an archive is broken, or holds anything but plain files and folders inside itself.
    """
    inside = archives(source, wanted)
    if not inside:
        yield source
        return
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".unpacking.") as work:
        folder = Path(work)
        if source.is_dir():
            for entry in source.iterdir():
                if not _is_archive(entry):
                    (folder / entry.name).symlink_to(entry.resolve(), target_is_directory=entry.is_dir())
        for archive in inside:
            _unpack_deep(archive, _new_folder(folder, archive), wanted)
        yield folder


def archives(source: Path, wanted: tuple[str, ...] = ()) -> list[Path]:
    """The archives that `source` is or holds, by name; one that lies unpacked beside itself is left out."""
    if source.is_file():
        if not _is_archive(source):
            raise DataError(f"{source} is no archive that is read here ({', '.join(ENDINGS)}): unpack it first")
        return [source]
    if not source.is_dir():
        raise DataError(
            f"{source} is not there{file_meant(source)}: give the unpacked data set, or its archive, as --source"
        )
    found = [file for file in sorted(source.iterdir()) if file.is_file() and _is_archive(file)]
    fitting = [file for file in found if not wanted or file.name.startswith(wanted)]
    return [file for file in fitting if not (source / _stem(file)).is_dir()]


def _unpack_deep(archive: Path, target: Path, wanted: tuple[str, ...]) -> None:
    unpack(archive, target)
    for nested in [file for file in sorted(target.rglob("*")) if file.is_file() and _is_archive(file)]:
        if not wanted or nested.name.startswith(wanted):
            unpack(nested, _new_folder(nested.parent, nested))
        nested.unlink()


def unpack(archive: Path, target: Path) -> None:
    """Unpack one archive into a folder.

    Raises:
        DataError: it is broken, encrypted, would write outside `target`, holds links or devices, or grows too much.
    """
    target.mkdir(parents=True, exist_ok=True)
    try:
        if archive.name.lower().endswith(".zip"):
            _unpack_zip(archive, target)
        else:
            _unpack_tar(archive, target)
    except (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise DataError(f"{archive} cannot be unpacked ({' '.join(str(error).split())}): download it again") from None


def _unpack_zip(archive: Path, target: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
        for entry in entries:
            _check_name(archive, entry.filename)
            if S_ISLNK(entry.external_attr >> 16):
                raise DataError(f"{archive} holds the link {entry.filename}: it is not the data set's own archive")
        _check_sizes(archive, target, [entry.filename for entry in entries], sum(entry.file_size for entry in entries))
        for entry in entries:
            # ZipFile reads no more than the size the entry announces, and checks its CRC.
            with opened.open(entry) as stream, _create(target, entry.filename).open("wb") as out:
                shutil.copyfileobj(stream, out, _CHUNK)


def _unpack_tar(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as opened:
        entries = []
        size = 0
        for entry in opened:
            _check_name(archive, entry.name)
            if not (entry.isfile() or entry.isdir()):
                raise DataError(
                    f"{archive} holds {entry.name}, which is no plain file: it is not the data set's own archive"
                )
            if entry.isfile():
                entries.append(entry)
                size += entry.size
                _check_sizes(archive, target, [], size)
        _check_sizes(archive, target, [entry.name for entry in entries], size)
        for entry in entries:
            stream = opened.extractfile(entry)
            assert stream
            with stream, _create(target, entry.name).open("wb") as out:
                shutil.copyfileobj(stream, out, _CHUNK)


def _check_name(archive: Path, name: str) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise DataError(f"{archive} would write outside its folder ({name!r}): it is not the data set's own archive")


def _check_sizes(archive: Path, target: Path, names: list[str], size: int) -> None:
    if len(names) > MOST_ENTRIES or size > MOST_GROWTH * archive.stat().st_size:
        raise DataError(f"{archive} unpacks to {size >> 20} MiB in {len(names)} files: it is no data set")
    free = shutil.disk_usage(target).free
    if size > free:
        raise DataError(f"{archive} unpacks to {size >> 20} MiB, {target.parent} has {free >> 20} MiB free")
    twice = len(names) - len(set(names))
    if twice:
        raise DataError(f"{archive} holds {twice} names twice: download it again")


def _create(target: Path, name: str) -> Path:
    path = target / PurePosixPath(name.replace("\\", "/"))
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _new_folder(parent: Path, archive: Path) -> Path:
    return parent / _stem(archive)


def _stem(archive: Path) -> str:
    name = archive.name
    ending = next(ending for ending in sorted(ENDINGS, key=len, reverse=True) if name.lower().endswith(ending))
    return name[: -len(ending)]


def _is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS) and not is_stray(path.name)
