"""The local engine, with real processes and calls that need no torch."""

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import ClassVar

import psutil
import pytest

from bench.core.errors import StudyError
from bench.engines.engine import Call, Resources
from bench.engines.local import LocalEngine, LocalOptions

KILLED = """
import sys
from bench.engines.engine import Call
from bench.engines.local import LocalEngine, LocalOptions

if __name__ == "__main__":
    folder, options = sys.argv[1], LocalOptions(workers=1, device="cpu")
    options.prepare(sys.argv[2:])
    with LocalEngine(options) as engine:
        engine.submit(Call("a", "test_local:say_nothing", {"begun": f"{folder}/begun"}, f"{folder}/log"))
        while True:
            list(engine.events(timeout=5))
"""


def add(report, *, a, b):
    report(1, 2, "half")
    print("adding", flush=True)
    return a + b, os.environ["OMP_NUM_THREADS"]


def threads_of_numpy(_report):
    import numpy as np
    from threadpoolctl import threadpool_info

    assert np.eye(2) @ np.eye(2) is not None
    return {each["num_threads"] for each in threadpool_info() if "numpy" in each["filepath"]}


def break_down(_report, *, how):
    if how == "user":
        raise StudyError("no such thing: choose another")
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    raise ValueError(f"bad {how}")


class Cycle:
    """An object that only the collector frees, as a model in mmengine's runner is."""

    alive: ClassVar[weakref.WeakSet] = weakref.WeakSet()

    def __init__(self):
        self.itself = self
        self.alive.add(self)


def leave_a_cycle(_report):
    before = len(Cycle.alive)
    Cycle()
    return before, gc.get_freeze_count()


def die_once(_report, *, mark):
    """Be killed the first time; say when the second one began and ended."""
    begun = time.monotonic()
    if not Path(mark).exists():
        Path(mark).touch()
        time.sleep(0.1)
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.3)
    return begun, time.monotonic()


def sleep(_report, *, seconds):
    begun = time.monotonic()
    time.sleep(seconds)
    return begun, time.monotonic()


def lack_memory(_report, *, pids):
    with Path(pids).open("a") as stream:
        print(os.getpid(), file=stream)
    raise MemoryError


def say_nothing(_report, *, begun):
    Path(begun).touch()
    time.sleep(600)


def report_forever(report):
    while True:
        report(0, 1, str(os.getpid()))
        time.sleep(0.02)


@pytest.fixture
def call(tmp_path, monkeypatch):
    # Spawned workers import the calls' module by name.
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)

    def make(name, function, **arguments):
        return Call(name, f"test_local:{function}", arguments, str(tmp_path / f"{name}.log"))

    return make


def drain(engine, calls=1):
    """Events until as many calls have ended."""
    events = []
    while sum(event.kind != "progress" for event in events) < calls:
        events.extend(engine.events(timeout=5))
    return events


def test_between_calls_cycles_are_freed_and_imported_libraries_are_searched_no_more(call):
    with LocalEngine(LocalOptions(workers=1)) as engine:
        seen = []
        for name in ("first", "second", "third"):
            engine.submit(call(name, "leave_a_cycle"))
            seen += [event.value for event in drain(engine)]
    assert [alive for alive, _frozen in seen] == [0, 0, 0]
    first, second, third = (frozen for _alive, frozen in seen)
    assert first < second >= third


def test_calls_report_and_return_and_print_into_their_log(call, tmp_path):
    with LocalEngine(LocalOptions(workers=2)) as engine:
        engine.submit(call("one", "add", a=1, b=2))
        engine.submit(call("two", "add", a=3, b=4))
        events = drain(engine, calls=2)
    assert {("one", (3, "1")), ("two", (7, "1"))} == {(e.name, e.value) for e in events if e.kind == "returned"}
    assert {("one", (1, 2, "half")), ("two", (1, 2, "half"))} == {
        (e.name, e.value) for e in events if e.kind == "progress"
    }
    assert (tmp_path / "one.log").read_text() == "adding\n"


def test_a_failing_call_says_why_and_its_worker_goes_on(call):
    with LocalEngine(LocalOptions(workers=1)) as engine:
        for name, how in (("bug", "value"), ("mistake", "user")):
            engine.submit(call(name, "break_down", how=how))
            (event,) = drain(engine)
            assert event.kind == "raised"
            if name == "bug":
                assert event.value["error"] == "ValueError: bad value"
                assert "break_down" in event.value["traceback"]
            else:
                assert {
                    "error": "no such thing: choose another",
                    "traceback": "",
                    "user": True,
                    "diverged": False,
                } == event.value
        engine.submit(call("after", "add", a=1, b=1))
        assert drain(engine)[-1].value == (2, "1")


def test_a_call_whose_worker_dies_is_done_once_more_and_its_worker_is_replaced(call):
    with LocalEngine(LocalOptions(workers=1)) as engine:
        engine.submit(call("dies", "break_down", how="killed"))
        again, failed = drain(engine)
        assert (0, 1, "its process ended (killed by SIGKILL): again, alone") == again.value
        assert failed.value["error"].startswith("the worker process ended twice, the second time with no other beside")
        assert "killed by SIGKILL" in failed.value["error"]
        engine.submit(call("after", "add", a=1, b=1))
        assert drain(engine)[-1].value == (2, "1")


