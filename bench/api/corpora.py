"""Corpora from Python: building one from scenes and land cover, and the report on it."""

from pathlib import Path

from bench.api.studies import Place
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.reader import Corpus

__all__ = ["build_corpus", "corpus_report"]


def corpus_report(corpus: Corpus, out: Place) -> Path:
    """Write the paper's analyses of a corpus, as a page with PNG and CSV files; returns the page.

    Args:
        corpus: what is described.
        out: folder of the page.
    """
    from bench.corpus.report.page import write_report

    return write_report(corpus, Path(out))
