"""What a process of the local engine does: one call after the other, each of which reports to its parent."""

import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from bench.core import processes, stopping
from bench.engines.devices import Memory
from bench.engines.engine import Call, Event, perform

# Thousandths of the machine's memory by which a worker counts as larger than it is.
FIRST_TO_GO = 500


def serve(pipe: Connection, threads: int, memory: str, environment: dict[str, str]) -> None:
    """Do what comes down the pipe, until its parent closes it.

    Args:
        pipe: takes calls, and gives events with what their call held on a GPU.
        threads: of the numerical libraries.
        memory: `module:function` that says what the last call held, as `bench.engines.devices.memory`.
        environment: all variables of the process.
    """
    os.environ.clear()
    os.environ.update(environment | thread_variables(threads))
    # Ctrl-C reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stopping.listen()
    with contextlib.suppress(OSError):  # Linux alone has it
        # When memory runs out the kernel is to kill a worker, whose call is done again, and not the run.
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO))
    # Without it a worker would import, or read, to the end before it found nobody to report to.
    processes.end_with_parent()
    modules = 0
    while True:
        try:
            call: Call = pipe.recv()
        except EOFError:
            return
        event = _answer(pipe, call)
        held = _held(memory)
        # Models sit in reference cycles, and the collector counts objects, not the tensors they hold.
        gc.collect()
        if len(sys.modules) != modules:
            # The libraries that a call imported stay for good: millions of objects not to be searched again.
            modules = len(sys.modules)
            gc.freeze()
        _send(pipe, event, held)


def _held(memory: str) -> Memory | None:
    module, name = memory.split(":")
    found: Memory | None = getattr(importlib.import_module(module), name)()
    return found


def _answer(pipe: Connection, call: Call) -> Event:
    def report(done: int, total: int, text: str) -> None:
        _send(pipe, Event(call.name, "progress", (done, total, text)))

    return perform(call, report)


def _send(pipe: Connection, event: Event, memory: Memory | None = None) -> None:
    try:
        pipe.send((event, memory))
    except OSError:
        # The parent is gone: nobody will read the result, and a new run waits for the claim we hold.
        os._exit(1)


def thread_variables(threads: int) -> dict[str, str]:
    """What makes numerical libraries start so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    return dict.fromkeys(names, str(threads))


@contextmanager
def environment_of(values: Mapping[str, str | None]) -> Iterator[None]:
    """Variables that a process which starts meanwhile inherits; None for one that it does not."""
    before = dict(os.environ)
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    try:
        yield
    finally:
        for name in values:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)
