import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.core.errors import CorpusError
from bench.corpus.build.pipeline import build_corpus
from bench.corpus.storage.batches import Batches, Position
from bench.corpus.storage.sampling import TileOrder, class_balance, permute


@given(st.integers(1, 3000), st.text(max_size=5))
def test_a_permutation_sends_every_number_to_another_place_and_loses_none(size, key):
    assert np.array_equal(np.arange(size), np.sort(permute(np.arange(size), size, key)))


@given(st.integers(1, 10**12), st.integers(0, 10**12))
def test_one_position_of_a_huge_permutation_is_found_alone(size, position):
    assert 0 <= permute(np.array([position % size]), size, "key")[0] < size


def test_different_keys_give_different_orders_that_look_random():
    one, two = permute(np.arange(5000), 5000, "a"), permute(np.arange(5000), 5000, "b")
    assert (one == two).sum() < 20
    assert abs(np.corrcoef(np.arange(5000), one)[0, 1]) < 0.05
    steps = np.diff(one)
    assert 0.45 < (steps > 0).mean() < 0.55
    assert len(np.unique(steps)) > 2500


def test_an_epoch_without_balance_holds_every_tile_once_in_an_order_of_its_own():
    order = TileOrder(100, seed=3)
    first, second = (order.draw(epoch, np.arange(100)) for epoch in (0, 1))
    assert np.array_equal(np.arange(100), np.sort(first))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, TileOrder(100, seed=3).draw(0, np.arange(100)))


def drawn(weights, epochs=1, seed=0):
    """How often each tile is drawn."""
    order = TileOrder(len(weights), seed, weights)
    positions = np.arange(len(weights))
    return sum(np.bincount(order.draw(epoch, positions), minlength=len(weights)) for epoch in range(epochs))


@given(st.lists(st.sampled_from([0.0, 0.1, 1.0, 2.5, 30.0]), min_size=1, max_size=300), st.integers(0, 99))
def test_weights_draw_a_tile_in_every_epoch_within_one_of_its_share(weights, seed):
    weights = np.array(weights)
    assume(weights.any())
    expected = weights / weights.sum() * len(weights)
    counts = drawn(weights, seed=seed)
    assert len(weights) == counts.sum()
    assert (np.abs(counts - expected) < 1 + 1e-9).all()
    assert not counts[weights == 0].any()


def test_over_many_epochs_weights_draw_every_tile_by_its_share():
    weights = np.random.default_rng(0).uniform(0.1, 1, 500)
    expected = weights / weights.sum() * 500 * 200
    assert np.abs(drawn(weights, epochs=200) - expected).max() < 4


def test_full_balance_draws_every_class_that_occurs_equally_often():
    dominant = np.random.default_rng(0).permutation(np.repeat([0, 3, 7], [9000, 900, 100]))
    counts = np.bincount(dominant, drawn(class_balance(dominant)), minlength=8)
    assert [3333, 3333, 3333] == pytest.approx(counts[[0, 3, 7]], rel=0.03)
    assert 10_000 == counts.sum()


def test_half_balance_draws_by_the_square_root_of_the_counts():
    dominant = np.repeat([0, 1], [900, 100])
    assert [750, 250] == pytest.approx(np.bincount(dominant, drawn(class_balance(dominant, 0.5))), abs=1)


def test_no_balance_draws_every_tile_once():
    assert [1] * 50 == drawn(class_balance(np.arange(50) % 3, 0.0)).tolist()


def test_tiles_of_a_common_class_take_turns_over_the_epochs():
    dominant = np.repeat([0, 1], [900, 100])
    seen = drawn(class_balance(dominant), epochs=3)
    assert (seen[:900] >= 1).all()
    assert (seen[:900] <= 2).all()


