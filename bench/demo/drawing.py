"""Drawing many pictures side by side in processes: each follows from its own seed, so their order does not matter."""

from collections.abc import Callable, Sequence

from joblib import Parallel, cpu_count, delayed

MOST_WORKERS = 8


def draw_all(draws: Sequence[Callable[[], object]]) -> None:
    """Call every function, as many at a time as there are cores; put long ones first.

    Args:
        draws: functions that write files; they and their arguments are pickled.
    """
    workers = max(1, min(cpu_count(), len(draws), MOST_WORKERS))
    Parallel(n_jobs=workers)(delayed(draw)() for draw in draws)
