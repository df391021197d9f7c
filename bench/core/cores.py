"""What this process may use and has used: cores, no more than its container's quota, and memory."""

import os
import sys
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

CGROUPS = Path("/sys/fs/cgroup")


def usable_cores(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """The number of cores, at least 1.

    Args:
        cgroups: where control groups are mounted.
        own: the file that names this process' groups.
    """
    # macOS and Windows do not tell which cores a process may run on.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [quota for quota in (_unified(cgroups, own), _legacy(cgroups)) if quota is not None]
    return max(1, min(cores, *(int(quota) for quota in quotas), cores))


def peak_rss_mib() -> float:
    """The most memory that this process has held at once, in MiB; 0 where the system does not say."""
    if resource is None:
        return 0.0
    unit = 2**20 if sys.platform == "darwin" else 2**10  # macOS counts bytes
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def _unified(cgroups: Path, own: Path) -> float | None:
    """The tightest quota of cgroups v2 from this process' group up to the root, in cores; None without any."""
    try:
        line = next(line for line in own.read_text().splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    group = cgroups / line.removeprefix("0::").strip().lstrip("/")
    found = [_quota(folder / "cpu.max") for folder in (group, *group.parents) if folder.is_relative_to(cgroups)]
    return min((quota for quota in found if quota is not None), default=None)


def _quota(file: Path) -> float | None:
    try:
        quota, period = file.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _legacy(cgroups: Path) -> float | None:
    """The quota of cgroups v1, in cores; None without one."""
    try:
        quota, period = (int((cgroups / "cpu" / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
