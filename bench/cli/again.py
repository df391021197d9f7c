"""The last lines of a run that did not end well: what failed, where its log is, and the command that goes on."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.store.store import Store
    from bench.studies.runner import Outcome


def command_line() -> str:
    """The command that runs, as a shell takes it."""
    as_module = Path(sys.argv[0]).name == "__main__.py"
    return shlex.join([*(["python", "-m", "bench"] if as_module else ["bench"]), *sys.argv[1:]])


def say_failures(outcome: "Outcome", store: "Store") -> None:
    """Say on stderr what failed and why, each with its log, and how to try again."""
    from rich.console import Console

    from bench.api.progress import log_of

    console = Console(stderr=True)
    for job, text in outcome.failures:
        log = log_of(store, job)
        where = f" (log: {log})" if log.is_file() else ""
        line = f"failed: {job.label}: {text}{where}"
        console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
    diverged = any(store.diverged(job.key) is not None for job, _ in outcome.failures)
    retried = "--retry-failed" in sys.argv or not diverged or sys.argv[1:2] == ["tune"]
    line = f"try again: {command_line()}{'' if retried else ' --retry-failed'}"
    console.print(line, markup=False, highlight=False, soft_wrap=True)
