"""Being told to stop: a scheduler sends SIGTERM some time before it ends a process.

The process that runs a study passes it on to its workers, and `bench run` leaves with code 0: what is finished is kept,
and the same command goes on. Commands that are more than a run, such as a check of a board, fail. A worker's training looks at `asked` after each step, and stops where it can be taken up again.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bench.core.errors import BenchError


class Terminated(BaseException):
    """This process was told to stop, and is to tidy up; no `Exception`, so that nothing takes it for a failure."""


class StoppedError(BenchError):
    """A training was told to stop, and has kept where it is."""


class _Word:
    """Whether this process was told."""

    asked = False


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM into `Terminated` while something runs that has more to do than to die."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # which alone may listen to signals
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def listen() -> None:
    """Let SIGTERM ask this process to stop, in place of ending it."""

    def note(_number: int, _frame: FrameType | None) -> None:
        _Word.asked = True

    signal.signal(signal.SIGTERM, note)


def ask() -> None:
    """Ask this process to stop, as a signal would."""
    _Word.asked = True


def asked() -> bool:
    """Whether this process was asked to stop."""
    return _Word.asked
