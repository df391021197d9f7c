"""Imported by the process that workers are forked from: all that calls will need, once a machine in place of once a worker.

That process must never touch a GPU and must have one thread, since neither survives a fork. Libraries start threads of
their own where they may, so their number is set before this runs.
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import os
import signal
import sys
from pathlib import Path

from bench.engines.fork_server import MODULES


def threads() -> int:
    """How many this process has, libraries' own included; 0 where nobody says."""
    tasks = Path("/proc/self/task")
    return sum(1 for _ in tasks.iterdir()) if tasks.is_dir() else 0


def _load() -> None:
    # What fails here fails again where it is used, and is told there; what is printed here is of no call.
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        for name in os.environ.get(MODULES, "").split():
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    # Shared with the workers for good: their collectors need not look through it.
    gc.collect()
    gc.freeze()


def _end_with_parent() -> None:
    """Let the system kill this process with the run that started it, which may die while modules are imported here.

    A thread that waits for it would not survive the forks.
    """
    set_death_signal = 1
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


_end_with_parent()
# Ctrl-C and the end of a terminal reach this process too, and are not its business.
signal.signal(signal.SIGINT, signal.SIG_IGN)
# It was held back until here; workers, which need it, are forked with this mask.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
signal.signal(signal.SIGHUP, signal.SIG_IGN)
# Libraries that are taken down one by one complain of each other on the user's screen.
atexit.register(os._exit, 0)
_load()
# Of the process that workers are forked from.
THREADS = threads()
