"""Cutting all scenes of a plan, in this process or in several."""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from bench.core.context import Count
from bench.core.errors import CorpusError
from bench.corpus.build.cutting import ENTRY, Strip, cut_strip
from bench.corpus.build.plan import BuildPlan


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
    if progress:
        progress(done, plan.total)
    if workers <= 1 or len(todo) <= 1:
        return _cut_here(plan, todo, work, done, progress)
    return _cut_in_processes(plan, todo, work, min(workers, len(todo)), done, progress)


def _cut_here(plan: BuildPlan, todo: list[Strip], work: Path, done: int, progress: Count | None) -> dict[str, str]:
    def advance(windows: int) -> None:
        nonlocal done
        done += windows
        if progress:
            progress(done, plan.total)

    cover = plan.open_landcover()
    failed = {}
    for strip in todo:
        if strip.scene.name in failed:
            continue
        try:
            cut_strip(strip, cover, plan.cut, work / plan.key(strip), advance)
        except CorpusError as error:
            failed[strip.scene.name] = str(error)
    if cover is not None:
        cover.close()
    return failed


def _cut_in_processes(
    plan: BuildPlan, todo: list[Strip], work: Path, workers: int, done: int, progress: Count | None
) -> dict[str, str]:
    """Cut strips in spawned processes, the largest first, so that none is left alone at the end."""
    context = multiprocessing.get_context("spawn")
    counter, stop = context.Value("q", 0), context.Event()
    failed: dict[str, str] = {}
    with ProcessPoolExecutor(workers, context, _start, (plan, counter, stop)) as pool:
        largest_first = sorted(todo, key=lambda strip: -len(strip.windows))
        pending: dict[Future[str | None], Strip] = {
            pool.submit(_cut_in_worker, strip, work / plan.key(strip)): strip for strip in largest_first
        }
        try:
            while pending:
                for future in wait(pending, timeout=0.2, return_when=FIRST_COMPLETED).done:
                    name = pending.pop(future).scene.name
                    problem = future.result()
                    if problem is not None:
                        failed.setdefault(name, problem)
                if progress:
                    progress(done + counter.value, plan.total)
        except BrokenProcessPool:
            raise CorpusError(
                "a process that cut scenes died, perhaps for lack of memory: run it again with fewer --workers; "
                "what is done is kept"
            ) from None
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return dict(sorted(failed.items()))


class _Stopped(BaseException):
    """The main process was interrupted; the strip in hand is dropped."""


_process: dict[str, Any] = {}


def _start(plan: BuildPlan, counter: Any, stop: Any) -> None:
    """Give a process its plan and its own handles of the land cover, once; Ctrl-C is the main process' business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _process.update(plan=plan, counter=counter, stop=stop, cover=plan.open_landcover())


def _end_with_parent() -> None:
    """End this process when the main one is gone: a killed main process would leave it waiting for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _cut_in_worker(strip: Strip, part: Path) -> str | None:
    plan: BuildPlan = _process["plan"]
    counter = _process["counter"]

    def advance(windows: int) -> None:
        with counter.get_lock():
            counter.value += windows
        if _process["stop"].is_set():
            raise _Stopped

    try:
        cut_strip(strip, _process["cover"], plan.cut, part, advance)
    except CorpusError as error:
        return str(error)
    return None
