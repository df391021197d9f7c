"""The local engine, with real processes and calls that need no torch."""

import gc
import os
import signal
import time
import weakref
from pathlib import Path
from typing import ClassVar

import pytest

from bench.core.errors import StudyError
from bench.engines.engine import Call, Resources
from bench.engines.local import LocalEngine, LocalOptions


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


def test_a_worker_that_dies_is_told_and_replaced(call):
    with LocalEngine(LocalOptions(workers=1)) as engine:
        engine.submit(call("dies", "break_down", how="killed"))
        (event,) = drain(engine)
        assert "killed by SIGKILL" in event.value["error"]
        engine.submit(call("after", "add", a=1, b=1))
        assert drain(engine)[-1].value == (2, "1")


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