def test_a_server_that_dies_as_a_worker_is_asked_of_it_is_replaced(call, monkeypatch):
    """Its end is an EOFError here, which a command line would take for the end of its input."""
    begun = []

    def start(process, *, really=BaseProcess.start):
        begun.append(process)
        if len(begun) == 1:
            raise EOFError("unexpected EOF")
        really(process)

    monkeypatch.setattr(BaseProcess, "start", start)
    with LocalEngine(LocalOptions(workers=1, device="cpu")) as engine:
        engine.submit(call("one", "add", a=1, b=1))
        assert (2, "1") == drain(engine)[-1].value
    assert 2 == len(begun)


def test_a_call_that_was_killed_beside_others_goes_on_with_none_beside_it(call, tmp_path):
    with LocalEngine(LocalOptions(workers=2, device="cpu")) as engine:
        engine.submit(call("large", "die_once", mark=str(tmp_path / "large")))
        for number in range(3):
            engine.submit(call(f"small {number}", "sleep", seconds=0.3))
        ended = {event.name: event.value for event in drain(engine, calls=4) if event.kind == "returned"}
    begun, done = ended["large"]
    others = [ended[f"small {number}"] for number in range(3)]
    assert all(end <= begun or done <= start for start, end in others), (begun, done, others)


def test_a_call_that_finds_no_memory_is_done_once_more_in_a_new_process(call, tmp_path):
    with LocalEngine(LocalOptions(workers=1, device="cpu")) as engine:
        engine.submit(call("large", "lack_memory", pids=str(tmp_path / "pids")))
        again, failed = drain(engine)
    assert (0, 1, "out of memory: again, alone") == again.value
    assert failed.value["error"].startswith("MemoryError")
    first, second = (tmp_path / "pids").read_text().split()
    assert first != second


@pytest.mark.skipif(sys.platform != "linux", reason="the server that workers are forked from is of Linux alone")
@pytest.mark.parametrize("module", [[], ["imported_for_long"]])
def test_nothing_outlives_a_run_that_is_killed(tmp_path, module):
    """Its worker is at a call that reports nothing, or the server is still importing."""
    (tmp_path / "imported_for_long.py").write_text(
        "import os, time; open(os.environ['KILLED_RUN'] + '/imported', 'w').close(); time.sleep(600)"
    )
    (tmp_path / "script.py").write_text(KILLED)
    folders = os.pathsep.join(
        [str(tmp_path), str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    )
    command = [sys.executable, tmp_path / "script.py", tmp_path, *module]
    environment = os.environ | {"PYTHONPATH": folders, "KILLED_RUN": str(tmp_path)}
    with subprocess.Popen(command, env=environment, start_new_session=True) as run:
        wait_until(lambda: (tmp_path / "begun").exists() or (tmp_path / "imported").exists())
        run.kill()
    wait_until(lambda: not processes_of(tmp_path))


def processes_of(folder):
    """Living processes of a run, by a variable that they have from it."""
    found = []
    for process in psutil.process_iter(["status", "environ"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE and process.info["environ"]:
            found += [process] if process.info["environ"].get("KILLED_RUN") == str(folder) else []
    return found


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)


def test_leaving_the_engine_ends_its_workers(call):
    with LocalEngine(LocalOptions(workers=1)) as engine:
        engine.submit(call("endless", "report_forever"))
        (event,) = engine.events(timeout=20)
        worker = int(event.value[2])
        os.kill(worker, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_cancelling_ends_what_is_under_way_without_an_event_and_the_engine_stays_usable(call):
    with LocalEngine(LocalOptions(workers=2)) as engine:
        engine.submit(call("endless", "report_forever"))
        (event,) = engine.events(timeout=20)
        engine.cancel()
        with pytest.raises(ProcessLookupError):
            os.kill(int(event.value[2]), 0)
        engine.submit(call("after", "add", a=1, b=1))
        assert {"after"} == {event.name for event in drain(engine)}


def test_more_calls_than_workers_wait_for_their_turn(call):
    with LocalEngine(LocalOptions(workers=1, device="cpu")) as engine:
        assert Resources(slots=1) == engine.resources()
        for number in range(3):
            engine.submit(call(f"call {number}", "add", a=number, b=1))
        ended = [event.name for event in drain(engine, calls=3) if event.kind == "returned"]
    assert ["call 0", "call 1", "call 2"] == ended


def test_workers_get_the_threads_that_the_study_asks_for(call):
    with LocalEngine(LocalOptions(workers=1, threads=3)) as engine:
        engine.submit(call("one", "add", a=1, b=1))
        assert (2, "3") == drain(engine)[-1].value


def test_numpy_has_one_thread_in_a_worker(call):
    """It reads how many it may have as it is imported, so nothing that a worker starts from may import it."""
    with LocalEngine(LocalOptions(workers=1, threads=1)) as engine:
        engine.submit(call("one", "threads_of_numpy"))
        assert {1} == drain(engine)[-1].value
