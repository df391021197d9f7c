"""Workers on GPUs that are simulated: what each sees, how many share one, and what becomes of those that do not fit."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from bench.core.errors import StudyError
from bench.engines import devices, local
from bench.engines.devices import VISIBLE, Memory
from bench.engines.engine import Call
from bench.engines.local import LocalEngine, LocalOptions

TOTAL = 1000


def third():
    """Memory as a call leaves it that held 30% of its GPU."""
    return Memory(300, TOTAL)


def see(_report, *, seconds=0.3):
    time.sleep(seconds)
    return os.environ.get(VISIBLE), os.getpid()


def take_all(_report, *, folder):
    """Hold the memory of a GPU: beside another that does so there is none left."""
    held = Path(folder) / f"gpu-{os.environ[VISIBLE]}"
    try:
        os.close(os.open(held, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB") from None
    time.sleep(1)
    held.unlink()
    return "done"


def ask_too_much(_report):
    raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 TiB")


@pytest.fixture(autouse=True)
def two_gpus(monkeypatch):
    monkeypatch.setattr(devices, "_torch_knows_cuda", lambda: True)
    monkeypatch.setattr(local, "usable_cores", lambda: 16)
    monkeypatch.setenv(VISIBLE, "4,5")


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=os.pathsep)

    def make(name, function, **arguments):
        return Call(name, f"test_local_gpus:{function}", arguments, str(tmp_path / f"{name}.log"))

    return make


def drain(engine, calls):
    events = []
    while sum(event.kind != "progress" for event in events) < calls:
        events.extend(engine.events(timeout=5))
    return events


def engine(memory="third", **options):
    return LocalEngine(LocalOptions(**options), f"test_local_gpus:{memory}")


def test_each_worker_sees_one_gpu(call):
    with engine(workers_per_gpu=1) as made:
        assert 2 == made.resources().slots
        for name in "ab":
            made.submit(call(name, "see"))
        seen = dict(event.value for event in drain(made, 2))
    assert {"4", "5"} == set(seen)
    assert "4,5" == os.environ[VISIBLE]


@pytest.mark.parametrize(("asked", "place"), [("cuda:1", "5"), ("cpu", ""), ("cuda:0", "4")])
def test_a_device_that_is_asked_for_is_the_only_one_seen(call, asked, place):
    with engine(workers=1, device=asked) as made:
        made.submit(call("a", "see"))
        (event,) = drain(made, 1)
    assert place == event.value[0]


def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(StudyError, match="device cuda:2: 2 GPUs are visible here, numbered from 0"):
        engine(device="cuda:2")


def test_more_workers_than_gpus_are_dealt_out(call):
    with engine(workers=3) as made:
        for name in "abc":
            made.submit(call(name, "see"))
        seen = [event.value for event in drain(made, 3)]
    assert ["4", "4", "5"] == sorted(gpu for gpu, _ in seen)
    assert 3 == len({pid for _, pid in seen})


def test_a_gpu_takes_one_call_and_then_as_many_as_fit_its_memory(call):
    """Three of 300 fit into nine tenths of 1000."""
    with engine() as made:
        assert 2 == made.resources().slots
        made.submit(call("first", "see", seconds=0))
        drain(made, 1)
        assert 6 == made.resources().slots
        for name in "abcdef":
            made.submit(call(name, "see"))
        gpus = [event.value[0] for event in drain(made, 6)]
    assert {"4": 3, "5": 3} == {gpu: gpus.count(gpu) for gpu in gpus}


def test_no_more_share_a_gpu_than_there_are_cores_for_them(call, monkeypatch):
    monkeypatch.setattr(local, "usable_cores", lambda: 4)
    with engine() as made:
        made.submit(call("first", "see", seconds=0))
        drain(made, 1)
        assert 4 == made.resources().slots


def test_a_call_that_lacks_memory_beside_others_is_done_again_alone(call, tmp_path, monkeypatch):
    monkeypatch.setenv(VISIBLE, "4")
    with engine(workers_per_gpu=3) as made:
        for name in "abc":
            made.submit(call(name, "take_all", folder=str(tmp_path)))
        events = drain(made, 3)
    assert [("returned", "done")] * 3 == [(event.kind, event.value) for event in events if event.kind != "progress"]
    again = [event for event in events if event.kind == "progress"]
    assert {(0, 1, "out of memory beside others: again, alone")} == {event.value for event in again}


def test_a_call_that_lacks_memory_by_itself_fails(call):
    with engine(workers_per_gpu=2) as made:
        made.submit(call("a", "ask_too_much"))
        (event,) = drain(made, 1)
    assert ("raised", True) == (event.kind, "CUDA out of memory" in event.value["error"])


def test_calls_wait_while_a_gpu_is_anothers_alone_and_none_is_lost(call, tmp_path, monkeypatch):
    monkeypatch.setenv(VISIBLE, "4")
    with engine(workers_per_gpu=2) as made:
        made.submit(call("a", "take_all", folder=str(tmp_path)))
        made.submit(call("b", "take_all", folder=str(tmp_path)))
        events = [event for _ in range(200) for event in made.events(timeout=0.05) if event.value]
        made.submit(call("c", "see", seconds=0))
        events += drain(made, 3 - sum(event.kind != "progress" for event in events))
    assert {"a", "b", "c"} == {event.name for event in events if event.kind == "returned"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "2 workers of 1 thread each on 2 GPUs (4, 5), one each to begin with, then as many as their memory holds"),
        ({"workers_per_gpu": 2}, "4 workers of 1 thread each on 2 GPUs (4, 5)"),
        ({"workers": 1}, "1 worker of 1 thread each on 2 GPUs (4, 5)"),
        ({"device": "cuda:1"}, "1 worker of 1 thread each on 1 GPU (5), one each to begin with, then as many as their memory holds"),
        ({"device": "cpu", "threads": 4}, "4 workers of 4 threads each on 16 cores"),
        ({"device": "cpu"}, "8 workers of 1 thread each on 16 cores"),
    ],
)  # fmt: skip
def test_a_plan_says_who_runs_where(options, said):
    assert said == LocalOptions(**options).describe()


def test_a_call_of_two_processes_has_two_gpus_to_itself(call):
    """It waits for those before it, those after it wait, and the GPUs are free again when it has ended."""
    with engine(workers_per_gpu=1) as made:
        for name, processes in (("before", 1), ("shared", 2), ("after", 1)):
            made.submit(replace(call(name, "see"), processes=processes))
        ended = [(event.name, event.value[0]) for event in drain(made, 3)]
    assert ["before", "shared", "after"] == [name for name, _ in ended]
    assert ["4", "4,5", "4"] == [gpus for _, gpus in ended]


def test_a_call_of_more_processes_than_gpus_is_refused(call):
    with engine() as made, pytest.raises(StudyError, match="3 processes share a pretraining, and there are 2 GPUs"):
        made.submit(replace(call("a", "see"), processes=3))


def test_without_gpus_a_call_of_two_processes_counts_as_two(call, monkeypatch):
    monkeypatch.setenv(VISIBLE, "")
    with engine(workers=3) as made:
        for name, processes in (("shared", 2), ("beside", 1), ("after", 2)):
            made.submit(replace(call(name, "see", seconds=0.5), processes=processes))
        ended = [event.name for event in drain(made, 3)]
    assert "after" == ended[-1]
