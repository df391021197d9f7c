"""The view of a run: a bar over all jobs and one for each that runs; a line in a notebook, plain lines elsewhere."""

import html
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

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

from bench.core.stopping import Terminated
from bench.store.store import Store
from bench.studies.runner import Job, Watcher

# Seconds between two changes of a notebook's line.
_EVERY = 0.25


def draws_bars(console: Console) -> bool:
    """Whether a bar may move on a console: a terminal, and no file that FORCE_COLOR calls one."""
    return console.is_terminal and not console.quiet and console.file.isatty()


def log_of(store: Store, job: Job) -> Path:
    """The file that takes what a job prints."""
    return store.job(job.key) / "log.txt"


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


def watching(console: Console, total: int, store: Store, *, shown: bool = True) -> AbstractContextManager[Watcher]:
    """Who shows a run of so many jobs: nobody, a notebook's line, or a terminal's bars."""
    if not shown:
        return RunProgress(Console(quiet=True), total)
    return NotebookProgress(total) if console.is_jupyter else RunProgress(console, total, store)


class NotebookProgress:
    """Shows a run in the output of a notebook's cell: one line that changes, and a line for each job that failed.

    It needs no widgets, which not every front end has. What stays when it is done says nothing of times, so that a
    notebook which is run again has the same output.

    Args:
        total: jobs in all.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._finished = 0
        self._failed: list[str] = []
        self._running: dict[str, str] = {}
        self._waits: dict[str, str] = {}
        self._begun = self._shown = time.monotonic()
        # A notebook's process has imported it, and no other is asked for it.
        self._show: Any = sys.modules["IPython"].display.display
        self._handle: Any = None

    def __enter__(self) -> Self:
        self._handle = self._show(self._view(), raw=True, display_id=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.clear()
        self._waits.clear()
        self._handle.update(self._view(ended=True), raw=True)

    def begin(self, job: Job) -> None:
        """Name a job that runs."""
        self._running[job.key] = job.label
        self._waits.pop(job.key, None)
        self._update()

    def advance(self, job: Job, done: int, total: int, text: str) -> None:
        """Say how far a job is."""
        far = f" {100 * done / total:.0f}%" if total else ""
        self._running[job.key] = f"{job.label}{far}{f' ({text})' if text else ''}"
        self._update()

    def wait(self, job: Job, holder: str) -> None:
        """Say who works at a job that this run waits for."""
        self._waits[job.key] = f"waiting for {job.label}: it is at {holder}"
        self._update()

    def end(self, job: Job, error: str | None) -> None:
        """Count a job, and keep in view that it failed."""
        self._finished += 1
        self._running.pop(job.key, None)
        self._waits.pop(job.key, None)
        if error is not None:
            self._failed.append(f"failed: {job.label}: {error}")
        self._update()

    def _update(self) -> None:
        # Each change is a message to the front end.
        if time.monotonic() - self._shown > _EVERY:
            self._shown = time.monotonic()
            self._handle.update(self._view(), raw=True)

    def _view(self, *, ended: bool = False) -> dict[str, str]:
        """The line as HTML and as text."""
        lines = [f"{self._finished} of {self._total} jobs done{'' if ended else self._left()}"]
        lines += [*self._running.values(), *self._waits.values(), *self._failed]
        bar = f'<progress value="{self._finished}" max="{self._total}"></progress> '
        rest = "".join(f"<br><small>{html.escape(line)}</small>" for line in lines[1:])
        shown = f"{'' if ended else bar}{html.escape(lines[0])}{rest}"
        return {"text/plain": "\n".join(lines), "text/html": f"<div>{shown}</div>"}

    def _left(self) -> str:
        """Minutes that are left, at the pace so far."""
        if not self._finished:
            return ""
        seconds = (time.monotonic() - self._begun) * (self._total - self._finished) / self._finished
        return f", about {seconds / 60:.0f} min left" if seconds >= 60 else f", about {seconds:.0f} s left"
