"""The folders that a study writes to: whether they can be written, their room, locks and clock; and what is prepared."""

import fcntl
import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.core.errors import BenchError
from bench.core.paths import data_home
from bench.doctor.finding import Finding
from bench.store.claims import LEASE, has_flock
from bench.store.store import Store

GIB = 1 << 30
# The demo's world, corpus and prepared sets take 60 MB, its store as much; a study on real data takes gigabytes.
LITTLE_ROOM, LEAST_ROOM = 5 * GIB, GIB // 4
# Written to see whether a folder takes data, and not an entry alone.
TRIED_BYTES = 1 << 20
# A file's time may be rounded to whole seconds, and a network file system's a moment late.
SKEW_SECONDS = 2.0


def look(store: Path) -> Iterator[Finding]:
    """Look at the store's folder, the data folder and the one for temporary files.

    Args:
        store: the folder that results are to go to; it need not be there.
    """
    for name, variable, folder in (
        ("store", "--store", store),
        ("data", "BENCH_DATA", data_home()),
        ("temporary files", "TMPDIR", Path(tempfile.gettempdir())),
    ):
        yield room(name, variable, folder)
    yield layout(store)
    there = existing(store)
    yield locks(there)
    yield clock(there)
    yield prepared(data_home())


def existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder.resolve(), *folder.resolve().parents) if each.is_dir())


def room(name: str, variable: str, folder: Path) -> Finding:
    """Whether a folder takes data, and how much room is left.

    Args:
        name: what it is for.
        variable: by which option or variable another is named.
        folder: it need not be there.
    """
    there = existing(folder)
    shown = f"{folder}" if there == folder.resolve() else f"{folder} (not there yet)"
    another = f"name another by {variable}"
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0" * TRIED_BYTES)
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(
            name, "fail", f"{shown} cannot be written ({error.strerror or error})", f"make room, or {another}"
        )
    text = f"{shown}, {free / GIB:,.1f} GiB free"
    if free < LEAST_ROOM:
        return Finding(name, "fail", text, f"make room, or {another}")
    if free < LITTLE_ROOM:
        return Finding(name, "warn", text, f"real data and many weights need more: make room, or {another}")
    return Finding(name, "ok", text)


def layout(store: Path) -> Finding:
    """Whether a folder may become, or is, a store that this version reads."""
    try:
        there = Store(store).exists
    except BenchError as error:
        what, _, advice = str(error).rpartition(": ")
        return Finding("store's layout", "fail", what, advice)
    return Finding("store's layout", "ok", "this version reads it" if there else "it is made by the first run")


def locks(folder: Path) -> Finding:
    """Whether the file system has locks that keep two runs off one job, and that vanish with their process."""
    try:
        if not has_flock(folder):
            text = f"none on the file system of {folder}, claims are leases there"
            return Finding("locks", "warn", text, f"after a crash of another machine wait {LEASE:.0f} s to go on")
        with tempfile.NamedTemporaryFile(dir=folder) as one, Path(one.name).open("rb") as other:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return Finding("locks", "ok", "flock keeps others off, and vanishes with its process")
        text = f"flock on the file system of {folder} keeps nobody off"
        return Finding("locks", "fail", text, "run one command at a time on this store, or choose another --store")
    except OSError as error:
        text = f"they cannot be tried in {folder} ({error.strerror or error})"
        return Finding("locks", "fail", text, "choose another --store")


def clock(folder: Path) -> Finding:
    """Whether the file system's clock goes with this machine's."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"now")
            file.flush()
            skew = Path(file.name).stat().st_mtime - time.time()
    except OSError as error:
        return Finding(
            "clock", "warn", f"it cannot be read in {folder} ({error.strerror or error})", "see the store above"
        )
    text = f"the store's file system is {abs(skew):.1f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > SKEW_SECONDS:
        return Finding(
            "clock", "warn", text, "synchronise the clocks (chrony, ntpd): ages of claims are read from both"
        )
    return Finding("clock", "ok", text)


def prepared(home: Path) -> Finding:
    """What is prepared in the data folder."""
    from bench.studies.inputs import list_prepared
    from tasks.prepared import Prepared

    broken, names = [], Counter[str]()
    for name, path in list_prepared(home):
        try:
            Prepared.open(path)
            names[name] += 1
        except BenchError as error:
            broken.append(str(error))
    if broken:
        return Finding("prepared sets", "warn", f"{len(broken)} cannot be read, such as {broken[0]}")
    if not names:
        return Finding("prepared sets", "ok", "none yet; the demo makes its own, bench data prepare those of real data")
    return Finding("prepared sets", "ok", f"{names.total()}: {', '.join(sorted(names))}")
