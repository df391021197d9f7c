"""What the machine gives a process: cores, memory, open files, shared memory."""

import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path

from bench.core.cores import CGROUPS, usable_cores
from bench.doctor.finding import Finding, State

GIB = 1 << 30
# A worker that trains a small network takes about 1 GiB (docs/performance.md), and the process that runs a study another.
LITTLE_MEMORY = 4 * GIB
# Linux gives a process 1024; a corpus of hundreds of shards and a pool of workers stay below.
USUAL_FILES = 1024
# Below, imports of the libraries alone may fail.
LEAST_FILES = 128
# What Docker gives without --shm-size.
LITTLE_SHARED = 64 << 20
SHARED = Path("/dev/shm")  # noqa: S108 - its size is read, nothing is put there


def look() -> Iterator[Finding]:
    """Look at all of it."""
    yield cores()
    yield memory()
    yield open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    yield shared_memory(SHARED)


def cores() -> Finding:
    """Cores that may be used, of those that the machine has."""
    usable, all_ = usable_cores(), os.cpu_count() or 1
    quota = "" if usable == all_ else f" (a container's quota or an affinity leaves {usable} of {all_})"
    return Finding("cores", "ok", f"{usable}{quota}; --workers auto takes as many")


def memory(
    meminfo: Path = Path("/proc/meminfo"), cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")
) -> Finding:
    """Memory that is free, and the limit of the container.

    Args:
        meminfo: what the kernel says of the machine.
        cgroups: where control groups are mounted.
        own: the file that names this process' groups.
    """
    try:
        lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
        total, free = (int(lines[name].split()[0]) << 10 for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return Finding("memory", "warn", "how much there is is not known", "look yourself before many workers run")
    text = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    left = free
    if limit := memory_limit(cgroups, own):
        text += f"; the container may use {limit / GIB:.1f} GiB"
        left = min(left, limit)
    if left < LITTLE_MEMORY:
        return Finding("memory", "warn", text, "run few jobs at a time, such as --workers 1")
    return Finding("memory", "ok", text)


def memory_limit(cgroups: Path, own: Path) -> int | None:
    """The tightest limit of control groups on this process, in bytes; None without any. Arguments as of `memory`."""
    try:
        line = next(line for line in own.read_text().splitlines() if line.startswith("0::"))
        group = cgroups / line.removeprefix("0::").strip().lstrip("/")
    except (OSError, StopIteration):
        group = cgroups
    folders = [folder for folder in (group, *group.parents) if folder.is_relative_to(cgroups)]
    files = [*(folder / "memory.max" for folder in folders), cgroups / "memory" / "memory.limit_in_bytes"]
    return min((limit for limit in map(_limit, files) if limit is not None), default=None)


def _limit(file: Path) -> int | None:
    """A limit in bytes; the first version of control groups writes a number beyond any machine for none."""
    try:
        number = int(file.read_text())
    except (OSError, ValueError):
        return None
    return number if number < 1 << 60 else None


def open_files(limit: int) -> Finding:
    """How many files a process may hold open."""
    if limit == resource.RLIM_INFINITY or limit >= USUAL_FILES:
        return Finding("open files", "ok", "without a limit" if limit == resource.RLIM_INFINITY else f"up to {limit:,}")
    state: State = "fail" if limit < LEAST_FILES else "warn"
    return Finding(
        "open files", state, f"a process may hold {limit:,} open", f"raise the limit: ulimit -n {USUAL_FILES}"
    )


def shared_memory(folder: Path) -> Finding:
    """Room for what processes share."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return Finding("shared memory", "warn", f"there is no {folder}", "start the container with one")
    if free <= LITTLE_SHARED:
        advice = "start the container with more, such as docker run --shm-size=1g"
        return Finding("shared memory", "warn", f"{free / (1 << 20):,.0f} MiB free in {folder}", advice)
    return Finding("shared memory", "ok", f"{free / GIB:.1f} GiB free in {folder}")
