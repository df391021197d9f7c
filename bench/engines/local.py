"""The local engine: warm processes that import torch once and run one call after the other.

It is no process pool of the standard library, as `bench.core.processes` is: a call reports its progress, a worker that
dies costs its own call alone and is replaced, and a call that is under way can be ended.

Workers are never forked from this process: a fork of one with threads or a GPU context is not safe. On Linux they are
forked from one that has imported what calls need and has neither (`bench.engines.preload`, docs/decisions/097), if the
engine was told in time; else each is spawned and imports for itself. A worker whose parent dies ends at once. One that
dies itself is noticed by the end of its pipe and replaced, and its call is done again, once, with nothing beside it: the
system kills what needs most when memory runs out, and that need not have been the call's fault (docs/decisions/100).

Each worker sees one GPU, where there are any: `CUDA_VISIBLE_DEVICES` is the first thing that it sets. A GPU first
has one call; when that has ended, it gets as many workers as calls like it fit its memory. A call that runs out of
memory beside others is done again, alone on that GPU; one that does so on the cores, alone in a new process.

A call that starts processes of its own, as a pretraining of several ranks does, has as many GPUs to itself, in a worker
that sees them all and ends with the call; without GPUs it counts as so many calls.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Annotated, Literal, Self

from pydantic import Field

from bench.core.cores import usable_cores
from bench.core.errors import StudyError
from bench.core.processes import hidden_main
from bench.engines import devices, fork_server
from bench.engines.devices import VISIBLE, Memory, visible_gpus
from bench.engines.engine import Call, EngineOptions, Event, Resources
from bench.engines.worker import environment_of, serve

MOST_WORKERS = 8
# Of a GPU's memory, what calls may hold together.
MARGIN = 0.9
MEMORY = "bench.engines.devices:memory"
# As CUDA, Python and numpy, and torch and the system say it.
_OUT_OF_MEMORY = ("out of memory", "MemoryError", "allocate memory")
# Times that a worker is started anew where the server that forks it has just died.
START_AGAIN = 3
# The place of workers that see no GPU.
CPU = ""


class LocalOptions(EngineOptions):
    """Options of the local engine."""

    workers: Annotated[int, Field(gt=0)] | Literal["auto"] = Field(
        default="auto",
        description="processes that each run one job at a time, dealt out over the GPUs; auto takes as many as the GPUs "
        f"hold, and without one a process for `threads` cores, at most {MOST_WORKERS}",
    )
    workers_per_gpu: Annotated[int, Field(gt=0)] | Literal["auto"] = Field(
        default="auto", description="of `workers: auto`; auto begins with one and adds those that fit the memory"
    )

    def places(self) -> list[str]:
        """Where workers may be: the GPUs as `CUDA_VISIBLE_DEVICES` names them, or `CPU` alone.

        Raises:
            StudyError: a GPU is asked for by a number that there is not.
        """
        if self.device == "cpu":
            return [CPU]
        gpus = visible_gpus()
        if ":" in self.device:
            number = int(self.device.partition(":")[2])
            if gpus and number >= len(gpus):
                raise StudyError(f"device {self.device}: {len(gpus)} GPUs are visible here, numbered from 0")
            return [gpus[number]] if gpus else [CPU]
        return gpus or [CPU]

    def count_slots(self) -> int:
        """The number of workers; where memory decides, one for each GPU."""
        places = self.places()
        if self.workers != "auto":
            return self.workers
        if places == [CPU]:
            return max(1, min(usable_cores() // self.threads, MOST_WORKERS))
        return len(places) * (1 if self.workers_per_gpu == "auto" else self.workers_per_gpu)

    def prepare(self, modules: Sequence[str]) -> None:
        """Start the process that workers are forked from; once, for it cannot take other modules or threads later.

        Not where there are GPUs: libraries look for one as they are imported, and keep what they found.
        """
        if self.places() == [CPU]:
            fork_server.start(modules, self.threads)

    def arithmetic(self) -> str:
        """As the base class; of the GPUs where calls run on these."""
        return super().arithmetic() if self.places() == [CPU] else devices.arithmetic()

    def describe(self) -> str:
        """Who runs where."""
        places, slots = self.places(), self.count_slots()
        threads = f"{self.threads} thread{'s' if self.threads > 1 else ''}"
        workers = f"{slots} worker{'s' if slots > 1 else ''}"
        if places == [CPU]:
            return f"{workers} of {threads} each on {usable_cores()} cores"
        shared = f", {self.ranks} GPUs for each pretraining" if self.ranks > 1 else ""
        packed = self.workers == self.workers_per_gpu == "auto"
        more = ", one each to begin with, then as many as their memory holds" if packed else ""
        return f"{workers} of {threads} each on {len(places)} GPU{'s' if len(places) > 1 else ''} ({', '.join(places)}){more}{shared}"


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    place: str
    call: Call | None = None
    # Of its call: whether another was on the same GPU meanwhile, and whether none may be.
    shared: bool = False
    reserved: bool = False
    # GPUs that the call has to itself, where it has several.
    holds: tuple[str, ...] = ()


@dataclass
class _Place:
    """A GPU, or the cores where there is none.

    Attributes:
        room: workers that it takes.
        alone: calls that did not fit beside others, to be done by themselves.
    """

    room: int
    alone: deque[Call] = field(default_factory=deque)


class LocalEngine:
    """A pool of worker processes on this machine; each starts when a call first needs it.

    Use as a context manager; leaving it ends the workers at once.

    Args:
        options: how many, where, and with how many threads of the numerical libraries.
        memory: `module:function` that says in a worker what its last call held, as `bench.engines.devices.memory`.
    """

    def __init__(self, options: LocalOptions, memory: str = MEMORY) -> None:
        self._options = options
        self._memory = memory
        on_cores = options.places() == [CPU]
        self._context = fork_server.context(options.threads) if on_cores else multiprocessing.get_context("spawn")
        self._workers: list[_Worker] = []
        self._queue: deque[Call] = deque()
        places, slots = options.places(), options.count_slots()
        self._places = {place: _Place(slots // len(places)) for place in places}
        for place in places[: slots % len(places)]:
            self._places[place].room += 1
        self._packs = places != [CPU] and options.workers == options.workers_per_gpu == "auto"
        self._peak = 0
        self._repeated: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.process.kill()  # all before any is waited for, which an impatient user may break off
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def resources(self) -> Resources:
        """A slot for each worker, started or not."""
        return Resources(sum(place.room for place in self._places.values()))

    def submit(self, call: Call) -> None:
        """Start a call on an idle worker, where one is free; it waits while its GPU is another's alone."""
        self._queue.append(call)
        self._start_calls()

    def cancel(self) -> None:
        """Kill the workers that are at a call, and drop what waits."""
        self._queue.clear()
        for place in self._places.values():
            place.alone.clear()
        for worker in [worker for worker in self._workers if worker.call]:
            self._workers.remove(worker)
            self._end(worker)

    def stop(self, seconds: float) -> None:
        """Send SIGTERM to the workers that are at a call, and wait for them so long."""
        self._queue.clear()
        end = time.monotonic() + seconds
        busy = [worker for worker in self._workers if worker.call]
        for worker in busy:
            assert worker.process.pid is not None
            os.kill(worker.process.pid, signal.SIGTERM)
        while busy and (left := end - time.monotonic()) > 0:
            for pipe in wait([worker.pipe for worker in busy], left):
                worker = next(each for each in busy if each.pipe is pipe)
                try:
                    event, _ = worker.pipe.recv()
                except (EOFError, OSError):
                    busy.remove(worker)
                    continue
                if event.kind != "progress":
                    busy.remove(worker)
        self.cancel()

    def events(self, timeout: float) -> Iterator[Event]:
        """What happened within `timeout` seconds; returns early as soon as something did."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe), timeout):
            worker = by_pipe[pipe]  # type: ignore[index]  # wait() returns the connections it was given
            try:
                event, memory = worker.pipe.recv()
            except (EOFError, OSError):
                yield from self._bury(worker)
                continue
            if event.kind != "progress":
                event = self._ended(worker, event, memory)
            yield event
        self._start_calls()

    def _ended(self, worker: _Worker, event: Event, memory: Memory | None) -> Event:
        """Free a worker; a call that lacked memory goes back once, to be alone, and reports that as its progress."""
        call, worker.call, worker.reserved = worker.call, None, False
        if worker.holds:
            self._workers.remove(worker)
            self._end(worker)
            return event
        if memory is not None and self._packs:
            self._peak = max(self._peak, memory.peak)
            fit = int(MARGIN * memory.total / self._peak)
            most = max(1, usable_cores() // len(self._places))
            for place in self._places.values():
                place.room = max(1, min(fit, most))
        if call is None or event.kind != "raised" or not any(word in event.value["error"] for word in _OUT_OF_MEMORY):
            self._repeated.discard(event.name)
            return event
        if worker.place == CPU:
            # What its earlier calls have left in it may be what was lacking.
            self._workers.remove(worker)
            self._end(worker)
        if self._repeat(worker, call, always=worker.place == CPU):
            beside = " beside others" if worker.shared else ""
            return Event(event.name, "progress", (0, 1, f"out of memory{beside}: again, alone"))
        return event

    def _repeat(self, worker: _Worker, call: Call, *, always: bool) -> bool:
        """Put a call back to be done once more, alone; False where it has been, or where it was alone already."""
        if call.name in self._repeated or not (always or worker.shared):
            self._repeated.discard(call.name)
            return False
        self._repeated.add(call.name)
        if worker.holds:
            self._queue.appendleft(call)
        else:
            self._places[worker.place].alone.append(call)
        return True

    def _start_calls(self) -> None:
        """Give waiting calls to free places, those that must be alone first."""
        for name, place in self._places.items():
            if place.alone and not self._busy(name):
                self._give(name, place.alone.popleft(), alone=True)
        while self._queue:
            processes = self._queue[0].processes
            if processes > 1 and list(self._places) != [CPU]:
                if not self._give_several(processes):
                    return
                continue
            free = {
                name: self._busy(name)
                for name, place in self._places.items()
                if (not (busy := self._busy(name)) or busy + processes <= place.room)
                and not place.alone
                and not self._is_reserved(name)
            }
            if not free:
                return
            self._give(min(free, key=free.__getitem__), self._queue.popleft())

    def _give_several(self, processes: int) -> bool:
        """Start the next call with GPUs to itself, once so many are idle; returns whether they are.

        Raises:
            StudyError: there never are so many.
        """
        if processes > len(self._places):
            raise StudyError(
                f"engine.ranks: {processes} processes share a pretraining, and there are {len(self._places)} GPUs for them: "
                "ask for fewer"
            )
        idle = [name for name, place in self._places.items() if not self._busy(name) and not place.alone]
        if len(idle) < processes:
            return False
        for each in [each for each in self._workers if each.place in idle[:processes]]:
            self._workers.remove(each)  # they may still hold memory of their last call
            self._end(each)
        worker = self._start(",".join(idle[:processes]))
        worker.holds = tuple(idle[:processes])
        worker.call = self._queue.popleft()
        worker.pipe.send(worker.call)
        return True

    def _busy(self, place: str) -> int:
        """Calls at a place, each for as many as it starts processes."""
        at = [worker for worker in self._workers if worker.call and (worker.place == place or place in worker.holds)]
        return sum(1 if worker.holds else worker.call.processes for worker in at if worker.call)

    def _is_reserved(self, place: str) -> bool:
        """Whether a call has the place for itself."""
        return any(
            worker.reserved or worker.holds
            for worker in self._workers
            if worker.place == place or place in worker.holds
        )

    def _give(self, place: str, call: Call, *, alone: bool = False) -> None:
        there = [worker for worker in self._workers if worker.place == place]
        worker = next((each for each in there if each.call is None), None) or self._start(place)
        others = [each for each in there if each.call is not None]
        worker.call, worker.reserved, worker.shared = call, alone, bool(others)
        for other in others:
            other.shared = True
        worker.pipe.send(call)

    def _start(self, place: str) -> _Worker:
        ours, theirs = self._context.Pipe()
        environment = dict(os.environ)
        if place != CPU or self._options.device == "cpu":
            environment[VISIBLE] = place
        arguments = (theirs, self._options.threads, self._memory, environment)
        for left in range(START_AGAIN, -1, -1):
            process = self._context.Process(target=serve, args=arguments, daemon=True)
            try:
                # A spawned one reads it as it starts, a forked one has that of long ago.
                with environment_of(environment), hidden_main():
                    process.start()
                break
            except (EOFError, ConnectionError):
                # The server died as it was asked; the next start has another.
                if not left:
                    raise
        theirs.close()
        worker = _Worker(process, ours, place)
        self._workers.append(worker)
        return worker

    def _bury(self, worker: _Worker) -> Iterator[Event]:
        self._workers.remove(worker)
        self._end(worker)
        code = worker.process.exitcode or 0
        how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        if worker.call is None:
            return
        if self._repeat(worker, worker.call, always=True):
            yield Event(worker.call.name, "progress", (0, 1, f"its process ended ({how}): again, alone"))
            return
        text = f"the worker process ended twice, the second time with no other beside it ({how}); out of memory is the usual cause"
        yield Event(worker.call.name, "raised", {"error": text, "traceback": "", "user": False})

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.process.kill()
        worker.process.join()
        worker.pipe.close()
