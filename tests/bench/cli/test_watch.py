"""The view of a run: a picture for the terminal, one line where a store cannot be watched."""

import json
import os
import pty
import signal
import subprocess
import sys

import pytest
from running import COMMAND, WIDE

from bench.cli.watch import lasting, spark
from bench.store.plans import PlanFile, Planned
from bench.store.store import Store


@pytest.fixture
def begun(tmp_path):
    store = Store(tmp_path / "begun")
    store.open_for_writing()
    jobs = [Planned(key=f"c{number}", kind="cell", label=f"geokr [bold] seed {number}") for number in range(2)]
    store.write_plan(PlanFile(study="mine", jobs=jobs))
    return store


def test_losses_are_bars_from_the_lowest_to_the_highest():
    assert "█▁" == spark([2.0, 1.0])
    assert "▁▁▁" == spark([1.0, 1.0, 1.0])
    assert "" == spark([])
    long = spark([float(100 - at) for at in range(100)], width=10)
    assert (10, "█", "▁") == (len(long), long[0], long[-1])


def test_times_are_said_in_one_unit():
    assert ["?", "59 s", "2 min", "1.5 h", "2.0 d"] == [*map(lasting, (None, 59.0, 120.0, 5400.0, 172_800.0))]


def test_without_a_terminal_it_prints_one_picture_and_ends(begun, run_bench):
    begun.write_failure("c1", {"error": "out of [red] memory"})
    done = run_bench("watch", "--store", str(begun.root))
    assert 0 == done.returncode
    assert "0/2 cells; 0 running, 1 waiting, 1 failed; nobody is at it" in " ".join(done.stdout.split())
    assert "geokr [bold] seed 1: out of [red] memory" in done.stdout


def test_json_has_everything(begun, run_bench):
    found = json.loads(run_bench("watch", "--store", str(begun.root), "--json").stdout)
    assert ({"cell": 2}, {}, 2, False) == (found["total"], found["done"], found["waiting"], found["finished"])
    assert ["mine"] == found["studies"]


def test_a_folder_without_a_study_and_a_study_without_a_plan_are_one_line(begun, tmp_path, run_bench):
    done = run_bench("watch", "--store", str(tmp_path / "nothing"))
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    done = run_bench("watch", "--store", str(begun.root), "--study", "other")
    assert 2 == done.returncode
    assert "no plan of study other: it has mine" in done.stderr


def test_on_a_terminal_it_goes_on_until_ctrl_c_which_does_not_speak_of_the_run(begun):
    ours, theirs = pty.openpty()
    # A shell starts background jobs deaf to Ctrl-C, and these tests may be one.
    heard = f"import signal; signal.signal(signal.SIGINT, signal.default_int_handler); {COMMAND}"
    command = [sys.executable, "-c", heard, "watch", "--store", str(begun.root), "--every", "0.2"]
    environment = WIDE | {"TERM": "xterm-256color"}
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, text=True, env=environment) as watching:
        os.close(theirs)
        shown = b""
        while shown.count(b"nobody is at it") < 3:
            shown += os.read(ours, 1 << 16)
        watching.send_signal(signal.SIGINT)
        said = watching.communicate()[1]
    os.close(ours)
    assert (130, "bench: watched no longer, which disturbs no run\n") == (watching.returncode, said)
