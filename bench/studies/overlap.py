"""Test images of a study that lie where its corpus lies: places seen in pretraining, which no hash of pixels sees.

Near-duplicates (`bench.studies.duplicates`) are pictures that look alike; here another sensor, another year and another
resolution of the same ground count too. What is known of a place is what a georeferenced image says, or, of a public data
set whose images have no place, the boxes that its file states.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import methods
from bench.core.errors import StudyError
from bench.corpus.scenes.overlap import areas, boxes, covered, known
from bench.corpus.storage.places import footprints_of
from bench.corpus.storage.reader import Corpus
from bench.studies.inputs import Inputs
from bench.studies.rows import Row
from bench.studies.study import Study
from tasks import datasets
from tasks.datasets import DatasetSpec
from tasks.prepared import Prepared
from tasks.protocols import Protocol
from tasks.splits import parts_of

MOST = 0.05
"""Share of the test images under the corpus above which a study is refused unless it allows that."""


@dataclass(frozen=True)
class Overlap:
    """What of one protocol's test part lies under one corpus.

    Attributes:
        protocol: its id.
        dataset: its data set.
        corpus: folder of the corpus.
        unknown: why it is not known; empty where it is.
        km2: area of the test images under the corpus, each image for itself.
        share: of the test images' area, in [0, 1].
        by_area: whether no image has a place, and the boxes of the data set stand for all: an upper bound of neither, for
            images may lie anywhere in them.
    """

    protocol: str
    dataset: str
    corpus: str
    unknown: str = ""
    km2: float = 0.0
    share: float = 0.0
    by_area: bool = False

    def __str__(self) -> str:
        """In words, without the names."""
        if self.unknown:
            return f"unknown: {self.unknown}"
        what = "the area that the data set lies in" if self.by_area else "the test images"
        return f"{self.km2:,.3g} km2, {self.share:.2%} of {what}, lie under the corpus"


def overlaps(
    study: Study, inputs: Inputs, rows: Iterable[Row], protocols: Iterable[Protocol]
) -> dict[tuple[str, str], Overlap]:
    """The overlap of each protocol with each corpus that a row trains on, by protocol and hash of the corpus.

    Where data set and corpus are made by a generator, places mean nothing and nothing is said.

    Raises:
        StudyError: more than `MOST` of a test part lies under a corpus, and the study does not allow it.
        CorpusError, DataError: the corpus or a data set is absent or broken.
    """
    trained = [row for row in rows if methods.get(row.method).trains]
    corpora = {corpus.hash: corpus for corpus in (inputs.corpus(study, row) for row in trained)}
    found: dict[tuple[str, str], Overlap] = {}
    for protocol in protocols:
        data = inputs.dataset(study, protocol)
        for corpus in corpora.values():
            if data.synthetic and corpus.synthetic:
                continue
            each = overlap(protocol, data, corpus)
            if each.share > MOST and not study.allow_overlap:
                raise StudyError(
                    f"protocol {protocol.id}: {each} {corpus.path}: take them out with bench corpus filter --away-from "
                    f"{protocol.dataset} --km 5, or go on with --allow-overlap"
                )
            found[protocol.id, corpus.hash] = each
    return found


def overlap(protocol: Protocol, data: Prepared, corpus: Corpus) -> Overlap:
    """The overlap of a protocol's test part with a corpus."""
    about = protocol.id, protocol.dataset, str(corpus.path)
    tiles = footprints_of(corpus)
    tiles = tiles[known(tiles)]
    if not len(tiles):
        return Overlap(*about, "the corpus is of images without a place")
    images, by_area = _places(protocol, data)
    if not len(images):
        return Overlap(*about, "the test images have no place, and no area is stated for the data set")
    shares, sizes = covered(images, tiles), areas(images)
    km2 = float(shares @ sizes)
    return Overlap(*about, km2=km2, share=km2 / float(sizes.sum()), by_area=by_area)


def _places(protocol: Protocol, data: Prepared) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], bool]:
    """Footprints of the test images that have one, else of the data set's area; whether it is the area."""
    placed = data.footprints
    if placed is not None:
        test = placed[parts_of(protocol, data).test]
        if known(test).any():
            return test[known(test)], False
    return places_of_area(protocol.dataset), True


def places_of_area(dataset: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Footprints of the boxes that a data set's file states, `N x 4 x 2`; none where it states none."""
    spec = _spec(dataset)
    return boxes(np.array(spec.areas if spec else (), dtype=np.float64).reshape(-1, 4))


def _spec(dataset: str) -> DatasetSpec | None:
    """What is known of a data set; None of one that a study brings prepared under a name of its own."""
    try:
        return datasets.get(dataset)
    except StudyError:
        return None


def learns(row: Row, study: Study, corpus: Corpus | None) -> tuple[str, ...]:
    """Names of the legends whose classes a row learns from its corpus; none for a row that learns without labels."""
    if corpus is None:
        return ()
    options = study.options_of(row)
    if "landcover" not in methods.get(row.method).needs and not options.learns_labels:
        return ()
    return tuple(dict.fromkeys(str(cover.product["name"]) for cover in corpus.manifest.land_covers))


def label_words(row: Row, study: Study, protocol: Protocol, corpus: Corpus | None) -> dict[str, str]:
    """What a record's design says of the labels of its data set: who made them, and whether they are kin to the corpus'."""
    spec = _spec(protocol.dataset)
    if spec is None:
        return {}
    kin = [name for name in learns(row, study, corpus) if name in spec.kin]
    return ({"label_source": spec.label_source} if spec.label_source else {}) | ({"kin": ", ".join(kin)} if kin else {})
