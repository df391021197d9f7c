"""What every method that learns from land cover asks of its corpus."""

from bench.core.errors import CorpusError
from bench.corpus.storage.reader import Corpus
from methods.options.geokr import LandCoverOptions


def supervised(corpus: Corpus | None, options: LandCoverOptions) -> Corpus:
    """The corpus, after a look that its land cover is the one the options name: nothing later would tell.

    Raises:
        CorpusError: there is none, or `options.supervise` was forgotten.
    """
    if corpus is None:
        raise CorpusError("a method that learns from land cover trains on a corpus that has it: name one")
    if corpus.supervision != options.land_cover:
        raise CorpusError(
            f"option land_cover={options.land_cover} was given a corpus with {corpus.supervision} land cover: "
            "open it with options.supervise(corpus, seed)"
        )
    return corpus
