"""How many cores this process may use: those it may run on, and no more than its container's quota."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def usable_cores(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """The number of cores, at least 1.

    Args:
        cgroups: where control groups are mounted.
        own: the file that names this process' groups.
    """
    cores = len(os.sched_getaffinity(0))
    quotas = [quota for quota in (_unified(cgroups, own), _legacy(cgroups)) if quota is not None]
    return max(1, min(cores, *(int(quota) for quota in quotas), cores))


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
