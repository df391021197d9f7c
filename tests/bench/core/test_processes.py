"""The same work on many pieces, in this process and in others."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import psutil
import pytest

from bench.core.errors import DataError
from bench.core.processes import do_all


def squarer(folder):
    """Notes each process that starts, then squares."""
    (folder / str(os.getpid())).touch()

    def square(number, advance):
        if number < 0:
            raise DataError(f"{number} is negative")
        advance(number)
        return number**2, os.getpid()

    return square


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_the_order_of_the_pieces_and_progress_ends_at_the_sum(tmp_path, workers):
    told = []
    found = do_all(partial(squarer, tmp_path), [5, 1, 4, 2, 3], workers, told.append)
    assert [25, 1, 16, 4, 9] == [square for square, _ in found]
    assert 15 == told[-1]
    assert sorted(told) == told
    started = {int(path.name) for path in tmp_path.iterdir()}
    assert {process for _, process in found} <= started
    assert (started == {os.getpid()}) == (workers == 1)


def test_one_piece_is_done_here_and_none_starts_nothing(tmp_path):
    assert [(9, os.getpid())] == do_all(partial(squarer, tmp_path), [3], 2)
    (tmp_path / str(os.getpid())).unlink()
    assert [] == do_all(partial(squarer, tmp_path), [], 2)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_a_piece_is_the_callers_and_ends_the_processes(tmp_path, workers):
    with pytest.raises(DataError, match="-1 is negative"):
        do_all(partial(squarer, tmp_path), [2, -1, 3], workers)
    assert [] == multiprocessing.active_children()


ENDLESS = """
import os, signal, sys, time
from functools import partial
from pathlib import Path
from bench.core.processes import do_all

signal.signal(signal.SIGINT, signal.default_int_handler)  # tests may run where Ctrl-C is not heard

def waiter(folder):
    def wait(number, advance):
        (folder / str(os.getpid())).touch()
        while True:
            if number % 2:
                advance(0)  # the other process never reports
            time.sleep(0.02)
    return wait

def main():
    do_all(partial(waiter, Path(sys.argv[1])), range(4), 2)
"""

UNGUARDED = """
import os, sys
from functools import partial
from pathlib import Path
import endless
from bench.core.processes import do_all

print("begun")
found = do_all(partial(endless.here, Path(sys.argv[1])), range(4), 2)
print(sorted(found))
"""

HERE = """
def here(folder):
    def double(number, advance):
        return 2 * number
    return double
"""


def importing(folder):
    """Variables of a process that imports the harness, and modules of a folder."""
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[3]), str(folder)])}


def test_a_script_without_a_guard_is_not_run_again_by_its_processes(tmp_path):
    (tmp_path / "endless.py").write_text(HERE)
    (tmp_path / "script.py").write_text(UNGUARDED)
    command = [sys.executable, tmp_path / "script.py", tmp_path]
    done = subprocess.run(command, env=importing(tmp_path), capture_output=True, text=True, check=False)
    assert (0, "", "begun\n[0, 2, 4, 6]\n") == (done.returncode, done.stderr, done.stdout)


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_killed_main_process_end_the_others(tmp_path, sent):
    folder, script = tmp_path / "pids", tmp_path / "endless.py"
    folder.mkdir()
    script.write_text(ENDLESS)
    command = [sys.executable, "-c", "import endless; endless.main()", folder]
    with subprocess.Popen(command, env=importing(tmp_path), stderr=subprocess.PIPE) as main:
        end = time.monotonic() + 120
        while len(list(folder.iterdir())) < 2:
            assert time.monotonic() < end, "it did not start"
            time.sleep(0.02)
        main.send_signal(sent)
        error = main.communicate()[1].decode()
    assert main.returncode != 0
    assert ("KeyboardInterrupt" in error) == (sent == signal.SIGINT)
    others = [psutil.Process(int(path.name)) for path in folder.iterdir() if psutil.pid_exists(int(path.name))]
    _gone, alive = psutil.wait_procs(others, timeout=60)
    assert [] == alive
