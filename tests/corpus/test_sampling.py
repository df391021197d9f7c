import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus.batches import Batches, Position
from bench.corpus.build import build_corpus
from bench.corpus.sampling import TileOrder, permute
from bench.errors import CorpusError


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


def test_full_balance_draws_every_present_class_equally_often():
    dominant = np.repeat([0, 3, 7], [900, 90, 10])
    drawn = TileOrder(1000, 0, dominant, balance=1.0).draw(0, np.arange(1000))
    counts = np.bincount(dominant[drawn], minlength=8)
    assert [333, 334, 333] == counts[[0, 3, 7]].tolist() or 1 >= np.ptp(counts[[0, 3, 7]])
    rare = np.bincount(drawn, minlength=1000)[990:]
    assert 1 >= np.ptp(rare)


def test_half_balance_draws_by_the_square_root_of_the_counts():
    dominant = np.repeat([0, 1], [900, 100])
    drawn = TileOrder(1000, 0, dominant, balance=0.5).draw(0, np.arange(1000))
    assert [750, 250] == np.bincount(dominant[drawn]).tolist()


def test_tiles_of_a_common_class_take_turns_over_the_epochs():
    dominant = np.repeat([0, 1], [900, 100])
    order = TileOrder(1000, 0, dominant, balance=1.0)
    seen = np.concatenate([order.draw(epoch, np.arange(1000)) for epoch in range(2)])
    assert 900 == len(np.unique(seen[dominant[seen] == 0]))


@given(st.integers(2, 400), st.integers(0, 5), st.floats(0, 1), st.integers(0, 2**31))
def test_any_position_can_be_drawn_alone(size, epoch, balance, seed):
    dominant = np.random.default_rng(seed).integers(0, 4, size)
    order = TileOrder(size, seed, dominant, balance)
    whole = order.draw(epoch, np.arange(size))
    assert whole[size // 2] == order.draw(epoch, np.array([size // 2]))[0]
    assert whole.min() >= 0
    assert whole.max() < size


@pytest.mark.parametrize("balance", [-0.1, 1.5])
def test_a_balance_without_sense_is_a_value_error(balance):
    with pytest.raises(ValueError, match="balance"):
        TileOrder(10, 0, np.zeros(10, dtype=int), balance)


@pytest.fixture
def corpus(world):
    return build_corpus(world / "scenes", world / "landcover", "globeland30", world / "corpus", size=32, overlap=0.0)


def test_ranks_share_the_epoch_without_a_tile_twice(corpus):
    parts = [Batches(corpus, 10, seed=1, rank=rank, ranks=3) for rank in range(3)]
    indices = np.concatenate([part[number].indices for part in parts for number in range(len(part))])
    assert len(indices) == len(np.unique(indices)) == 30 * (len(corpus) // 30)


def test_a_batch_holds_the_tiles_and_proportions_of_its_indices(corpus):
    batch = Batches(corpus, 8, seed=1)[3]
    assert np.array_equal(corpus.tiles(batch.indices), batch.tiles)
    assert np.array_equal(corpus.landcover[batch.indices], batch.landcover)


def test_a_run_that_stopped_goes_on_with_the_same_batches(corpus):
    whole = Batches(corpus, 16, seed=1, balance=1.0)
    expected = []
    for epoch in range(2):
        whole.epoch = epoch
        expected += [whole[number].indices for number in range(len(whole))]
    used = len(whole) + 3
    kept = Position(**Batches(corpus, 16, seed=1, balance=1.0).position(used).to_json())
    again = Batches(corpus, 16, seed=1, balance=1.0)
    following = again.go_to(kept)
    assert (1, 3) == (again.epoch, following)
    assert np.array_equal(expected[used], again[following].indices)


def test_a_position_of_another_run_is_refused(corpus):
    position = Batches(corpus, 16, seed=1).position(2)
    with pytest.raises(CorpusError, match="made with batch_size 16, this run has 8"):
        Batches(corpus, 8, seed=1).go_to(position)


def test_balance_without_land_cover_and_too_few_tiles_are_refused(world, corpus):
    with pytest.raises(CorpusError, match="fewer than a batch of 200"):
        Batches(corpus, 200, seed=0)
    bare = build_corpus(world / "scenes", None, None, world / "bare", size=32)
    with pytest.raises(CorpusError, match="no land cover"):
        Batches(bare, 8, seed=0, balance=1.0)


def test_a_number_beyond_the_epoch_is_an_index_error(corpus):
    batches = Batches(corpus, 16, seed=0)
    with pytest.raises(IndexError):
        batches[len(batches)]


def test_a_torch_data_loader_with_workers_gives_the_same_batches(corpus):
    data = pytest.importorskip("torch.utils.data")
    batches = Batches(corpus, 32, seed=5)
    loader = data.DataLoader(batches, batch_size=None, sampler=range(1, len(batches)), num_workers=2)
    for number, batch in enumerate(loader, start=1):
        assert np.array_equal(batches[number].indices, np.asarray(batch.indices))
        assert np.array_equal(batches[number].tiles, np.asarray(batch.tiles))
