"""Cores that a process may use, memory that it held, and what is left where a system does not tell."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import ROOT

from bench.core.cores import peak_rss_mib, usable_cores

ALL = len(os.sched_getaffinity(0))


@pytest.fixture
def groups(tmp_path):
    """Function that writes control groups of version 2 and says that this process is in `jobs/ours`."""
    (tmp_path / "cgroup" / "jobs" / "ours").mkdir(parents=True)
    (tmp_path / "own").write_text("0::/jobs/ours\n")

    def write(**limits):
        for name, text in limits.items():
            folder = {"root": "", "jobs": "jobs", "ours": "jobs/ours"}[name]
            (tmp_path / "cgroup" / folder / "cpu.max").write_text(text)
        return usable_cores(tmp_path / "cgroup", tmp_path / "own")

    return write


def test_without_a_quota_all_cores_that_it_may_run_on_are_its_own(groups, tmp_path):
    assert ALL == groups()
    assert ALL == groups(root="max 100000\n", ours="max 100000\n")
    assert ALL == usable_cores(tmp_path / "nowhere", tmp_path / "nothing")


def test_the_tightest_quota_of_a_group_or_of_those_above_it_counts(groups):
    assert 1 == groups(ours="100000 100000\n")
    assert 1 == groups(ours="max 100000\n", jobs="150000 100000\n")
    assert ALL == groups(ours="9900000 100000\n", jobs="max 100000\n")


def test_less_than_a_core_is_one(groups):
    assert 1 == groups(ours="20000 100000\n")


@pytest.mark.parametrize(("quota", "cores"), [("100000", 1), ("-1", ALL)])
def test_groups_of_version_1_have_quotas_too(tmp_path, quota, cores):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota)
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000")
    assert cores == usable_cores(tmp_path, tmp_path / "nothing")


def test_the_peak_of_memory_is_that_of_the_process():
    status = Path("/proc/self/status").read_text()
    high = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    assert peak_rss_mib() == pytest.approx(high / 1024, rel=0.01)


WITHOUT = """
import os, sys
sys.modules["fcntl"] = sys.modules["resource"] = None  # as on Windows
del os.sched_getaffinity  # as on macOS too
from pathlib import Path
from bench.core import cores, files
from bench.store import claims
from bench.store.store import Store

folder = Path(sys.argv[1])
assert cores.usable_cores() >= 1
assert cores.peak_rss_mib() == 0
files.write_json(folder / "a.json", {})
assert files.because(OSError(24, "Too many open files"), "") == ": too many open files: raise the limit"
with claims.claim(folder / "job") as first, claims.claim(folder / "job") as second:
    assert (first, second) == (True, False)
with claims.claim(folder / "job") as again:
    assert again
Store(folder / "store")
"""


def test_files_claims_and_cores_work_where_posix_modules_are_absent(tmp_path):
    subprocess.run([sys.executable, "-c", WITHOUT, str(tmp_path)], check=True, cwd=ROOT)
