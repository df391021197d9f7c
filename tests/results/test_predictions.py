import numpy as np
import pytest

from results.frame import load
from results.predictions import MOST_SAMPLES, gallery

IMAGE = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
WATER, ROAD = np.zeros((8, 8), dtype=np.uint8), np.ones((8, 8), dtype=np.uint8)
ORDER = ["random", "geokr", "moco"]


@pytest.fixture
def saved(store, save_prediction):
    """Save one prediction of road, where all is water, for each cell that `choose` picks; returns the gallery."""

    def save(choose, samples=("a", "b")):
        frame = load(store)
        for row in frame.itertuples():
            for sample in samples if choose(row) else ():
                save_prediction(store, row.key, sample, IMAGE, {"truth": WATER, "prediction": ROAD})
        return gallery(store, frame, ORDER)

    return save


def test_pictures_come_apart_into_the_pixels_that_were_put_together(saved):
    found = saved(lambda row: row.seed == 0 and row.fraction == 0.01)
    assert ORDER == found.variants
    assert [("water", (0, 0, 255)), ("road", (255, 255, 0))] == found.legend
    first = found.examples[0]
    assert ["image", "truth"] == [part.name for part in first.given]
    assert np.array_equal(IMAGE, np.asarray(first.given[0].picture))
    assert {(0, 0, 255)} == {colour for _, colour in first.given[1].picture.getcolors()}
    assert {(255, 255, 0)} == {colour for _, colour in first.answers["geokr"].picture.getcolors()}


def test_the_smallest_share_with_most_methods_is_shown(saved):
    found = saved(lambda row: row.fraction in (0.1, 1.0) or (row.fraction == 0.01 and row.method != "moco"))
    assert (0.1, 0, ORDER) == (found.fraction, found.seed, found.variants)


def test_a_method_without_a_picture_of_a_sample_leaves_a_hole(saved, store):
    saved(lambda row: row.seed == 0 and row.fraction == 0.01)
    key = next(row.key for row in load(store).itertuples() if (row.method, row.fraction, row.seed) == ("moco", 0.01, 0))
    (store / "predictions" / key / "b.png").write_bytes(b"torn")
    found = gallery(store, load(store), ORDER)
    assert [ORDER, ["random", "geokr"]] == [list(example.answers) for example in found.examples]


def test_no_more_samples_are_shown_than_fit(saved):
    assert MOST_SAMPLES == len(saved(lambda row: row.seed == 0, samples="abcdef").examples)


def test_a_store_without_pictures_or_with_foreign_ones_has_no_gallery(saved, store):
    assert saved(lambda _: False) is None
    key = load(store)["key"].iloc[0]
    (store / "predictions" / key).mkdir(parents=True)
    (store / "predictions" / key / "a.png").write_bytes(b"not a picture")
    assert gallery(store, load(store), ORDER) is None
