"""Running a plan on an engine: pretrainings first, each cell as soon as its weights exist, nothing twice."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import methods
import tasks
from bench import backbones, engines
from bench.core.errors import StoreError
from bench.core.registry import Spec
from bench.core.stopping import Terminated, terminable
from bench.engines.engine import Call, Engine, EngineOptions, Event
from bench.store.store import Store
from bench.studies.jobs import Answer, Cell, PretrainJob
from bench.studies.plan import Plan

# Seconds between two looks at a job that another runner holds.
PATIENCE = 2.0
# Seconds in which jobs may end by themselves when the run is told to stop: service managers and machines that shut down
# leave ten for all, and a checkpoint is never older than half a minute.
GRACE = 5.0

Job = PretrainJob | Cell


def as_sent(job: Job) -> dict[str, Any]:
    """A job as plain values; what a protocol's file leaves out stays out, for its sources speak of the rest alone."""
    return job.model_dump(mode="json", exclude_unset=True)


def processes_of(job: Job, ranks: int) -> int:
    """How many processes do a job, where a pretraining is shared by so many: one where its method cannot be shared."""
    return ranks if isinstance(job, PretrainJob) and methods.get(job.method).parallel else 1


def modules_of(jobs: Sequence[Job]) -> list[str]:
    """What the workers of some jobs import, for an engine that can do so beforehand."""
    specs: list[Spec] = []
    for job in jobs:
        if isinstance(job, PretrainJob):
            specs += [methods.get(job.method), backbones.get(job.backbone)]
        else:
            task = tasks.get(job.protocol.task)
            specs += [task, backbones.get(job.pretrain.backbone)]
            specs += [task.head_of(job.protocol).spec] if task.head else []
    found = ["bench.studies.work", *(spec.factory.partition(":")[0] for spec in specs)]
    return list(dict.fromkeys(found))


class Watcher(Protocol):
    """Who is told how a run goes."""

    def begin(self, job: Job) -> None:
        """A job starts."""

    def advance(self, job: Job, done: int, total: int, text: str) -> None:
        """A job moves on."""

    def wait(self, job: Job, holder: str) -> None:
        """A job is at another runner, which is named; told once."""

    def end(self, job: Job, error: str | None) -> None:
        """A job is done, or failed."""


@dataclass
class Outcome:
    """How a run ended: failures by job, with the line to show and the file that says more."""

    failures: list[tuple[Job, str]] = field(default_factory=list)


def execute(
    plan: Plan,
    store: Store,
    options: EngineOptions,
    view: Watcher,
    predictions: int = 0,
    *,
    retry_failed: bool = False,
    tensorboard: Path | None = None,
) -> Outcome:
    """Run everything in the plan that is not done, with predictions of `predictions` test samples a cell.

    What diverged in an earlier run is left alone unless `retry_failed`. Curves of trainings go to `tensorboard`.

    Raises:
        StoreError: no job can go on, as on a full disk; what is finished is kept.

    An interruption (KeyboardInterrupt) leaves the engine, which cancels what is under way; the next run resumes it. On
    SIGTERM or SIGHUP, pretrainings keep where they are first, and `Terminated` is raised.
    """
    cells = plan.open_cells(store, retry_failed=retry_failed)
    pretrains = plan.open_pretrains(store, retry_failed=retry_failed)
    with terminable(), engines.get(options.kind).open(options) as engine:
        try:
            return _Run(engine, store, options, view, predictions, tensorboard).go(pretrains, cells)
        except Terminated:
            engine.stop(GRACE)
            raise


class _Run:
    def __init__(
        self,
        engine: Engine,
        store: Store,
        options: EngineOptions,
        view: Watcher,
        predictions: int,
        tensorboard: Path | None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._options = options
        self._view = view
        self._predictions = predictions
        self._tensorboard = tensorboard
        self._running: dict[str, Job] = {}
        self._ready: deque[Job] = deque()
        self._held: list[tuple[float, Job]] = []
        self._told: set[str] = set()
        self._waiting: list[Cell] = []
        self._outcome = Outcome()

    def go(self, pretrains: list[PretrainJob], cells: list[Cell]) -> Outcome:
        # Long jobs go first, so that the last worker is not left alone with one.
        self._ready.extend(job for job in pretrains if job.takes_time)
        self._ready.extend(job for job in pretrains if not job.takes_time)
        open_keys = {job.key for job in pretrains}
        self._waiting = [cell for cell in cells if cell.pretrain.key in open_keys]
        self._ready.extend(cell for cell in cells if cell.pretrain.key not in open_keys)
        while self._ready or self._running or self._held:
            self._resume_held()
            while self._ready and len(self._running) < self._engine.resources().slots:
                self._submit(self._ready.popleft())
            for event in self._engine.events(timeout=PATIENCE):
                self._handle(event)
        return self._outcome

    def _submit(self, job: Job) -> None:
        kind, payload = ("pretrain", "job") if isinstance(job, PretrainJob) else ("fine_tune", "cell")
        arguments: dict[str, Any] = {
            payload: as_sent(job),
            "store": str(self._store.root.resolve()),  # a worker may run elsewhere on a shared file system
            # A worker that was given one of several GPUs sees that one alone.
            "device": self._options.device.partition(":")[0],
            "threads": self._options.threads,
        }
        if self._tensorboard is not None:
            arguments["tensorboard"] = str(self._tensorboard.resolve())
        processes = processes_of(job, self._options.ranks)
        if isinstance(job, Cell):
            arguments["predictions"] = self._predictions
        else:
            arguments["processes"] = processes
        log = str(self._store.job(job.key).resolve() / "log.txt")
        self._running[job.key] = job
        self._view.begin(job)
        self._engine.submit(Call(job.key, f"bench.studies.work:{kind}", arguments, log, processes))

    def _handle(self, event: Event) -> None:
        job = self._running[event.name]
        if event.kind == "progress":
            self._view.advance(job, *event.value)
            return
        del self._running[event.name]
        if event.kind == "raised" and event.value.get("halts"):
            raise StoreError(event.value["error"])  # the others would fail one by one, and there is no place to say so
        if event.kind == "raised":
            self._fail(job, event.value)
        elif event.value == Answer.BUSY:
            self._held.append((time.monotonic() + PATIENCE, job))
            self._tell(job)
        else:
            self._view.end(job, None)
            self._release(job)

    def _tell(self, job: Job) -> None:
        holder = self._store.holder(job.key)
        if holder is not None and job.key not in self._told:
            self._told.add(job.key)
            self._view.wait(job, str(holder))

    def _resume_held(self) -> None:
        now = time.monotonic()
        self._ready.extend(job for due, job in self._held if due <= now)
        self._held = [(due, job) for due, job in self._held if due > now]
        if self._held and not self._running and not self._ready:
            time.sleep(PATIENCE)

    def _release(self, job: Job) -> None:
        self._ready.extend(cell for cell in self._waiting if cell.pretrain.key == job.key)
        self._waiting = [cell for cell in self._waiting if cell.pretrain.key != job.key]

    def _fail(self, job: Job, failure: dict[str, Any]) -> None:
        path = self._store.write_failure(job.key, {"job": as_sent(job), **failure})
        self._view.end(job, failure["error"])
        self._outcome.failures.append((job, f"{failure['error']} (see {path})"))
        for cell in [cell for cell in self._waiting if cell.pretrain.key == job.key]:
            self._waiting.remove(cell)
            self._fail(cell, {"error": f"its pretraining failed: {failure['error']}", "traceback": "", "user": False})
