"""Starting the process that workers of the local engine are forked from, which `preload` lets import what calls need.

There is one at most, and it cannot take other modules or threads later (docs/decisions/097).
"""

import multiprocessing
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerContext, SpawnContext

from bench.engines.devices import VISIBLE
from bench.engines.worker import environment_of, thread_variables

# Tells `bench.engines.preload` what to import.
MODULES = "GEOKR_BENCH_PRELOAD"


class _Server:
    """The threads of the libraries of the one that runs; None where none does."""

    threads: int | None = None


def start(modules: Sequence[str], threads: int) -> None:
    """Start it, on Linux and where it does not run yet.

    Args:
        modules: to be imported there.
        threads: of the numerical libraries, in it and its workers.
    """
    if sys.platform != "linux" or _Server.threads is not None:
        return
    _Server.threads = threads
    multiprocessing.get_context("forkserver").set_forkserver_preload(["bench.engines.preload"])
    told = {MODULES: " ".join(modules), VISIBLE: "", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
    with environment_of(thread_variables(threads) | told), _deaf_to_ctrl_c():
        forkserver.ensure_running()


def context(threads: int) -> ForkServerContext | SpawnContext:
    """What workers with so many threads are started by: the server where it has as many, else each imports for itself."""
    if _Server.threads == threads:
        return multiprocessing.get_context("forkserver")
    return multiprocessing.get_context("spawn")


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let a process that is started meanwhile hear no Ctrl-C until it has said that it ignores it; this one hears it later.

    Else it would die of it while it imports, with a traceback on the user's screen (`bench.engines.preload`).
    """
    resource_tracker.ensure_running()  # which lifts the mask, where it has to be started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
