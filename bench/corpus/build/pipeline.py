"""Building a corpus: scenes are cut strip by strip into parts, and the parts are put together.

The work folder lies hidden beside the corpus. A part is complete or absent, so a build that was killed goes on where it
was, and the corpus, which is put together from the parts in a fixed order, is the same.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Unpack

from filelock import FileLock, Timeout

from bench.core.context import Count
from bench.core.errors import CorpusError
from bench.corpus.build.assembly import assemble
from bench.corpus.build.cutting import Strip, read_part
from bench.corpus.build.options import CutOptions, make_cut
from bench.corpus.build.plan import BuildPlan, make_plan
from bench.corpus.build.workers import cut_all
from bench.corpus.storage.manifest import MANIFEST, read_manifest
from bench.corpus.storage.reader import Corpus


def build_corpus(
    scenes: Path | str,
    landcover: Path | str | None,
    product: str | None,
    out: Path | str,
    *,
    epoch: int | None = None,
    synthetic: bool = False,
    skip_bad: bool = False,
    workers: int = 1,
    progress: Count | None = None,
    **options: Unpack[CutOptions],
) -> Corpus:
    """Build a corpus, or open it where the same request was already carried out; as `bench corpus build --scenes`.

    Args:
        scenes: folder of georeferenced scenes.
        landcover: folder of land-cover rasters, or None for a corpus without proportions.
        product: name of the product or path of its file; None together with `landcover`.
        out: folder of the corpus; it is complete or absent.
        epoch: year of the product, for a folder that holds several.
        synthetic: declares that the scenes were drawn by a generator; the corpus says so wherever it is shown.
        skip_bad: go on without the scenes that cannot be used, and count them, instead of failing.
        workers: processes; 1 works in this one.
        progress: called with windows done and in all.
        options: how scenes are cut, see `bench.corpus.build.options.CutOptions`.

    Returns:
        The finished corpus.

    Raises:
        CorpusError: an input or an option cannot be used. What was already cut is kept for the next attempt.
    """
    cut, out = make_cut(**options), Path(out)
    covered = None if landcover is None else Path(landcover)
    plan = make_plan(Path(scenes), covered, product, epoch, cut, skip_bad=skip_bad, synthetic=synthetic)
    done = _already_there(out, plan)
    if done is not None:
        return done
    return build_beside(out, lambda work: _work(plan, work, out, workers, progress, skip_bad=skip_bad))


def build_beside(out: Path, work: Callable[[Path], None]) -> Corpus:
    """Run a build in a folder beside `out`, where an interrupted one goes on, and open what it made.

    Raises:
        CorpusError: another process builds it, or the disk does not take it.
    """
    folder = out.parent / f".{out.name}.building"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / "lock", timeout=0):
            work(folder)
    except Timeout:
        raise CorpusError(f"{out} is being built by another process: wait for it, or choose another --out") from None
    except OSError as error:
        raise CorpusError(f"{out} cannot be written ({error}): look at the disk; what is cut is kept") from None
    shutil.rmtree(folder, ignore_errors=True)
    return Corpus.open(out)


def _work(plan: BuildPlan, work: Path, out: Path, workers: int, progress: Count | None, *, skip_bad: bool) -> None:
    failed = cut_all(plan, work, workers, progress)
    parts = {strip: work / plan.key(strip) for strip in plan.strips if strip.scene.name not in failed}
    failed |= _uncovered(plan, parts)
    if failed and not skip_bad:
        first, *others = failed.values()
        more = f" (and {len(others)} more scenes)" if others else ""
        raise CorpusError(f"{first}{more}; the other scenes are cut and kept, and --skip-bad goes on without this one")
    for torn in out.parent.glob(f".{out.name}.*.part"):  # of an attempt that was killed while it put parts together
        shutil.rmtree(torn, ignore_errors=True)
    chosen = [part for strip, part in parts.items() if strip.scene.name not in failed]
    assemble(chosen, out, plan, plan.skipped | failed)


def _uncovered(plan: BuildPlan, parts: dict[Strip, Path]) -> dict[str, str]:
    """Scenes under which no land cover lies at all: a folder of the wrong place, more likely than not."""
    if plan.landcover is None:
        return {}
    covered = {strip.scene.name for strip, part in parts.items() if read_part(part).covered}
    bare = {strip.scene.name: strip.scene.path for strip in parts if strip.scene.name not in covered}
    reason = f"no land cover of {plan.landcover} lies under this scene: add the rasters of its place"
    return {name: f"{path}: {reason}" for name, path in bare.items()}


def _already_there(out: Path, plan: BuildPlan) -> Corpus | None:
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        if out.exists():
            out.rmdir()
        return None
    if (out / MANIFEST).is_file() and read_manifest(out).request == plan.request:
        return Corpus.open(out)
    raise CorpusError(f"{out} exists and holds something else: choose another --out, or delete it")
