"""Cutting all scenes of a plan, in this process or in several."""

from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path

from bench.core import processes
from bench.core.context import Count
from bench.core.errors import CorpusError
from bench.corpus.build.cutting import ENTRY, Strip, cut_strip
from bench.corpus.build.plan import BuildPlan

# A scene that cannot be used, and why; None for a strip that was cut.
Problem = tuple[str, str] | None


def cut_all(plan: BuildPlan, work: Path, workers: int, progress: Count | None) -> dict[str, str]:
    """Cut all strips that have no finished part yet.

    Args:
        plan: the build.
        work: folder of the parts.
        workers: processes; 1 works in this one.
        progress: called with windows done and in all.

    Returns:
        What went wrong, by scene; the other scenes are done all the same.

    Raises:
        CorpusError: a worker process died.
    """
    todo = [strip for strip in plan.strips if not (work / plan.key(strip) / ENTRY).is_file()]
    done = plan.total - sum(len(strip.windows) for strip in todo)

    def tell(windows: int) -> None:
        if progress:
            progress(done + windows, plan.total)

    tell(0)
    largest_first = sorted(todo, key=lambda strip: -len(strip.windows))
    try:
        problems = processes.do_all(partial(_cutter, plan, work), largest_first, workers, tell)
    except BrokenProcessPool:
        raise CorpusError(
            "a process that cut scenes died, perhaps for lack of memory: run it again with fewer --workers; "
            "what is done is kept"
        ) from None
    failed: dict[str, str] = {}
    for name, problem in filter(None, problems):
        failed.setdefault(name, problem)
    return dict(sorted(failed.items()))


def _cutter(plan: BuildPlan, work: Path) -> Callable[[Strip, processes.Advance], Problem]:
    """What cuts strips, with handles of the land cover that are this process' own."""
    cover, failed = plan.open_landcover(), set[str]()

    def cut(strip: Strip, advance: processes.Advance) -> Problem:
        if strip.scene.name in failed:  # its other strips fail alike
            return None
        try:
            cut_strip(strip, cover, plan.cut, work / plan.key(strip), advance)
        except CorpusError as error:
            failed.add(strip.scene.name)
            return strip.scene.name, str(error)
        return None

    return cut
