"""Being told to stop: by a scheduler, by a terminal that closes, or by Ctrl-C.

A scheduler sends SIGTERM some time before it ends a process, a terminal that closes SIGHUP. The process that runs a study
passes both on to its workers, and `bench run` leaves with code 0: what is finished is kept, and the same command goes on.
Commands that are more than a run, such as a check of a board, fail. A worker's training looks at `asked` after each step,
and stops where it can be taken up again. Ctrl-C ends the workers at once.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from bench.core.errors import BenchError
from bench.core.terminals import leave

HANGUP: int | None = getattr(signal, "SIGHUP", None)  # Windows has none
# Seconds after Ctrl-C in which another says no more than the first, which is being heeded.
SAME_WORD = 5.0
# Seconds after which an interruption that could not be raised comes again.
AGAIN = 0.05


class Terminated(BaseException):
    """This process was told to stop, and is to tidy up; no `Exception`, so that nothing takes it for a failure."""


class StoppedError(BenchError):
    """A training was told to stop, and has kept where it is."""


class _Word:
    """Whether this process was told."""

    asked = False


@contextmanager
def terminable() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into `Terminated` while something runs that has more to do than to die.

    A SIGHUP that is ignored stays so, for `nohup` asks for that.
    """
    terminals = [number for number in (1, 2) if os.isatty(number)]

    def stop(number: int, _frame: FrameType | None) -> None:
        if number == HANGUP:
            leave(terminals)
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # which alone may listen to signals
        yield
        return
    before: dict[int, Any] = {signal.SIGTERM: signal.signal(signal.SIGTERM, stop)}
    if HANGUP is not None and signal.getsignal(HANGUP) is signal.SIG_DFL:
        before[HANGUP] = signal.signal(HANGUP, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Take Ctrl-C for one, however often it is pressed: a second would break off what heeds the first.

    After `SAME_WORD` seconds another counts again, should the first have come to nothing. A process that is deaf to
    Ctrl-C, as a shell's job in the background, stays so.

    An interruption that falls where Python can raise nothing (a weak reference's callback, a library of another language
    that calls back) would be printed and forgotten, and the library left half made: it comes again a moment later.
    """
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    heard = -SAME_WORD

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        now = time.monotonic()
        if now - heard >= SAME_WORD:
            heard = now
            signal.default_int_handler(number, frame)

    def unheard(lost: "sys.UnraisableHookArgs") -> None:
        nonlocal heard
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            hook(lost)
            return
        heard = -SAME_WORD
        again = threading.Timer(AGAIN, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()

    hook, sys.unraisablehook = sys.unraisablehook, unheard
    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        sys.unraisablehook = hook
        # Where it was heard, the process takes itself down, and a key that is still pressed would kill it at that.
        signal.signal(signal.SIGINT, signal.default_int_handler if heard < 0 else signal.SIG_IGN)


def listen() -> None:
    """Let SIGTERM ask this process to stop, in place of ending it; a terminal that closes is its parent's business."""

    def note(_number: int, _frame: FrameType | None) -> None:
        _Word.asked = True

    signal.signal(signal.SIGTERM, note)
    if HANGUP is not None:
        signal.signal(HANGUP, signal.SIG_IGN)


def ask() -> None:
    """Ask this process to stop, as a signal would."""
    _Word.asked = True


def asked() -> bool:
    """Whether this process was asked to stop."""
    return _Word.asked
