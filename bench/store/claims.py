"""Claims: who works at a job, over processes and machines that share a store.

Where the file system has `flock`, a claim is a lock of the operating system: it vanishes with the process that holds it,
so a crashed owner leaves nothing behind. Where it has none (Lustre mounted without it, some NFS), a claim is a lease: a
file that its holder touches every `LEASE / 3` seconds, and that another takes over when nobody has touched it for `LEASE`
seconds, or at once when its process is known to be dead. Decision 091.
"""

import errno
import json
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLease, Timeout

from bench.core import files

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LEASE = 180.0
"""Seconds without a sign of life after which a lease is taken over; an NFS client may show a change a minute late."""

CLAIM, CLAIM_LEASE, HOLDER = "claim", "claim.lease", "holder.json"
_WITHOUT_FLOCK = {errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL}
# By path: a lease tells that it has expired from what this process saw of it before.
_leases: dict[Path, SoftFileLease] = {}


@dataclass(frozen=True)
class Holder:
    """Who holds a claim, as it says itself.

    Attributes:
        host: name of the machine.
        pid: number of the process there.
        since: when it took the claim, in seconds since 1970 by that machine's clock.
    """

    host: str
    pid: int
    since: float

    def __str__(self) -> str:
        """In words, with the age of the claim."""
        minutes = max(0.0, time.time() - self.since) / 60
        return f"process {self.pid} on {self.host}, for {minutes:,.0f} min"


@contextmanager
def claim(folder: Path) -> Iterator[bool]:
    """Claim a job for this process; yields False where another holds it.

    Args:
        folder: of the job; it is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / CLAIM) if has_flock(folder.parent) else _lease(folder / CLAIM_LEASE)
    if not _taken(lock):
        yield False
        return
    try:
        files.write_json(folder / HOLDER, {"host": socket.gethostname(), "pid": os.getpid(), "since": time.time()})
        yield True
    finally:
        (folder / HOLDER).unlink(missing_ok=True)  # else the next one would be taken for this until it has signed
        lock.release()


def _taken(lock: BaseFileLock) -> bool:
    if lock.is_locked:  # a lease of this very process, which it could take twice
        return False
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True


def is_held(folder: Path) -> bool:
    """Whether somebody works at a job now; a lease counts as long as its holder gives signs of life."""
    try:
        if time.time() - (folder / CLAIM_LEASE).stat().st_mtime < LEASE:
            return True
    except OSError:
        pass
    try:
        with (folder / CLAIM).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # closing the file gives it back
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def holder_of(folder: Path) -> Holder | None:
    """Who holds a job, or died with it; None where nobody has said so."""
    try:
        said = json.loads((folder / HOLDER).read_text())
        return Holder(str(said["host"]), int(said["pid"]), float(said["since"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none, or one that is being written


@cache
def has_flock(folder: Path) -> bool:
    """Whether the file system of a folder has locks that vanish with their process."""
    if fcntl is None:
        return True  # Windows: those of `msvcrt`, which `FileLock` takes there
    with tempfile.TemporaryFile(dir=folder) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _WITHOUT_FLOCK:
                return False
            raise
    return True


def _lease(path: Path) -> SoftFileLease:
    if path not in _leases:
        _leases[path] = SoftFileLease(path, lease_duration=LEASE)
    return _leases[path]
