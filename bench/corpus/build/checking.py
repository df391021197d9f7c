"""Comparing a corpus on disk with what it says about itself."""

from collections.abc import Callable

import numpy as np

from bench.core.errors import CorpusError
from bench.corpus.build.controls import column_hash
from bench.corpus.storage.maps import maps_hash
from bench.corpus.storage.reader import Corpus
from bench.corpus.storage.shards import content_hash, tile_facts

TILES_AT_ONCE = 64


def find_damage(corpus: Corpus, progress: Callable[[int, int], None] | None = None) -> list[int]:
    """Read every tile and compare it with its digest.

    Args:
        corpus: an open corpus.
        progress: called with tiles done and in all.

    Returns:
        Numbers of the tiles whose pixels are not those that were written.

    Raises:
        CorpusError: index, proportions, controls or maps are not those of their hash, or a shard cannot be read.
    """
    landcover = np.asarray(corpus.landcover) if corpus.has_landcover else None
    if content_hash(corpus.size, corpus.classes, corpus.index["digest"], landcover, corpus.bands) != corpus.hash:
        raise CorpusError(f"{corpus.path}: index or proportions differ from the hash in corpus.json: build it again")
    for name, entry in corpus.controls.items():
        if column_hash(name, corpus.control(name)) != entry.hash:
            raise CorpusError(f"{corpus.path}: control {name} differs from its hash in corpus.json: build it again")
    if corpus.manifest.maps and maps_hash(corpus.maps) != corpus.manifest.maps.hash:
        raise CorpusError(f"{corpus.path}: its maps differ from their hash in corpus.json: build it again")
    damaged = []
    for start in range(0, len(corpus), TILES_AT_ONCE):
        numbers = np.arange(start, min(start + TILES_AT_ONCE, len(corpus)))
        for number, tile in zip(numbers, corpus.tiles(numbers), strict=True):
            if tile_facts(tile)[2] != corpus.index["digest"][number].tobytes():
                damaged.append(int(number))
        if progress:
            progress(int(numbers[-1]) + 1, len(corpus))
    return damaged
