"""Corpora from Python: building one from scenes and land cover, and the report on it."""

from pathlib import Path
from typing import Unpack

from bench.api.studies import Place
from bench.core.context import Count
from bench.corpus.build.options import CutOptions
from bench.corpus.build.pipeline import build_corpus as build
from bench.corpus.storage.reader import Corpus


def build_corpus(
    scenes: Place,
    landcover: Place | None,
    product: str | None,
    out: Place,
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

    Raises:
        CorpusError: an input or an option cannot be used. What was already cut is kept for the next attempt.
    """
    return build(
        Path(scenes),
        None if landcover is None else Path(landcover),
        product,
        Path(out),
        epoch=epoch,
        synthetic=synthetic,
        skip_bad=skip_bad,
        workers=workers,
        progress=progress,
        **options,
    )


def corpus_report(corpus: Corpus, out: Place) -> Path:
    """Write the paper's analyses of a corpus, as a page with PNG and CSV files; returns the page.

    Args:
        corpus: what is described.
        out: folder of the page.
    """
    from bench.corpus.report.page import write_report

    return write_report(corpus, Path(out))
