"""Building a corpus from images: some at a time they become parts, and the parts are put together.

As with scenes (`bench.corpus.build.pipeline`) the work folder lies hidden beside the corpus, a part is complete or
absent, and the order of the corpus is that of the images' names, whatever the number of processes.
"""

import shutil
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from typing import Unpack

from bench.core import processes
from bench.core.bands import RGB
from bench.core.context import Count
from bench.core.errors import CorpusError
from bench.corpus.build.assembly import write_corpus
from bench.corpus.build.cutting import ENTRY
from bench.corpus.build.pipeline import build_beside
from bench.corpus.images.cutting import Chunk, cut_chunk, read_part
from bench.corpus.images.plan import ImagePlan, ImageRequest, make_plan
from bench.corpus.storage.manifest import MANIFEST, ImagesEntry, read_manifest
from bench.corpus.storage.reader import Corpus


def build_from_images(
    images: Path,
    out: Path,
    *,
    skip_bad: bool = False,
    workers: int = 1,
    progress: Count | None = None,
    **asked: Unpack[ImageRequest],
) -> Corpus:
    """Build a corpus from plain images, or open it where the same request was already carried out.

    Args:
        images: folder or zip archive of JPEG, PNG and TIFF files.
        out: folder of the corpus; it is complete or absent.
        skip_bad: go on without the images that cannot be used, and count them, instead of failing.
        workers: processes; 1 works in this one.
        progress: called with images done and in all.
        asked: see `bench.corpus.images.plan.ImageRequest`.

    Raises:
        CorpusError: an input or an option cannot be used. What was already cut is kept for the next attempt.
    """
    plan = make_plan(images, **asked)
    done = _already_there(out, plan, skip_bad=skip_bad)
    if done is not None:
        return done
    return build_beside(out, lambda work: _work(plan, work, out, workers, progress, skip_bad=skip_bad))


def _work(plan: ImagePlan, work: Path, out: Path, workers: int, progress: Count | None, *, skip_bad: bool) -> None:
    todo = [chunk for chunk in plan.chunks if not (work / plan.key(chunk) / ENTRY).is_file()]
    done = plan.total - sum(len(chunk.images) for chunk in todo)

    def tell(images: int) -> None:
        if progress:
            progress(done + images, plan.total)

    tell(0)
    start = partial(_cutter, plan, work, skip_bad=skip_bad)
    try:
        problems = processes.do_all(start, sorted(todo, key=lambda chunk: -len(chunk.images)), workers, tell)
    except BrokenProcessPool:
        raise CorpusError(
            "a process that cut images died, perhaps for lack of memory: run it again with fewer --workers; what is done "
            "is kept"
        ) from None
    failed = list(filter(None, problems))
    finished = [work / plan.key(chunk) for chunk in plan.chunks]
    parts = [] if failed else [read_part(part) for part in finished]
    skipped = {name: why for part in parts for name, why in part.skipped.items()}
    if not skip_bad:
        failed += skipped.values()
    if failed:
        raise CorpusError(f"{min(failed)}; the other images are cut and kept, and --skip-bad goes on without such ones")
    for torn in out.parent.glob(f".{out.name}.*.part"):  # of an attempt that was killed while it put parts together
        shutil.rmtree(torn, ignore_errors=True)
    write_corpus(finished, [part.scene for part in parts], out, plan.classes, _stated(plan, skipped))


def _cutter(plan: ImagePlan, work: Path, *, skip_bad: bool) -> Callable[[Chunk, processes.Advance], str | None]:
    """What makes tiles of images, with handles of the archives that are this process' own."""
    source, masks = plan.open_source(), plan.open_masks()

    def cut(chunk: Chunk, advance: processes.Advance) -> str | None:
        try:
            cut_chunk(chunk, source, masks, plan.cut, work / plan.key(chunk), advance, skip_bad=skip_bad)
        except CorpusError as error:
            return str(error)
        return None

    return cut


def _stated(plan: ImagePlan, skipped: dict[str, str]) -> dict[str, object]:
    """How the corpus was made, as its manifest says it."""
    cut = plan.cut
    return {
        "size": cut.size,
        "bands": RGB,
        "overlap": cut.overlap if cut.larger == "cut" else 0.0,
        "selection": None,
        "stretch": "none",
        "jpeg": cut.jpeg,
        "rules": {"nodata_share": cut.max_nodata} if plan.masks else {},
        "product": plan.product,
        "epoch": None,
        "request": plan.request,
        "skipped": skipped,
        "synthetic": plan.synthetic,
        "images": ImagesEntry(larger=cut.larger, left_out=plan.left_out),
    }


def _already_there(out: Path, plan: ImagePlan, *, skip_bad: bool) -> Corpus | None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        if out.exists():
            out.rmdir()
        return None
    if (out / MANIFEST).is_file():
        manifest = read_manifest(out)
        if manifest.request == plan.request and (skip_bad or not manifest.skipped):
            return Corpus.open(out)
    raise CorpusError(f"{out} exists and holds something else: choose another --out, or delete it")
