"""Features are kept whole or not at all, made by one process at a time, and never more than the store has room for."""

import multiprocessing
import os

import numpy as np
import pytest

from bench.store.features import CARD, VALUES, FeatureStore


def blocks(count, value=1.0):
    """So many rows in blocks of three."""
    whole = np.full((count, 4), value, dtype=np.float32) + np.arange(count, dtype=np.float32)[:, None]
    return whole, (whole[at : at + 3] for at in range(0, count, 3))


def keep(store, key, count=10, value=1.0):
    whole, parts = blocks(count, value)
    return whole, store.put(key, whole.shape, parts, {"bn": "target"})


def test_what_is_put_is_what_is_got_with_its_words(tmp_path):
    store = FeatureStore(tmp_path)
    assert store.get("a") is None
    whole, kept = keep(store, "a")
    assert np.array_equal(whole, kept.values)
    found = FeatureStore(tmp_path).get("a")
    assert np.array_equal(whole, found.values)
    assert {"bn": "target"} == found.words
    assert isinstance(found.values, np.memmap)


def test_what_fails_while_it_is_made_leaves_nothing(tmp_path):
    def failing():
        yield np.zeros((3, 4), dtype=np.float32)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        FeatureStore(tmp_path).put("a", (10, 4), failing(), {})
    assert [] == list(tmp_path.iterdir())


def tear(folder):
    os.truncate(folder / VALUES, 60)


def flip(folder):
    with (folder / VALUES).open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        last = stream.read(1)
        stream.seek(-1, os.SEEK_END)
        stream.write(bytes([last[0] ^ 1]))


@pytest.mark.parametrize(
    "harm",
    [
        tear,
        flip,
        lambda folder: (folder / VALUES).unlink(),
        lambda folder: (folder / CARD).unlink(),
        lambda folder: (folder / CARD).write_text("{"),
        lambda folder: (folder / CARD).write_text("[]"),
        lambda folder: (folder / CARD).write_text('{"checksum": 1}'),
    ],
)
def test_what_is_damaged_counts_as_absent_and_is_made_again(tmp_path, harm):
    store = FeatureStore(tmp_path)
    keep(store, "a")
    harm(tmp_path / "a")
    assert store.get("a") is None
    whole, _ = keep(store, "a")
    assert np.array_equal(whole, store.get("a").values)


def test_what_was_not_read_for_longest_makes_room(tmp_path):
    one = keep(FeatureStore(tmp_path), "a")[0].nbytes
    store = FeatureStore(tmp_path, limit=2 * one + 400)  # of the others, each with a header
    keep(store, "b")
    for time, key in enumerate("ab"):
        os.utime(tmp_path / key, ns=(time, time))
    assert store.get("a") is not None  # b is the oldest now
    keep(store, "c")
    keep(store, "d")
    assert ["a", "c", "d"] == sorted(path.name for path in tmp_path.iterdir())


def test_an_array_larger_than_the_limit_stays_until_another_comes(tmp_path):
    store = FeatureStore(tmp_path, limit=10)
    whole, _ = keep(store, "a")
    assert np.array_equal(whole, store.get("a").values)
    keep(store, "b")
    assert store.get("a") is None


def make(root, key, made):
    store = FeatureStore(root)
    with store.lock(key):
        if store.get(key) is None:
            made.put(os.getpid())
            keep(store, key, 5000)


def test_of_processes_that_want_the_same_features_one_makes_them(tmp_path):
    context = multiprocessing.get_context("spawn")
    made = context.Queue()
    makers = [context.Process(target=make, args=(tmp_path, "a", made)) for _ in range(2)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join(60)
    assert [0, 0] == [maker.exitcode for maker in makers]
    made.get(timeout=10)
    assert made.empty()
    assert (5000, 4) == FeatureStore(tmp_path).get("a").values.shape
