"""Drawing many pictures side by side in processes: each follows from its own seed, so their order does not matter."""

from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool

from bench.core import processes
from bench.core.cores import usable_cores
from bench.core.errors import DataError

MOST_WORKERS = 8

Draw = Callable[[], object]


def draw_all(draws: Sequence[Draw]) -> None:
    """Call every function, as many at a time as there are cores; put long ones first.

    Args:
        draws: functions that write files; they and their arguments are pickled.

    Raises:
        DataError: a process died.
    """
    try:
        processes.do_all(_drawer, draws, min(usable_cores(), MOST_WORKERS))
    except BrokenProcessPool:
        raise DataError(
            "a process that drew the demo died, perhaps for lack of memory: close other programs and run it again"
        ) from None


def _drawer() -> Callable[[Draw, processes.Advance], None]:
    return _draw


def _draw(draw: Draw, advance: processes.Advance) -> None:
    draw()
    advance(1)
