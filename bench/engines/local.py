"""The local engine: warm processes that import torch once and run one call after the other.

It is no process pool of the standard library, as `bench.core.processes` is: a call reports its progress, a worker that
dies costs its own call alone and is replaced, and a call that is under way can be ended.

Workers are spawned, never forked: a fork of a process with threads or a GPU context is not safe. A worker whose parent
dies ends at its next report, and one that dies itself is noticed by the end of its pipe and replaced.
"""

import gc
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Annotated, Literal, Self

from pydantic import Field

from bench.engines.engine import Call, EngineOptions, Event, Resources, perform

MOST_WORKERS = 8


class LocalOptions(EngineOptions):
    """Options of the local engine."""

    workers: Annotated[int, Field(gt=0)] | Literal["auto"] = Field(
        default="auto",
        description=f"processes that each run one job at a time; auto takes one a core, at most {MOST_WORKERS}",
    )

    def count_slots(self) -> int:
        """The number of workers."""
        return min(len(os.sched_getaffinity(0)), MOST_WORKERS) if self.workers == "auto" else self.workers


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    call: Call | None = None


class LocalEngine:
    """A pool of worker processes on this machine; each starts when a call first needs it.

    Use as a context manager; leaving it ends the workers at once.

    Args:
        options: how many, and with how many threads of the numerical libraries.
    """

    def __init__(self, options: LocalOptions) -> None:
        self._options = options
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def resources(self) -> Resources:
        """A slot for each worker, started or not."""
        return Resources(self._options.count_slots())

    def submit(self, call: Call) -> None:
        """Start a call on an idle worker; there must be one."""
        worker = next((w for w in self._workers if w.call is None), None) or self._start()
        worker.call = call
        worker.pipe.send(call)

    def cancel(self) -> None:
        """Kill the workers that are at a call."""
        for worker in [worker for worker in self._workers if worker.call]:
            self._workers.remove(worker)
            self._end(worker)

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
        assert len(self._workers) < self.resources().slots, "more calls than workers"
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(theirs, self._options.threads), daemon=True)
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
        event = _answer(pipe, call)
        # Models sit in reference cycles, and the collector counts objects, not the tensors they hold.
        gc.collect()
        if len(sys.modules) != modules:
            # The libraries that a call imported stay for good: millions of objects not to be searched again.
            modules = len(sys.modules)
            gc.freeze()
        _send(pipe, event)


def _answer(pipe: Connection, call: Call) -> Event:
    def report(done: int, total: int, text: str) -> None:
        _send(pipe, Event(call.name, "progress", (done, total, text)))

    return perform(call, report)


def _send(pipe: Connection, event: Event) -> None:
    try:
        pipe.send(event)
    except OSError:
        # The parent is gone: nobody will read the result, and a new run waits for the claim we hold.
        os._exit(1)