@given(st.integers(2, 400), st.integers(0, 5), st.booleans(), st.integers(0, 2**31))
def test_any_position_can_be_drawn_alone(size, epoch, weighted, seed):
    weights = np.random.default_rng(seed).random(size) + 0.1 if weighted else None
    order = TileOrder(size, seed, weights)
    whole = order.draw(epoch, np.arange(size))
    assert whole[size // 2] == order.draw(epoch, np.array([size // 2]))[0]
    assert whole.min() >= 0
    assert whole.max() < size


@pytest.mark.parametrize("weights", [[1.0] * 9, [-1.0] + [1.0] * 9, [np.nan] * 10, [0.0] * 10])
def test_weights_without_sense_are_a_value_error(weights):
    with pytest.raises(ValueError, match="10 finite numbers"):
        TileOrder(10, 0, np.array(weights))


def test_a_balance_without_sense_or_without_land_cover_is_refused():
    with pytest.raises(ValueError, match="strength"):
        class_balance(np.zeros(10, dtype=int), 1.5)
    with pytest.raises(CorpusError, match="needs land cover"):
        class_balance(np.full(10, -1))


@pytest.fixture
def corpus(world):
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=32, overlap=0.0)


def test_ranks_have_parts_of_the_same_batches(corpus):
    whole = Batches(corpus, 12, seed=1)
    parts = [Batches(corpus, 12, seed=1, rank=rank, ranks=3) for rank in range(3)]
    for number in (0, whole.per_epoch + 1):
        assert np.array_equal(whole[number].tiles, np.concatenate([part[number].tiles for part in parts]))
        for part in parts:
            assert np.array_equal(whole[number].indices, part[number].indices)
            assert np.array_equal(whole[number].landcover, part[number].landcover)


def test_a_batch_that_ranks_do_not_divide_is_refused(corpus):
    with pytest.raises(CorpusError, match="a batch of 12 tiles is not divided evenly by 5 ranks"):
        Batches(corpus, 12, seed=1, ranks=5)


def test_a_batch_holds_the_tiles_and_proportions_of_its_indices(corpus):
    batch = Batches(corpus, 8, seed=1)[3]
    assert np.array_equal(corpus.tiles(batch.indices), batch.tiles)
    assert np.array_equal(corpus.landcover[batch.indices], batch.landcover)


def test_batches_go_on_from_one_epoch_to_the_next(corpus):
    batches = Batches(corpus, 16, seed=1)
    order = TileOrder(len(corpus), 1)
    assert np.array_equal(order.draw(1, np.arange(16, 32)), batches[batches.per_epoch + 1].indices)


def test_a_run_that_stopped_goes_on_with_the_same_batches(corpus):
    weights = class_balance(corpus.dominant)
    whole = Batches(corpus, 16, seed=1, weights=weights)
    used = whole.per_epoch + 3
    kept = Position(**json.loads(json.dumps(whole.position(used).to_json())))
    again = Batches(corpus, 16, seed=1, weights=weights.copy())
    assert used == again.after(kept)
    assert np.array_equal(whole[used].indices, again[again.after(kept)].indices)


def test_a_position_of_another_run_is_refused(corpus):
    position = Batches(corpus, 16, seed=1).position(2)
    with pytest.raises(CorpusError, match="made with batch_size 16, this run has 8"):
        Batches(corpus, 8, seed=1).after(position)
    with pytest.raises(CorpusError, match=r"made with weighting none, this run has \w{16}"):
        Batches(corpus, 16, seed=1, weights=class_balance(corpus.dominant)).after(position)


def test_a_corpus_smaller_than_a_batch_is_refused(corpus):
    with pytest.raises(CorpusError, match="fewer than a batch of 200"):
        Batches(corpus, 200, seed=0)


def test_a_number_below_zero_is_an_index_error(corpus):
    with pytest.raises(IndexError):
        Batches(corpus, 16, seed=0)[-1]


def test_a_torch_data_loader_with_workers_gives_the_same_batches(corpus):
    data = pytest.importorskip("torch.utils.data")
    batches = Batches(corpus, 32, seed=5)
    loader = data.DataLoader(batches, batch_size=None, sampler=range(1, 2 * batches.per_epoch), num_workers=2)
    for number, batch in enumerate(loader, start=1):
        assert np.array_equal(batches[number].indices, np.asarray(batch.indices))
        assert np.array_equal(batches[number].tiles, np.asarray(batch.tiles))
