import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.stats.efficiency import Crossing, area_under_curve, crossing_interval, first_crossing, supported
from results.stats.intervals import Interval


def test_the_crossing_between_two_points_is_linear_in_log_fraction():
    crossing = first_crossing([0.01, 0.1, 1.0], [0.2, 0.4, 0.6], 0.5)
    assert "at" == crossing.kind
    assert math.sqrt(0.1) == pytest.approx(crossing.fraction)


def test_a_lucky_peak_does_not_decide():
    # PAVA pools 0.6 and 0.3 into 0.45, so the crossing moves behind them.
    fractions, scores = [0.01, 0.1, 0.5, 1.0], [0.2, 0.6, 0.3, 0.7]
    expected = math.exp(math.log(0.5) + (0.6 - 0.45) / (0.7 - 0.45) * math.log(2))
    assert expected == pytest.approx(first_crossing(fractions, scores, 0.6).fraction)


def test_a_target_below_the_first_point_is_matched_with_at_most_that_fraction():
    crossing = first_crossing([0.01, 1.0], [0.5, 0.6], 0.4)
    assert ("at most", 0.01) == (crossing.kind, crossing.fraction)


def test_a_target_above_the_curve_is_not_reached():
    crossing = first_crossing([0.01, 1.0], [0.5, 0.6], 0.7)
    assert ("not reached", math.inf) == (crossing.kind, crossing.fraction)


def test_a_target_that_is_met_exactly_is_reached():
    assert Crossing("at most", 0.01) == first_crossing([0.01, 1.0], [0.5, 0.6], 0.5)
    assert 1.0 == pytest.approx(first_crossing([0.01, 1.0], [0.5, 0.6], 0.6).fraction)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6),
    st.floats(0, 1),
)
def test_a_crossing_lies_within_the_measured_fractions(scores, target):
    fractions = np.geomspace(0.01, 1, len(scores))
    crossing = first_crossing(fractions, scores, target)
    if max(scores) < target:
        assert "not reached" == crossing.kind
    if crossing.kind != "not reached":
        assert 0.01 - 1e-12 <= crossing.fraction <= 1 + 1e-12


def test_the_area_of_a_constant_curve_is_its_score_and_of_a_ramp_its_middle():
    assert 0.3 == pytest.approx(area_under_curve([0.01, 0.3, 1.0], [0.3, 0.3, 0.3]))
    assert 0.5 == pytest.approx(area_under_curve([0.01, 0.1, 1.0], [0.4, 0.5, 0.6]))


def differences(*points, noise=(-0.02, 0.0, 0.02)):
    """Differences of three seeds around the given means, one a fraction."""
    return np.array(points)[:, None] + np.array(noise)


FRACTIONS = np.array([0.01, 0.1, 1.0])


def test_the_interval_ends_where_students_interval_leaves_0():
    """Reach t(2, 97.5%) 0.02 / sqrt 3 = 0.04968; the curve rises by 0.1 in a decade."""
    interval = crossing_interval(FRACTIONS, differences(-0.1, 0.0, 0.1), 0.1)
    reach = 4.3027 * 0.02 / math.sqrt(3)
    ends = 10 ** (-1 - reach / 0.1), 10 ** (-1 + reach / 0.1)
    assert ends == pytest.approx((interval.low, interval.high), rel=0.02)
    assert 0.1 == interval.estimate


def test_a_method_that_is_surely_above_needs_at_most_the_smallest_fraction():
    interval = crossing_interval(FRACTIONS, differences(0.1, 0.1, 0.1), 0.01)
    assert (0.01, 0.01) == pytest.approx((interval.low, interval.high))
    assert Crossing("at most", 0.01) == supported(Crossing("at most", 0.01), interval, FRACTIONS)


def test_a_method_that_is_surely_below_does_not_reach():
    interval = crossing_interval(FRACTIONS, differences(-0.3, -0.2, -0.1), math.inf)
    assert (math.inf, math.inf) == (interval.low, interval.high)
    assert Crossing("not reached", math.inf) == supported(Crossing("not reached", math.inf), interval, FRACTIONS)


@pytest.mark.parametrize(
    ("points", "estimate"),
    [
        ((-0.1, -0.02, 0.02), 0.5),  # whether all labels are enough is not known
        ((-0.1, -0.05, -0.01), math.inf),  # below, but not surely
    ],
)
def test_where_all_labels_may_or_may_not_be_enough_there_is_no_number(points, estimate):
    interval = crossing_interval(FRACTIONS, differences(*points), estimate)
    assert math.isfinite(interval.low)
    assert math.inf == interval.high
    assert "not separable" == supported(Crossing("at", estimate), interval, FRACTIONS).kind


def test_without_noise_the_interval_is_the_crossing():
    interval = crossing_interval(FRACTIONS, differences(-0.1, 0.0, 0.0, noise=(0.0, 0.0)), 0.1)
    assert (0.1, 0.1, 0.1) == pytest.approx((interval.low, interval.estimate, interval.high))


def test_one_fraction_that_is_surely_enough_is_a_number_and_one_that_may_be_is_none():
    alone = np.array([1.0])
    sure, unsure = (crossing_interval(alone, differences(mean), 1.0) for mean in (0.1, 0.01))
    assert Crossing("at most", 1.0) == supported(Crossing("at most", 1.0), sure, alone)
    assert Crossing("not separable", math.inf) == supported(Crossing("at most", 1.0), unsure, alone)


def test_an_interval_over_all_that_was_measured_supports_no_number():
    crossing = Crossing("at", 0.1)
    assert "not separable" == supported(crossing, Interval(0.1, 0.01, 1.0), FRACTIONS).kind
    assert crossing == supported(crossing, Interval(0.1, 0.02, 1.0), FRACTIONS)
    assert crossing == supported(crossing, Interval(0.1, 0.01, 0.9), FRACTIONS)


def test_without_an_interval_the_curve_is_all_there_is():
    crossing = Crossing("at", 0.1)
    assert crossing == supported(crossing, Interval(math.nan, math.nan, math.nan), FRACTIONS)


def test_the_true_fraction_lies_in_the_interval_of_three_seeds_in_95_percent_of_studies():
    """Monte-Carlo error of 1500 draws: 0.6 points. Seeds share an error over all fractions."""
    random, held = np.random.default_rng(0), 0
    true = 10 ** (-2 + 0.1 / 0.15)
    for _ in range(1500):
        noise = 0.02 * random.standard_normal(3) + 0.01 * random.standard_normal((3, 3))
        scores = np.array([-0.1, 0.05, 0.1])[:, None] + noise
        interval = crossing_interval(FRACTIONS, scores, first_crossing(FRACTIONS, scores.mean(axis=1), 0.0).fraction)
        held += interval.low <= true <= interval.high
    assert 0.95 == pytest.approx(held / 1500, abs=0.02)
