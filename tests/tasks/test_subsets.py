"""Subsets are nested, stratified, and depend on names and seed alone."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.subsets import chain, draw_order, shots, size_at, subset_seed

STRATA = st.lists(st.integers(0, 5), min_size=1, max_size=120)
DRAWS = pytest.mark.parametrize("draw", ["quota", "random", "by-source"])


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
    # A change here would silently change every subset and must come with a new `DRAW_VERSION`.
    assert [6, 5, 2, 4, 1, 7, 3, 0] == chain(list("abcdefgh"), [2, 2, 2, 1, 1, 1, 0, 0], 0)


def _absent(sizes):
    """The classes of which 1% of UC Merced's training images hold none, of ten seeds."""
    strata = [number for number, size in enumerate(sizes) for _ in range(size)]
    names = [f"class-{number}/{at}" for at, number in enumerate(strata)]
    assert 1575 == len(names)
    kept = [{strata[at] for at in chain(names, strata, seed)[: size_at(0.01, 1575)]} for seed in range(10)]
    return {tuple(sorted(set(range(21)) - found)) for found in kept}


# All of one size, and as a draw of 3:1 leaves them.
EQUAL, NEARLY = [75] * 21, [65 + number for number in range(21)]


@pytest.mark.parametrize("sizes", [EQUAL, NEARLY], ids=["equal", "nearly"])
def test_which_classes_a_small_subset_lacks_is_drawn_and_not_settled_by_their_numbers_or_sizes(sizes):
    """Taken by size and number, the same five of 21 would be absent under every seed."""
    drawn = _absent(sizes)
    assert 10 == len(drawn)
    assert {5} == {len(absent) for absent in drawn}


def _sources(count):
    """Of images with six slices each."""
    return [f"scene-{number // 6}" for number in range(count)]


@DRAWS
@given(STRATA, st.integers(0, 10))
def test_every_draw_orders_all_samples_once_and_by_names_alone(draw, strata, seed):
    names, sources = _names(len(strata)), _sources(len(strata))
    order = draw_order(draw, names, strata, sources, seed)
    assert sorted(order) == list(range(len(strata)))
    turned = draw_order(draw, names[::-1], strata[::-1], sources[::-1], seed)
    assert [names[at] for at in order] == [names[::-1][at] for at in turned]


def test_a_draw_by_source_takes_all_slices_of_an_image_before_the_next_and_other_images_under_other_seeds():
    names, sources = _names(60), _sources(60)
    firsts = set()
    for seed in range(8):
        order = draw_order("by-source", names, [0] * 60, sources, seed)
        blocks = [{sources[at] for at in order[start : start + 6]} for start in range(0, 60, 6)]
        assert all(len(block) == 1 for block in blocks)
        assert 10 == len(set.union(*blocks))
        firsts |= blocks[0]
    assert len(firsts) > 3


def test_a_draw_at_random_may_miss_a_class_that_a_quota_never_misses():
    strata = [number % 8 for number in range(80)]
    held = {
        draw: {
            len({strata[at] for at in draw_order(draw, _names(80), strata, _names(80), seed)[:8]}) for seed in range(9)
        }
        for draw in ("quota", "random")
    }
    assert {8} == held["quota"]
    assert max(held["random"]) < 8


@DRAWS
def test_one_shot_lies_inside_five_and_each_class_has_its_number(draw):
    strata = [0] * 30 + [1] * 9 + [2] * 5
    order = draw_order(draw, _names(44), strata, _sources(44), 3)
    one, five = (shots(order, strata, count) for count in (1, 5))
    assert set(one) < set(five)
    assert {0: 5, 1: 5, 2: 5} == Counter(strata[at] for at in five)
    assert five == [at for at in order if at in set(five)]


def test_the_first_places_of_a_chain_are_one_shot():
    strata = [0] * 30 + [1] * 9 + [2] * 5
    order = draw_order("quota", _names(44), strata, _names(44), 3)
    assert order[:3] == shots(order, strata, 1)


def test_a_subset_seed_belongs_to_root_and_repeat():
    assert 6 == len({subset_seed(root, repeat) for root in (0, 1) for repeat in range(3)})
