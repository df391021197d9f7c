"""Variances borrow from each other as far as they are alike."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import digamma, polygamma

from results.stats import moderation
from results.stats.moderation import Pairs, moderate


def pairs_of(rows, columns=1, df=2.0):
    a, b = np.triu_indices(rows, 1)
    column = np.repeat(np.arange(columns), len(a))
    return Pairs(np.tile(a, columns), np.tile(b, columns), column, np.full(column.size, df))


def drawn(pairs, scale, seed=0):
    return scale * np.random.default_rng(seed).chisquare(pairs.df) / pairs.df


@pytest.mark.parametrize(("spread", "d0"), [(math.pi**2 / 2, 1), (math.pi**2 / 6, 2), (math.pi**2 / 6 - 1, 4)])
def test_prior_degrees_of_freedom_invert_the_trigamma_function(spread, d0):
    """psi'(1/2) = pi^2/2, psi'(1) = pi^2/6, psi'(2) = pi^2/6 - 1."""
    assert d0 == pytest.approx(float(moderation._degrees(np.array([spread]))[0]), rel=1e-9)
    assert math.inf == moderation._degrees(np.array([0.0]))[0]


def test_one_column_of_three_rows_by_hand():
    """Each pair shares a row with both others: the mean correlation is (1 + 2 x 1/4) / 3 = 1/2."""
    pairs, variances = pairs_of(3, df=4.0), np.array([1.0, 2.0, 12.0])
    assert [0.5] == pairs.common.tolist()
    logs = np.log(variances) - digamma(2) + math.log(2)
    sampling = math.pi**2 / 6 - 1
    beyond = ((logs - logs.mean()) ** 2).sum() / (3 * 0.5) - sampling
    location = np.exp(logs.mean())
    # The column's centre is known as well as its own pairs say, and no other column tells more.
    d0 = 2 * _inverse_trigamma(beyond + (beyond + sampling) / 2)
    found = moderate(variances, pairs)
    assert np.full(3, location) == pytest.approx(found.location)
    assert np.full(3, d0) == pytest.approx(found.prior_df, rel=1e-6)
    assert (d0 * location + 4 * variances) / (d0 + 4) == pytest.approx(found.variance)
    assert np.full(3, d0 + 4) == pytest.approx(found.df)


def _inverse_trigamma(x):
    low, high = 1e-3, 1e6
    for _ in range(200):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if polygamma(1, middle) > x else (low, middle)
    return low


def test_a_single_variance_stays_as_it_is():
    found = moderate(np.array([3.0]), pairs_of(2))
    assert ([3.0], [2.0], [0.0]) == (found.variance.tolist(), found.df.tolist(), found.prior_df.tolist())


def test_lone_pairs_are_drawn_to_the_board_and_not_to_themselves():
    pairs = pairs_of(2, columns=40, df=4.0)
    found = moderate(drawn(pairs, 5.0), pairs)
    assert 1 == len(set(found.location.tolist()))
    assert 5.0 == pytest.approx(found.location[0], rel=0.25)


def test_equal_variances_lend_much_and_unequal_ones_little():
    pairs = pairs_of(6, columns=20)
    alike = moderate(drawn(pairs, 1.0), pairs)
    apart = moderate(drawn(pairs, np.exp(2 * np.random.default_rng(1).normal(size=300))), pairs)
    assert alike.df.min() > 2 * apart.df.max()
    assert apart.prior_df.max() < 2


def test_no_column_has_more_degrees_of_freedom_than_its_residuals_and_the_board_give():
    """Columns that differ a thousandfold tell nothing of each other, whatever is alike within one."""
    pairs = pairs_of(3, columns=10, df=4.0)
    found = moderate(drawn(pairs, np.repeat(10.0 ** np.arange(10), 3)), pairs)
    assert found.df.max() < 2 * 4 + 1
    assert found.df.min() > 4


def test_columns_keep_their_own_scale():
    pairs = pairs_of(10, columns=2)
    found = moderate(drawn(pairs, np.repeat([1.0, 1e4], 45)), pairs)
    assert 1e4 == pytest.approx(found.location[-1] / found.location[0], rel=0.9)


def test_a_variance_of_zero_shapes_no_prior_and_is_drawn_up():
    pairs = pairs_of(4)
    with_zero = np.array([0.0, 1.0, 1.2, 0.9, 1.1, 1.0])
    found = moderate(with_zero, pairs)
    assert np.isfinite(found.variance).all()
    assert 0.3 < found.variance[0] < found.location[0]
    assert [0.0] * 6 == moderate(np.zeros(6), pairs).variance.tolist()


@given(st.floats(1e-6, 1e6))
def test_the_unit_of_scores_changes_nothing_but_the_variances(unit):
    pairs = pairs_of(4, columns=3)
    variances = drawn(pairs, 1.0, seed=4)
    plain, scaled = moderate(variances, pairs), moderate(unit * variances, pairs)
    assert unit * plain.variance == pytest.approx(scaled.variance, rel=1e-6)
    assert plain.df == pytest.approx(scaled.df, rel=1e-5)


def test_many_studies_at_once_are_judged_as_one_by_one():
    pairs = pairs_of(4, columns=3)
    studies = np.stack([drawn(pairs, 1.0, seed=seed) for seed in range(5)])
    together = moderate(studies, pairs)
    for number, study in enumerate(studies):
        alone = moderate(study, pairs)
        assert alone.variance == pytest.approx(together.variance[number])
        assert alone.df == pytest.approx(together.df[number])


def test_columns_of_unequal_length_and_missing_pairs_are_told_apart():
    """Two rows of a star share row 0: of 2 pairs 2 ordered ones do, and the correlation is (2 + 2/4) / 4."""
    pairs = Pairs(np.array([0, 0, 0]), np.array([1, 2, 1]), np.array([0, 0, 1]), np.array([2.0, 4.0, 2.0]))
    assert [0.625, 1.0] == pytest.approx(pairs.common.tolist())
    assert [2 * 3.0, 1 * 2.0] == pytest.approx(pairs.residual.tolist())
    assert [0, 0, 1] == pairs.place.tolist()
    found = moderate(np.array([1.0, 2.0, 3.0]), pairs)
    assert np.isfinite(found.variance).all()
    assert (found.df >= pairs.df).all()
