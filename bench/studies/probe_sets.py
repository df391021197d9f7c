"""What features are probed on: a corpus with land cover, or labelled images."""

from pathlib import Path

import numpy as np

from bench.core.errors import CorpusError
from bench.corpus.storage.reader import Corpus
from bench.pretraining.labelled import list_images
from bench.pretraining.probe import ProbeSet

# Neighbouring tiles look alike: splits keep blocks of so many tiles a side together.
BLOCK = 4


def corpus_samples(corpus: Corpus) -> ProbeSet:
    """A corpus with its dominant classes; tiles of one block of one scene, or of one image, stay together.

    Raises:
        CorpusError: it has no land cover.
    """
    if not corpus.has_landcover:
        raise CorpusError(f"corpus {corpus.path} has no land cover to probe for: build it with --landcover")
    side = corpus.size * BLOCK
    index = corpus.index
    of_image = np.zeros(len(corpus), dtype=np.int64)
    if corpus.images is not None:
        of_image = np.unique(np.array(corpus.images), return_inverse=True)[1].reshape(-1)
    blocks = np.stack([index["row"] // side, index["column"] // side], axis=1).astype(np.int64)
    blocks[np.isnan(index["lon"])] = 0
    places = np.column_stack([index["scene"].astype(np.int64), of_image, blocks])
    groups = np.unique(places, axis=0, return_inverse=True)[1].reshape(-1)
    return ProbeSet(corpus.tiles(np.arange(len(corpus))), corpus.dominant, groups.astype(np.int64), corpus.bands)


def folder_samples(root: Path, size: int) -> ProbeSet:
    """Labelled images, one folder a class, each image a group of its own."""
    images = list_images(root)
    pixels = np.stack([images.read(index, size) for index in range(len(images))])
    return ProbeSet(pixels, np.array(images.labels, dtype=np.int64), np.arange(len(images)))
