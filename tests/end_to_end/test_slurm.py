"""The batch script of `bench plan --slurm`, run by a stand-in for the scheduler that really starts its tasks."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock, Timeout
from running import COMMAND, bench, records

TASKS = 4
SCONTROL = """#!/bin/bash
[ "$1" = requeue ] && echo "$2" >> "$(dirname "$0")/requeued"
"""


class Scheduler:
    """Starts the tasks of a script as Slurm does: its directives read, a variable for each task's number.

    It queues a task again when the task asks for it, and when its node has died.

    Args:
        folder: for the command that tasks call, and their output.
        file: the script.
    """

    def __init__(self, folder, file):
        self._folder, self._file = folder, file
        self.directives = dict(re.findall(r"^#SBATCH --([\w-]+)(?:=(\S+))?$", file.read_text(), re.MULTILINE))
        self.tasks = {}
        self.started = []
        (folder / "scontrol").write_text(SCONTROL)
        (folder / "scontrol").chmod(0o755)

    def submit(self):
        first, last = map(int, self.directives["array"].split("-"))
        for number in range(first, last + 1):
            self._start(number)

    def _start(self, number):
        names = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": str(number)}
        environment = os.environ | names | {"PATH": f"{self._folder}:{os.environ['PATH']}"}
        with (self._folder / f"{number}.txt").open("a") as output:
            self.tasks[number] = subprocess.Popen(
                ["bash", str(self._file)], env=environment, stdout=output, stderr=output, start_new_session=True
            )
        self.started.append(number)

    def lose_node(self, number):
        """Everything of a task dies at once."""
        os.killpg(self.tasks[number].pid, signal.SIGKILL)

    def warn(self, number):
        """What `--signal=B:TERM@60` does: the batch shell alone is told."""
        assert "B:TERM@60" == self.directives["signal"]
        os.kill(self.tasks[number].pid, signal.SIGTERM)

    def wait(self):
        """Until no task runs or is queued; returns their exit codes."""
        end = time.monotonic() + 300
        while True:
            assert time.monotonic() < end, "the tasks do not end"
            asked = self._requeued()
            for number, task in list(self.tasks.items()):
                if task.poll() is not None and (task.returncode == -signal.SIGKILL or number in asked):
                    self._start(number)
            if all(task.poll() is not None for task in self.tasks.values()) and not self._requeued(keep=True):
                return {number: task.returncode for number, task in self.tasks.items()}
            time.sleep(0.1)

    def _requeued(self, *, keep=False):
        file = self._folder / "requeued"
        if not file.exists():
            return set()
        asked = {int(line.partition("_")[2]) for line in file.read_text().split()}
        ended = {number for number in asked if self.tasks[number].poll() is not None}
        if ended == asked and not keep:
            file.unlink()
        return ended

    def end(self):
        for task in self.tasks.values():
            if task.poll() is None:
                os.killpg(task.pid, signal.SIGKILL)


@pytest.fixture
def scheduler(study, tmp_path):
    (tmp_path / "bin").mkdir()
    made = bench("plan", "--study", study, "--slurm", TASKS, "--store", tmp_path / "store", cwd=tmp_path)
    assert 0 == made.returncode, made.stderr
    (tmp_path / "job.sh").write_text(made.stdout)
    started = Scheduler(tmp_path / "bin", tmp_path / "job.sh")
    yield started
    started.end()


def claimed(store):
    """Whether some job of a store is being worked at."""
    for path in store.glob("jobs/*/claim"):
        lock = FileLock(path)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        lock.release()
    return False


def until(said, seconds=120):
    end = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_array_of_tasks_does_the_study_once_though_one_dies_and_one_is_told_to_stop(scheduler, finished, tmp_path):
    whole, _ = finished
    scheduler.submit()
    until(lambda: claimed(tmp_path / "store"))
    scheduler.lose_node(1)
    scheduler.warn(0)
    assert dict.fromkeys(range(TASKS), 0) == scheduler.wait()
    assert {0: 2, 1: 2, 2: 1, 3: 1} == {number: scheduler.started.count(number) for number in range(TASKS)}
    assert records(whole) == records(tmp_path / "store")


@pytest.fixture
def long_run(study, tmp_path):
    """A run at a pretraining that would take minutes."""
    arguments = ["run", "--study", study, "--methods", "moco", "--no-references", "--seeds", 1]
    arguments += ["--set", "pretrain.epochs=2000", "--store", tmp_path / "store"]
    command = [sys.executable, "-c", COMMAND, *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as run:
        yield run
        run.kill()


def test_a_run_that_is_told_to_stop_keeps_where_its_pretraining_is_and_ends_well(long_run, tmp_path):
    """No checkpoint is due in the first half minute but the one that is asked for."""
    store = tmp_path / "store"
    until(lambda: claimed(store))
    time.sleep(3)
    assert not list(store.glob("jobs/*/checkpoint.pt"))
    long_run.send_signal(signal.SIGTERM)
    _, errors = long_run.communicate(timeout=60)
    assert 0 == long_run.returncode
    assert "bench: told to stop; what is finished is kept, run the same command to go on" in errors
    assert 1 == len(list(store.glob("jobs/*/checkpoint.pt")))
    assert [] == list(store.glob("jobs/*/failure.json"))
    assert [] == list(store.glob("weights/*/card.json"))


def test_a_script_repeats_what_the_command_was_given(study, tmp_path):
    made = bench(
        "plan", "--study", study, "--methods", "moco", "--slurm", 3, "--gres", "gpu:1", "--set", "seed=4",
        "--store", "here", cwd=tmp_path,
    ).stdout  # fmt: skip
    assert f"run --study {study} --methods moco --set seed=4 --store {tmp_path / 'here'} --share" in made
    assert "#SBATCH --gres=gpu:1\n" in made
    assert "#SBATCH --array=0-2\n" in made
    assert f"cd {tmp_path} || exit 1" in made
    assert 0 == subprocess.run(["bash", "-n"], input=made, text=True, check=False).returncode


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "--share", "4/4"], "--share 4/4: write it as I/N with I from 0 to N-1, such as 0/4"),
        (["run", "--share", "half"], "--share half: write it as I/N"),
        (["plan", "--gres", "gpu:1"], "--gres is of a batch script: add --slurm"),
        (["plan", "--slurm", "2", "--design"], "--slurm prints a script for the whole study"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(study, tmp_path, arguments, said):
    command, *more = arguments
    done = bench(command, "--study", study, "--store", Path(tmp_path / "store"), *more)
    assert (2, True) == (done.returncode, said in done.stderr)
    assert 1 == len(done.stderr.strip().splitlines())
