"""Shares of axes, on designs that were worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ncx2

from results.stats.decomposition import decompose, effect, quantile

# Two axes of two levels, two repeats. Means of the points: 11, 15, 21, 27; of all 18.5.
# The first axis: 13 and 24, effect 5.5, SS 8 x 5.5^2 = 242. The second: 16 and 21, SS 8 x 2.5^2 = 50.
# Together: 11 - 13 - 16 + 18.5 = 0.5, SS 2. Repeats: 17 and 20, SS 18. In all 318, so that 6 are left over 3 degrees.
SCORES = np.array([[[10.0, 12.0], [14.0, 16.0]], [[20.0, 22.0], [24.0, 30.0]]])


def of(split, field):
    return {part.term: getattr(part, field) for part in split.components}


def test_sums_of_squares_and_shares_of_a_balanced_design_are_those_of_a_hand():
    """Components: (242 - 2) / 8 = 30, (50 - 2) / 8 = 6, (2 - 2) / 8 = 0, and 2 of the rest: 38 in all."""
    split = decompose(SCORES)
    assert {(0,): 242.0, (1,): 50.0, (0, 1): 2.0, (): pytest.approx(6.0)} == of(split, "squares")
    assert {(0,): 1, (1,): 1, (0, 1): 1, (): 3} == of(split, "df")
    shares = {term: share.estimate for term, share in of(split, "share").items()}
    assert shares == pytest.approx({(0,): 30 / 38, (1,): 6 / 38, (0, 1): 0.0, (): 2 / 38})
    assert [total.estimate for total in split.totals] == pytest.approx([30 / 38, 6 / 38])
    assert split.interactions.estimate == pytest.approx(0.0)
    assert split.difference(0, 1).estimate == pytest.approx(24 / 38)
    # Repeats: (18 - 2) / 4 points = 4.
    assert (split.whole, split.of_repeats, split.error**2) == pytest.approx((38.0, 2.0, 2.0))


def test_an_interaction_alone_is_no_axis_but_is_in_the_total_of_both():
    crossed = np.array([[[1.0, 3.0], [9.0, 9.0]], [[9.0, 9.0], [1.0, 3.0]]])
    split = decompose(crossed)
    shares = {term: share.estimate for term, share in of(split, "share").items()}
    assert (0.0, 0.0, shares[0, 1]) == (shares[0,], shares[1,], split.interactions.estimate)
    assert shares[0, 1] > 0.9
    assert [shares[0, 1]] * 2 == [total.estimate for total in split.totals]
    assert split.interactions.low > 0.5


def test_an_effect_is_what_is_left_of_a_mean_without_smaller_effects():
    assert [[[-5.5]], [[5.5]]] == effect(SCORES, (0,)).tolist()
    assert [[[0.5], [-0.5]], [[-0.5], [0.5]]] == effect(SCORES, (0, 1)).tolist()
    assert 18.5 == effect(SCORES, ()).item()


@pytest.mark.parametrize(("observed", "df", "level"), [(5.0, 2.0, 0.3), (50.0, 4.0, 0.5), (3000.0, 3.0, 0.01)])
def test_a_noncentrality_is_found_at_which_the_noncentral_chi_square_has_its_level(observed, df, level):
    found = float(quantile(np.array(observed), np.array(df), np.array(level)))
    assert level == pytest.approx(ncx2.cdf(observed, df, found), abs=1e-5)


def test_a_noncentrality_is_0_where_the_central_distribution_has_less_already_and_large_ones_are_found_too():
    assert 0.0 == quantile(np.array(0.1), np.array(2.0), np.array(0.5))
    assert quantile(np.array(1e9), np.array(2.0), np.array(0.5)) == pytest.approx(1e9, rel=1e-6)


grids = st.integers(0, 10_000).map(lambda seed: np.random.default_rng(seed).normal(size=(2, 3, 2, 3)))


@given(grids, st.floats(-5, 5))
@settings(max_examples=8, deadline=None)
def test_shares_add_up_to_one_and_what_moves_all_scores_of_a_repeat_alike_is_in_none(scores, shift):
    moved = decompose(scores + np.array([0.0, shift, -2 * shift]), draws=50)
    split = decompose(scores, draws=50)
    assert sum(part.share.estimate for part in split.components) == pytest.approx(1.0)
    assert [part.share.estimate for part in split.components] == pytest.approx(
        [part.share.estimate for part in moved.components], abs=1e-9
    )
    assert all(0 <= part.share.low <= part.share.estimate <= part.share.high <= 1 for part in split.components)


def test_scores_without_any_rest_have_sharp_shares_and_equal_scores_have_none():
    exact = np.array([[1.0, 2.0], [3.0, 4.0]])
    share = decompose(exact).components[0].share
    assert (1.0, 1.0, 1.0) == (share.estimate, share.low, share.high)
    assert 0.0 == decompose(np.ones((2, 2, 2))).components[0].share.high


@pytest.mark.parametrize("shape", [(2, 1), (1, 2), (2, 1, 2)])
def test_one_repeat_or_one_level_splits_into_nothing(shape):
    with pytest.raises(ValueError, match="at least two levels of each axis and two repeats"):
        decompose(np.zeros(shape))
