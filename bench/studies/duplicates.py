"""Near-duplicates of a study's test images in its training parts and its corpus: what a score may owe to having seen them.

Copies that were flipped, turned or cut anew are not found (`bench.studies.perceptual_hash`), so a count is a floor.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import methods
from bench.core import documents, files
from bench.core.arrays import read_array
from bench.core.errors import DataError
from bench.core.keys import content_hash
from bench.corpus.storage.reader import Corpus
from bench.studies.axes import CorpusLevel
from bench.studies.inputs import Inputs
from bench.studies.perceptual_hash import BITS, CORRELATION, VERSION, Frequencies, low_frequencies, near
from bench.studies.study import Study
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.splits import parts_of

# Images that are read at once, and so many that it is said that they are.
AT_ONCE, MANY = 256, 50_000


@dataclass(frozen=True)
class Near:
    """Near-duplicates of one protocol.

    Attributes:
        protocol: its id.
        test: test images.
        train: training images that are near to a test image.
        seen_in_train: test images that are near to a training image.
        tiles: tiles of the corpus that are near to a test image; None where no row trains on one.
        seen_in_tiles: test images that are near to a tile; None as `tiles`.
        corpus: its name, where the study has several.
    """

    protocol: str
    test: int
    train: int
    seen_in_train: int
    tiles: int | None = None
    seen_in_tiles: int | None = None
    corpus: str | None = None

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.train or self.tiles)

    def __str__(self) -> str:
        """One line."""
        found = [f"{self.train:,} in the training part (like {self.seen_in_train:,} of them)"]
        if self.tiles is not None:
            found.append(f"{self.tiles:,} in {self.corpus or 'the corpus'} (like {self.seen_in_tiles:,})")
        return f"near-duplicates of the {self.test:,} test images of {self.protocol}: {', '.join(found)}"


def count(study: Study, inputs: Inputs) -> list[Near]:
    """Count the near-duplicates of each protocol of a study; what was counted once is kept in the data folder.

    Raises:
        CorpusError, DataError: the corpus or a data set is absent or broken.
    """
    trained = [row for row in study.rows() if methods.get(row.method).trains]
    corpora: dict[CorpusLevel | None, Corpus | None] = {
        study.corpus_of(row): inputs.corpus(study, row) for row in trained
    }
    several = len(corpora) > 1
    return [
        _count(protocol, inputs.dataset(study, protocol), corpus, inputs, asked.name if asked and several else None)
        for protocol in study.all_protocols()
        for asked, corpus in (corpora or {None: None}).items()
    ]


def _count(protocol: Protocol, data: Prepared, corpus: Corpus | None, inputs: Inputs, name: str | None) -> Near:
    parts = parts_of(protocol, data)
    key = content_hash(
        [VERSION, BITS, CORRELATION, data.hash, corpus.hash if corpus else None, parts.train, parts.test]
    )
    kept = inputs.home / "near-duplicates" / f"{key}.json"
    if not kept.exists():
        slices = _of_slices(data, inputs)
        train, test = (slices[part].reshape(-1, slices.shape[-1]) for part in (parts.train, parts.test))
        of_train, in_train = near(train, test)
        counts = {"train": _images(of_train, data), "seen_in_train": _images(in_train, data)}
        if corpus is not None:
            of_tiles, in_tiles = near(_of_tiles(corpus, inputs), test)
            counts |= {"tiles": int(of_tiles.sum()), "seen_in_tiles": _images(in_tiles, data)}
        files.write_json(kept, counts)
    counts = documents.read_json(kept, DataError, "remove it")
    return Near(protocol.id, len(parts.test), **counts, corpus=name)


def _images(found: np.ndarray[tuple[int], np.dtype[np.bool_]], data: Prepared) -> int:
    """Images that were found, of one date or another."""
    return int(found.reshape(-1, data.dates).any(axis=1).sum())


def _of_slices(data: Prepared, inputs: Inputs) -> Frequencies:
    """Low frequencies of a prepared set, N x dates x 64."""

    def read(start: int) -> Frequencies:
        images = data.images[start : start + AT_ONCE]
        dates = np.split(images, data.dates, axis=-1)
        return np.stack([low_frequencies(date, data.bands.highest) for date in dates], axis=1)

    return _kept(inputs, data.hash, len(data), f"slices of {data.path}", read)


def _of_tiles(corpus: Corpus, inputs: Inputs) -> Frequencies:
    """Low frequencies of a corpus, N x 64."""

    def read(start: int) -> Frequencies:
        tiles = corpus.tiles(np.arange(start, min(start + AT_ONCE, len(corpus))))
        return low_frequencies(tiles, corpus.bands.highest)

    return _kept(inputs, corpus.hash, len(corpus), f"tiles of {corpus.path}", read)


def _kept(inputs: Inputs, content: str, total: int, what: str, read: Callable[[int], Frequencies]) -> Frequencies:
    """Low frequencies by the content hash of their images, from the data folder or computed and put there."""
    path = inputs.home / "near-duplicates" / f"{content}-{VERSION}.npy"
    if not path.exists():
        if total >= MANY:
            inputs.say(f"reading {total:,} {what} once, to look for near-duplicates")
        stream = io.BytesIO()
        np.save(stream, np.concatenate([read(start) for start in range(0, total, AT_ONCE)]))
        files.write_bytes(path, stream.getvalue())
    frequencies: Frequencies = read_array(path, DataError, "delete it, it is computed again", mapped=False)
    return frequencies
