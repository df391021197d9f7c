"""The same work on many pieces, side by side in processes: the scenes of a corpus, the pictures of the demo.

Processes are spawned, as GDAL and torch do not survive a fork. Ctrl-C is the main process' business: the others drop the
piece in hand when it tells them to, or end with it when it is killed.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

T_contra = TypeVar("T_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
R = TypeVar("R")

# Seconds between two looks at how far the others are.
LOOK = 0.2
# Seconds after an interruption in which a piece may end by itself, and clear up what it has written.
GRACE = 1.0

# Told how many steps of a piece are done since it was last told.
Advance = Callable[[int], None]


class Work(Protocol[T_contra, R_co]):
    """What is done to one piece."""

    def __call__(self, piece: T_contra, advance: Advance, /) -> R_co:
        """Do it; in another process `advance` is also where an interruption ends it."""
        ...


@contextmanager
def hidden_main() -> Iterator[None]:
    """Start processes that do not import the program which starts them: ours get all that they do by name.

    The standard library lets each new process run the program's file again, for what may have been defined there. So a
    script without `if __name__ == "__main__":` would start itself for ever, and is refused as its workers start.
    """
    main = vars(sys.modules["__main__"])
    kept: dict[str, Any] = {name: main[name] for name in ("__file__", "__spec__") if name in main}
    main.pop("__file__", None)
    main["__spec__"] = None
    try:
        yield
    finally:
        del main["__spec__"]
        main.update(kept)


def do_all(
    start: Callable[[], Work[T, R]],
    pieces: Sequence[T],
    workers: int,
    progress: Callable[[int], None] | None = None,
) -> list[R]:
    """Do the same to every piece.

    Args:
        start: called once in each process, for the handles that it keeps open; gives what is done to a piece. It is
            pickled, as are pieces and results.
        pieces: put large ones first, so that none is left alone at the end.
        workers: processes; with one, or one piece, the work is done in this process.
        progress: called with the steps done in all.

    Returns:
        The results in the order of the pieces.

    Raises:
        concurrent.futures.process.BrokenProcessPool: a process died, as for lack of memory.
    """
    if workers <= 1 or len(pieces) <= 1:
        return _do_here(start, pieces, progress)
    context = multiprocessing.get_context("spawn")
    # No event tells the others to stop: setting one waits for all that wait for it, a process that died among them.
    counter, stop = context.Value("q", 0), context.RawValue("b", 0)
    with ProcessPoolExecutor(min(workers, len(pieces)), context, _begin, (start, counter, stop)) as pool:
        with hidden_main():
            futures: list[Future[R]] = [pool.submit(_do, piece) for piece in pieces]
        try:
            pending = set(futures)
            while pending:
                done, pending = wait(pending, timeout=LOOK, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()  # a failure ends the rest now, not after them
                if progress:
                    progress(counter.value)
        except BaseException:
            stop.value = 1
            pool.shutdown(cancel_futures=True)  # waits for the pieces in hand: the caller may remove their folder
            raise
        return [future.result() for future in futures]


def _do_here(start: Callable[[], Work[T, R]], pieces: Sequence[T], progress: Callable[[int], None] | None) -> list[R]:
    done = 0

    def advance(steps: int) -> None:
        nonlocal done
        done += steps
        if progress:
            progress(done)

    work = start() if pieces else None
    return [work(piece, advance) for piece in pieces] if work else []


class _Stopped(BaseException):
    """The main process was interrupted; the piece in hand is dropped."""


_process: dict[str, Any] = {}


def _begin(start: Callable[[], Work[Any, Any]], counter: Any, stop: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    threading.Thread(target=_end_when_told, args=(stop,), daemon=True).start()
    _process.update(work=start(), counter=counter, stop=stop)


def end_with_parent() -> None:
    """End this process as soon as the one that started it is gone, whatever it is at: nobody waits for its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _end_when_told(stop: Any) -> None:
    """End this process soon after an interruption, for a piece that reports no progress."""
    while not stop.value:
        time.sleep(LOOK)
    time.sleep(GRACE)
    os._exit(1)


def _do(piece: Any) -> Any:
    def advance(steps: int) -> None:
        with _process["counter"].get_lock():
            _process["counter"].value += steps
        if _process["stop"].value:
            raise _Stopped

    return _process["work"](piece, advance)
