"""The view of a run: a bar over all jobs and one for each that runs; plain lines where there is no terminal."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from bench.cli.again import log_of
from bench.cli.loudness import draws_bars
from bench.core.stopping import Terminated
from bench.store.store import Store
from bench.studies.runner import Job


class RunProgress:
    """Shows a run on a console; use as a context manager.

    Args:
        console: where to.
        total: jobs in all.
        store: whose logs the lines of `verbose`, and of jobs that were broken off, name; None names none.
        verbose: say when a job begins too, and where its log is.
    """

    def __init__(self, console: Console, total: int, store: Store | None = None, *, verbose: bool = False) -> None:
        self._console = console
        self._store = store
        self._verbose = verbose
        self._under_way: dict[str, Job] = {}
        self._total = total
        self._finished = 0
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}"),
            console=console,
            disable=not draws_bars(console),
        )
        self._all = self._progress.add_task("all jobs", total=total, text="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt | Terminated):
            for job in self._under_way.values():
                self._say(f"broken off: {job.label}{self._log_of(job)}")

    def begin(self, job: Job) -> None:
        """Show a bar for a job."""
        self._under_way[job.key] = job
        if self._verbose:
            self._say(f"begun: {job.label}{self._log_of(job)}")
        if job.key not in self._bars:
            self._bars[job.key] = self._progress.add_task(f"  {job.label}", total=None, text="")

    def advance(self, job: Job, done: int, total: int, text: str) -> None:
        """Move a job's bar."""
        self._progress.update(self._bars[job.key], completed=done, total=total, text=text)

    def wait(self, job: Job, holder: str) -> None:
        """Say who works at a job that this run waits for."""
        self._say(f"waiting for {job.label}: it is at {holder}")

    def end(self, job: Job, error: str | None) -> None:
        """Take a job's bar away; say it in a line where there are no bars, and always when it failed."""
        self._finished += 1
        self._under_way.pop(job.key, None)
        bar = self._bars.pop(job.key, None)
        if bar is not None:
            self._progress.remove_task(bar)
        self._progress.update(self._all, completed=self._finished)
        if error is not None:
            self._console.print(f"failed: {job.label}: {error}", style="red", markup=False, highlight=False)
        elif self._verbose or not draws_bars(self._console):
            log = self._log_of(job) if self._verbose else ""
            self._say(f"[{self._finished}/{self._total}] {job.label}{log}")

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _log_of(self, job: Job) -> str:
        return f" (log: {log_of(self._store, job)})" if self._store else ""
