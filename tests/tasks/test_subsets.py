"""Subsets are nested, stratified, and depend on names and seed alone."""

import math
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tasks.subsets import chain, size_at

STRATA = st.lists(st.integers(0, 5), min_size=1, max_size=120)


def _names(count):
    return [f"image-{number:03d}" for number in range(count)]


@given(STRATA, st.integers(0, 10))
def test_a_chain_orders_every_sample_once(strata, seed):
    assert sorted(chain(_names(len(strata)), strata, seed)) == list(range(len(strata)))


@given(STRATA, st.integers(0, 10))
def test_every_beginning_holds_each_stratum_in_proportion_within_one_sample(strata, seed):
    order = chain(_names(len(strata)), strata, seed)
    whole = Counter(strata)
    rarest = min(whole.values())
    for size in range(1, len(order) + 1):
        taken = Counter(strata[at] for at in order[:size])
        shares = {kind: size * count / len(order) for kind, count in whole.items()}
        # No stratum has more than its share rounded up, but for the one sample that each is given first.
        assert all(taken[kind] <= max(1, math.ceil(share)) for kind, share in shares.items())
        # Those given first are paid back once every stratum's share has reached one.
        if size * rarest >= len(order):
            assert all(abs(taken[kind] - share) < 1 for kind, share in shares.items())


@given(STRATA, st.integers(0, 10))
def test_every_stratum_is_there_as_soon_as_there_are_places_for_all(strata, seed):
    order = chain(_names(len(strata)), strata, seed)
    kinds = len(set(strata))
    assert len({strata[at] for at in order[:kinds]}) == kinds


@given(STRATA, st.floats(0.01, 1), st.floats(0.01, 1))
def test_a_smaller_fraction_lies_inside_a_larger_one(strata, first, second):
    order = chain(_names(len(strata)), strata, 0)
    small, large = sorted((size_at(first, len(order)), size_at(second, len(order))))
    assert set(order[:small]) <= set(order[:large])


@given(STRATA, st.integers(0, 10), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(strata, seed, random):
    names = _names(len(strata))
    positions = list(range(len(strata)))
    random.shuffle(positions)
    straight = [names[at] for at in chain(names, strata, seed)]
    mixed_names = [names[at] for at in positions]
    mixed = [mixed_names[at] for at in chain(mixed_names, [strata[at] for at in positions], seed)]
    assert straight == mixed


def test_different_seeds_give_different_subsets():
    strata = [number % 3 for number in range(60)]
    beginnings = {tuple(sorted(chain(_names(60), strata, seed)[:9])) for seed in range(5)}
    assert len(beginnings) == 5


def test_a_fraction_is_rounded_half_up_and_is_never_empty():
    assert [size_at(0.01, 10), size_at(0.25, 10), size_at(0.05, 50), size_at(1.0, 7)] == [1, 3, 3, 7]


def test_a_chain_that_was_written_down_once_stays_as_it_is():
    # A change here would silently change every subset and must come with a new version of the tasks.
    assert chain(list("abcdefgh"), [0, 0, 0, 0, 0, 1, 1, 2], 7) == [2, 6, 7, 1, 0, 4, 3, 5]
