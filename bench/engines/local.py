"""The local engine: warm processes that import torch once and run one call after the other.

Workers are spawned, never forked: a fork of a process with threads or a GPU context is not safe. A worker whose parent
dies ends at its next report, and one that dies itself is noticed by the end of its pipe and replaced.
"""

import contextlib
import gc
import importlib
import multiprocessing
import os
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

from bench.core.errors import BenchError, DivergedError
from bench.engines.call import Call, Event


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    call: Call | None = None


class LocalEngine:
    """A pool of worker processes on this machine.

    Use as a context manager; leaving it ends the workers, at once if by an exception.

    Args:
        workers: number of processes.
        threads: threads of the numerical libraries in each.
    """

    def __init__(self, workers: int, threads: int) -> None:
        self._threads = threads
        self._context = multiprocessing.get_context("spawn")
        self._count = workers
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)

    @property
    def idle(self) -> int:
        """How many calls could start now."""
        return self._count - sum(worker.call is not None for worker in self._workers)

    @property
    def running(self) -> int:
        """How many calls are under way."""
        return sum(worker.call is not None for worker in self._workers)

    def submit(self, call: Call) -> None:
        """Start a call on an idle worker; there must be one."""
        worker = next((w for w in self._workers if w.call is None), None) or self._start()
        worker.call = call
        worker.pipe.send(call)

    def events(self, timeout: float) -> Iterator[Event]:
        """What happened within `timeout` seconds; returns early as soon as something did."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), timeout):
            worker = by_pipe[pipe]  # type: ignore[index]  # wait() returns the connections it was given
            try:
                event: Event = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            if event.kind != "progress":
                worker.call = None
            yield event

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._threads), daemon=True)
        process.start()
        theirs.close()
        worker = _Worker(process, ours)
        self._workers.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> Iterator[Event]:
        self._workers.remove(worker)
        self._end(worker)
        code = worker.process.exitcode or 0
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if worker.call:
            text = f"the worker process ended ({how}); out of memory is the usual cause"
            yield Event(worker.call.name, "raised", {"error": text, "traceback": "", "user": False})

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()


def _serve(pipe: Connection, threads: int) -> None:
    # Ctrl-C reaches the whole process group; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[variable] = str(threads)
    modules = 0
    while True:
        try:
            call: Call = pipe.recv()
        except EOFError:
            return
        event = _answer(pipe, call, threads)
        # Models sit in reference cycles, and the collector counts objects, not the tensors they hold.
        gc.collect()
        if len(sys.modules) != modules:
            # The libraries that a call imported stay for good: millions of objects not to be searched again.
            modules = len(sys.modules)
            gc.freeze()
        _send(pipe, event)


def _answer(pipe: Connection, call: Call, threads: int) -> Event:
    def report(done: int, total: int, text: str) -> None:
        _send(pipe, Event(call.name, "progress", (done, total, text)))

    with _output_to(Path(call.log)):
        try:
            module, name = call.function.split(":")
            value: Any = getattr(importlib.import_module(module), name)(report, threads=threads, **call.arguments)
        except BenchError as error:
            diverged = isinstance(error, DivergedError)
            return Event(
                call.name, "raised", {"error": str(error), "traceback": "", "user": True, "diverged": diverged}
            )
        except Exception as error:  # noqa: BLE001 - the boundary of a cell: whatever went wrong is recorded
            text = f"{type(error).__name__}: {error}".splitlines()[0]
            return Event(call.name, "raised", {"error": text, "traceback": traceback.format_exc(), "user": False})
    return Event(call.name, "returned", value)


def _send(pipe: Connection, event: Event) -> None:
    try:
        pipe.send(event)
    except OSError:
        # The parent is gone: nobody will read the result, and a new run waits for the claim we hold.
        os._exit(1)


@contextlib.contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send everything printed, by libraries in C too, to a file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with log.open("ab") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, handle in enumerate(kept, start=1):
            os.dup2(handle, number)
            os.close(handle)
