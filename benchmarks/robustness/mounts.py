"""Disks of a measurement, which root alone may mount: small ones in memory, one that fails, and one with a quota.

The first are `tmpfs`. The others are files behind a loop device: ext4, which turns read-only when it meets an error, and
btrfs, whose quotas hold for root too. Each is mounted in a folder of its own and taken away afterwards.
"""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Seconds for which a disk may be busy: a process that was killed closes its files a moment after it counts as dead.
BUSY = 30.0
LOOK = 0.1


@contextmanager
def disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk in memory, of so many bytes."""
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={size}", "tmpfs"):
        yield folder


def remount(folder: Path, options: str) -> None:
    """Change how a disk is mounted, as soon as nobody has a file open that forbids it."""
    _patiently("mount", "-o", f"remount,{options}", str(folder))


@contextmanager
def failing_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk that turns read-only under who writes there, once `fail` is called."""
    with _image(folder, size, "mkfs.ext4", "-q") as image, _mounted(folder, "-o", "loop,errors=remount-ro", str(image)):
        yield folder


def fail(folder: Path) -> None:
    """Let a `failing_disk` meet an error, as a bad block would."""
    device = Path(_said("findmnt", "-n", "-o", "SOURCE", str(folder)))
    (Path("/sys/fs/ext4") / device.name / "trigger_fs_error").write_text("1")


def mend(folder: Path) -> None:
    """Mount a disk that has failed anew, for writing."""
    image = _image_of(folder)
    _patiently("umount", str(folder))
    subprocess.run(["fsck.ext4", "-p", str(image)], check=False, capture_output=True)  # 1: it has corrected something
    subprocess.run(["mount", "-o", "loop,errors=remount-ro", str(image), str(folder)], check=True)


def has_quotas() -> bool:
    """Whether this machine can make a disk with a quota."""
    return bool(shutil.which("mkfs.btrfs")) and "btrfs" in Path("/proc/filesystems").read_text()


@contextmanager
def quota(folder: Path, size: int, allowed: int) -> Iterator[Path]:
    """A disk of so many bytes with a folder of which only some are `allowed`."""
    with _image(folder, size, "mkfs.btrfs", "-q") as image, _mounted(folder, "-o", "loop", str(image)):
        mine = folder / "mine"
        _said("btrfs", "quota", "enable", str(folder))
        _said("btrfs", "subvolume", "create", str(mine))
        allow(mine, str(allowed))
        yield mine


def allow(folder: Path, allowed: str) -> None:
    """Set the bytes of a folder with a quota, or `none` for as many as the disk has."""
    _said("btrfs", "qgroup", "limit", allowed, str(folder))


@contextmanager
def _mounted(folder: Path, *arguments: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", *arguments, str(folder)], check=True)
    try:
        yield
    finally:
        _patiently("umount", str(folder))


def _image_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.img")


@contextmanager
def _image(folder: Path, size: int, *format_: str) -> Iterator[Path]:
    """A file of so many bytes with an empty file system in it."""
    image = _image_of(folder)
    with image.open("wb") as stream:
        stream.truncate(size)
    try:
        subprocess.run([*format_, str(image)], check=True, stdout=subprocess.DEVNULL)
        yield image
    finally:
        image.unlink()


def _patiently(*command: str) -> None:
    """Run a command that fails while a disk is busy."""
    end = time.monotonic() + BUSY
    while (done := subprocess.run(command, capture_output=True, text=True, check=False)).returncode:
        if "busy" not in done.stderr or time.monotonic() > end:
            raise RuntimeError(done.stderr.strip())
        time.sleep(LOOK)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
