"""Two runners on one store, the one waiting while the other holds a job."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from running import COMMAND

from bench.engines.local import LocalOptions
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import make_plan
from bench.studies.runner import execute


class Watch:
    """Counts how often each job begins; wakes the other runner when a job begins a second time."""

    def __init__(self, other):
        self.begun, self.ended, self.waited, self._other = Counter(), Counter(), [], other

    def begin(self, job):
        self.begun[job.key] += 1
        if self.begun[job.key] == 2:
            os.killpg(self._other.pid, signal.SIGCONT)

    def advance(self, job, done, total, text):
        pass

    def wait(self, job, holder):
        self.waited.append((job.key, holder))

    def end(self, job, error):
        self.ended[job.key, error] += 1


@pytest.fixture
def other(study, tmp_path):
    """A run of its own process group, stopped while its worker holds the claim of a pretraining."""
    arguments = ["--study", study, "--store", tmp_path / "store", "--workers", "1", *asked()]
    command = [sys.executable, "-c", COMMAND, "run", *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as run:
        try:
            end = time.monotonic() + 120
            while not any(map(held, (tmp_path / "store").glob("jobs/*/holder.json"))):
                assert time.monotonic() < end, "it claimed nothing"
                time.sleep(0.02)
            os.killpg(run.pid, signal.SIGSTOP)
            yield run
        finally:
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)


def asked():
    return ["--methods", "moco", "--no-references", "--fractions", "1.0", "--seeds", "1"]


def held(holder: Path) -> bool:
    """Whether a job is at whoever has signed for it."""
    lock = FileLock(holder.with_name("claim"))
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


def test_a_job_that_another_runner_holds_is_waited_for_and_not_done_twice(study, other, tmp_path):
    """A busy signal that is not understood would pass for a finished pretraining, and its cell would fail."""
    changes = {"methods": ["moco"], "references": [], "fractions": [1.0], "seeds": 1}
    mine, store = load_study(study, changes), Store(tmp_path / "store")
    plan, watch = make_plan(mine, Inputs(print)), Watch(other)
    (cell,) = plan.cells
    outcome = execute(plan, store, LocalOptions(workers=1, device="cpu"), watch, retry_failed=False)
    assert [] == outcome.failures
    assert watch.begun[cell.pretrain.key] >= 2
    assert {(cell.pretrain.key, None): 1, (cell.key, None): 1} == watch.ended
    waited, holder = watch.waited[0]  # the other may go on with the cell, and be waited for again
    assert (cell.pretrain.key, True) == (waited, f" on {socket.gethostname()}, for 0 min" in holder)
    assert 0 == other.wait()
    assert [cell.key] == [record.key for record in store.records()]
