import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.stats.efficiency import area_under_curve, crossing_interval, first_crossing


def test_the_crossing_between_two_points_is_linear_in_log_fraction():
    crossing = first_crossing([0.01, 0.1, 1.0], [0.2, 0.4, 0.6], 0.5)
    assert "at" == crossing.kind
    assert math.sqrt(0.1) == pytest.approx(crossing.fraction)


def test_the_first_of_several_crossings_counts():
    assert 0.1 == pytest.approx(first_crossing([0.01, 0.1, 0.5, 1.0], [0.2, 0.6, 0.3, 0.7], 0.6).fraction)


def test_the_isotonic_curve_does_not_jump_at_a_lucky_peak():
    # PAVA pools 0.6 and 0.3 into 0.45, so the crossing moves behind them.
    fractions, scores = [0.01, 0.1, 0.5, 1.0], [0.2, 0.6, 0.3, 0.7]
    expected = math.exp(math.log(0.5) + (0.6 - 0.45) / (0.7 - 0.45) * math.log(2))
    assert expected == pytest.approx(first_crossing(fractions, scores, 0.6, isotonic=True).fraction)


def test_a_target_below_the_first_point_is_matched_with_at_most_that_fraction():
    crossing = first_crossing([0.01, 1.0], [0.5, 0.6], 0.4)
    assert ("at most", 0.01) == (crossing.kind, crossing.fraction)


def test_a_target_above_the_curve_is_never_matched():
    crossing = first_crossing([0.01, 1.0], [0.5, 0.6], 0.7)
    assert ("never", math.inf) == (crossing.kind, crossing.fraction)


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6),
    st.floats(0, 1),
)
def test_a_crossing_lies_within_the_measured_fractions(scores, target):
    fractions = np.geomspace(0.01, 1, len(scores))
    crossing = first_crossing(fractions, scores, target)
    reached = max(scores) >= target
    assert reached == (crossing.kind != "never")
    if reached:
        assert 0.01 - 1e-12 <= crossing.fraction <= 1 + 1e-12


def test_the_area_of_a_constant_curve_is_its_score_and_of_a_ramp_its_middle():
    assert 0.3 == pytest.approx(area_under_curve([0.01, 0.3, 1.0], [0.3, 0.3, 0.3]))
    assert 0.5 == pytest.approx(area_under_curve([0.01, 0.1, 1.0], [0.4, 0.5, 0.6]))


def test_the_interval_of_a_crossing_holds_the_estimate_and_says_never_where_resamples_fail():
    fractions = np.array([0.01, 0.1, 1.0])
    method = np.array([[0.2, 0.22, 0.18], [0.4, 0.42, 0.38], [0.6, 0.62, 0.5]])
    interval = crossing_interval(fractions, method, np.array([0.55, 0.55, 0.55]))
    assert interval.low < interval.estimate < interval.high
    assert math.isinf(interval.high)
