import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bench.core.errors import CorpusError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.reader import Corpus


@pytest.fixture
def corpus(world):
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=32, overlap=0.0)


def test_tiles_come_in_the_order_asked_for_repeats_included(corpus):
    every = corpus.tiles(np.arange(len(corpus)))
    asked = np.array([5, 0, 161, 5])
    assert np.array_equal(every[asked], corpus.tiles(asked))


def test_no_tiles_asked_for_are_no_tiles(corpus):
    assert (0, 32, 32, 3) == corpus.tiles(np.array([], dtype=np.int64)).shape


def test_a_number_outside_the_corpus_is_an_index_error(corpus):
    with pytest.raises(IndexError):
        corpus.tiles(np.array([len(corpus)]))


def test_threads_and_other_processes_read_the_same_tiles(corpus):
    expected = corpus.tiles(np.arange(len(corpus)))
    copy = pickle.loads(pickle.dumps(corpus))
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(copy.tiles, np.array_split(np.arange(len(corpus)), 20)))
    assert np.array_equal(expected, np.concatenate(parts))


def test_shards_are_read_one_after_the_other_with_few_files_open(corpus, monkeypatch):
    monkeypatch.setattr("bench.corpus.storage.shards.OPEN_SHARDS", 1)
    expected = corpus.tiles(np.arange(len(corpus)))
    assert np.array_equal(expected[::-1], Corpus.open(corpus.path).tiles(np.arange(len(corpus))[::-1]))


def test_a_folder_that_is_no_corpus_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="is not a corpus"):
        Corpus.open(tmp_path)


def _edit(folder, **values):
    path = folder / "corpus.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_a_newer_corpus_is_refused_in_words(corpus):
    _edit(corpus.path, schema=5)
    with pytest.raises(CorpusError, match="has schema 5, this version reads up to 4: upgrade"):
        Corpus.open(corpus.path)


def test_a_torn_or_foreign_description_is_refused(corpus):
    _edit(corpus.path, size="large")
    with pytest.raises(CorpusError, match="size"):
        Corpus.open(corpus.path)
    (corpus.path / "corpus.json").write_text("{")
    with pytest.raises(CorpusError, match="cannot be read"):
        Corpus.open(corpus.path)


def test_a_shard_that_is_missing_or_cut_short_is_refused(corpus):
    shard = corpus.path / corpus.manifest.shards[0].file
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(CorpusError, match="bytes instead of"):
        Corpus.open(corpus.path)
    shard.unlink()
    with pytest.raises(CorpusError, match="is missing"):
        Corpus.open(corpus.path)


def test_an_index_of_another_corpus_is_refused(corpus):
    np.save(corpus.path / "index.npy", np.zeros(3))
    with pytest.raises(CorpusError, match="does not fit"):
        Corpus.open(corpus.path)
    (corpus.path / "landcover.npy").write_bytes(b"")
    with pytest.raises(CorpusError, match=r"does not fit|cannot be read"):
        Corpus.open(corpus.path)
