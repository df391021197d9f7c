import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.stats import paired

DIFFERENCES = st.lists(st.integers(-50, 50).map(float), min_size=1, max_size=8)


def flip_by_hand(values):
    patterns = list(itertools.product([1, -1], repeat=len(values)))
    extreme = [
        p for p in patterns if abs(sum(s * v for s, v in zip(p, values, strict=True))) >= abs(sum(values)) - 1e-9
    ]
    return len(extreme) / len(patterns)


@given(DIFFERENCES)
def test_the_sign_flip_p_counts_all_patterns(values):
    assert flip_by_hand(values) == pytest.approx(paired.sign_flip(values))


@given(DIFFERENCES)
def test_no_p_is_below_the_smallest_that_its_seeds_can_give(values):
    assert paired.sign_flip(values) >= paired.smallest_p(len(values))


@pytest.mark.parametrize(("n", "p"), [(1, 1.0), (2, 0.5), (3, 0.25), (5, 0.0625), (6, 0.03125)])
def test_equal_signs_reach_the_smallest_p(n, p):
    assert p == paired.smallest_p(n) == paired.sign_flip(np.arange(1.0, n + 1))


def test_many_pairs_use_random_patterns_and_never_give_zero():
    p = paired.sign_flip(np.full(30, 0.1))
    assert 0 < p <= 1e-4


def test_sign_flip_is_exact_under_the_null():
    draw = np.random.default_rng(3)
    p = np.array([paired.sign_flip(draw.normal(size=6)) for _ in range(2000)])
    assert 0.02 < np.mean(p <= 0.05) < 0.05


def test_holm_gives_the_values_of_a_hand_computation():
    # sorted 0.01 x4, 0.02 x3, 0.03 x2 (0.06), 0.04 x1 -> raised to 0.06 by the step before
    assert [0.06, 0.04, 0.06, 0.06] == pytest.approx(list(paired.holm([0.03, 0.01, 0.02, 0.04])))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_keeps_the_order_never_lowers_and_never_exceeds_bonferroni(p):
    adjusted = paired.holm(p)
    raw = np.array(p)
    assert (adjusted >= raw - 1e-15).all()
    assert (adjusted <= np.minimum(raw * len(p), 1) + 1e-15).all()
    assert (np.diff(adjusted[np.argsort(raw, kind="stable")]) >= 0).all()


def test_random_patterns_are_the_same_each_time():
    values = np.random.default_rng(1).normal(0.3, 1.0, 30)
    assert paired.sign_flip(values) == paired.sign_flip(values)
