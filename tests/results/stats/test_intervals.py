import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.stats.intervals import bootstrap_many, stratified_bootstrap, t_interval


def test_the_t_interval_of_three_scores_is_that_of_the_printed_t_table():
    # t(0.975, 2) = 4.302653 (any printed table); s = 0.1, n = 3.
    interval = t_interval([0.5, 0.6, 0.7])
    reach = 4.302653 * 0.1 / math.sqrt(3)
    assert (0.6, 0.6 - reach, 0.6 + reach) == pytest.approx((interval.estimate, interval.low, interval.high), abs=1e-6)
    assert reach == pytest.approx(interval.half_width, abs=1e-6)


def test_one_score_has_no_interval():
    interval = t_interval([0.5])
    assert 0.5 == interval.estimate
    assert math.isnan(interval.low)
    assert math.isnan(interval.high)


def test_the_t_interval_covers_the_truth_in_95_of_100_studies():
    draw = np.random.default_rng(1)
    intervals = [t_interval(draw.normal(0.6, 0.05, 3)) for _ in range(2000)]
    covered = np.mean([interval.low <= 0.6 <= interval.high for interval in intervals])
    assert 0.935 < covered < 0.965


def test_the_bootstrap_is_repeatable_and_contains_its_estimate():
    strata = [np.array([0.5, 0.6, 0.7]), np.array([0.2, 0.3])]
    first, second = (stratified_bootstrap(strata, lambda s: float(np.mean([x.mean() for x in s]))) for _ in range(2))
    assert first == second
    assert first.low < first.estimate < first.high
    assert 0.425 == pytest.approx(first.estimate)


def test_few_seeds_are_redrawn_in_every_way_once():
    seen = []
    stratified_bootstrap([np.array([1.0, 2.0, 3.0])], lambda s: seen.append(tuple(s[0])) or 0.0)
    assert 1 + 27 == len(seen)
    assert 27 == len(set(seen))


def test_many_seeds_are_redrawn_at_random_as_often_as_asked():
    seen = []
    stratified_bootstrap([np.arange(9.0)], lambda s: seen.append(len(s)) or 0.0, resamples=50)
    assert 51 == len(seen)


def test_the_bootstrap_redraws_within_a_data_set_only():
    strata = [np.array([0.5, 0.5, 0.5]), np.array([0.1, 0.1])]
    interval = stratified_bootstrap(strata, lambda s: float(np.mean([x.mean() for x in s])))
    assert (0.3, 0.3) == pytest.approx((interval.low, interval.high))


def test_the_bootstrap_keeps_seeds_of_different_rows_paired():
    rows = np.array([[0.1, 0.5, 0.9], [0.2, 0.6, 1.0]])
    interval = stratified_bootstrap([rows], lambda s: float((s[0][1] - s[0][0]).mean()))
    assert (0.1, 0.1) == pytest.approx((interval.low, interval.high))


def test_infinite_resamples_give_infinite_ends_and_no_nan():
    interval = stratified_bootstrap([np.array([0.0, 1.0])], lambda s: math.inf if s[0].mean() == 0 else 0.5)
    assert (0.5, math.inf) == (interval.low, interval.high)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=1))
def test_one_seed_gives_no_bootstrap_ends(scores):
    (interval,) = bootstrap_many([np.array(scores)], lambda s: np.array([s[0].mean()]))
    assert math.isnan(interval.low)


def test_seeds_that_are_redrawn_at_random_are_redrawn_alike_each_time_and_all_of_them():
    """Eight seeds can be redrawn in more ways than are drawn: a resample holds the first with 1 - (7/8)^8 = 66%."""
    scores = np.array([[0.0, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6]])
    smallest, again = (stratified_bootstrap([scores], lambda drawn: float(drawn[0].min())) for _ in range(2))
    assert smallest == again == stratified_bootstrap([scores], lambda drawn: float(drawn[0].min()), seed=0)
    assert (0.0, 0.0) == (smallest.estimate, smallest.low)
    means = [stratified_bootstrap([scores], lambda drawn: float(drawn[0].mean()), seed=seed) for seed in (1, 2)]
    assert means[0] != means[1]
