"""Round values, bars and names of charts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import scales
from results.stats.intervals import Interval

NAN = float("nan")


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        (0.11, 0.376, [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4]),
        (0.0, 1.0, [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.5, 0.5, [0.5, 0.501]),
    ],
)
def test_ticks_are_round(low, high, found):
    assert found == scales.ticks(low, high)


@given(st.floats(-1, 1), st.floats(0, 2), st.integers(4, 9))
def test_ticks_hold_all_values_and_are_few(low, span, most):
    found = scales.ticks(low, low + span, most)
    assert found[0] <= low + 1e-6
    assert low + span - 1e-6 <= found[-1]
    assert 2 <= len(found) <= most + 2


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [(1e12, 1e12, [9e11, 1e12, 1.2e12]), (1e12, 4e13, [1e12, 1e13]), (1.6e12, 1.7e12, [1.5e12, 2e12])],
)
def test_an_axis_of_costs_has_at_least_two_round_values(low, high, found):
    ends, places = scales.costs(low, high)
    assert found == pytest.approx(places)
    assert ends[0] < low <= high < ends[1]


@given(st.floats(1e6, 1e18), st.floats(1, 1e9))
def test_an_axis_of_costs_never_has_more_values_than_room(low, ratio):
    assert 2 <= len(scales.costs(low, low * ratio)[1]) <= 5


@pytest.mark.parametrize(("cost", "said"), [(2e12, "2e12"), (1.5e13, "1.5e13"), (1e9, "1e9")])
def test_a_cost_is_short(cost, said):
    assert said == scales.power(cost)


@pytest.mark.parametrize(
    ("score", "ends"),
    [
        (Interval(0.5, 0.4, 0.6), (0.4, 0.6)),
        (Interval(0.1, -0.2, 0.4), (0.0, 0.4)),
        (Interval(0.9, 0.7, 1.1), (0.7, 1.0)),
        (Interval(0.5, NAN, NAN), (0.5, 0.5)),
    ],
)
def test_a_bar_ends_where_scores_do(score, ends):
    assert ends == scales.bar(score)


def test_names_are_moved_as_little_as_need_be():
    assert [10.0, 24.0, 38.0, 90.0] == pytest.approx(scales.spread([24.0, 24.0, 24.0, 90.0], 14.0, 0.0, 100.0))
    assert [0.0, 14.0] == pytest.approx(scales.spread([1.0, 1.0], 14.0, 0.0, 100.0))
    assert [] == scales.spread([], 14.0, 0.0, 100.0)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=20))
def test_no_two_names_touch_none_leaves_the_frame_and_their_order_stays(places):
    moved = scales.spread(places, 14.0, 0.0, 300.0)
    ordered = sorted(moved)
    assert all(b - a >= 14.0 - 1e-6 for a, b in pairwise(ordered))
    assert ordered[0] >= -1e-6
    assert ordered[-1] <= 300.0 + 1e-6
    assert [moved[at] for at in sorted(range(len(places)), key=lambda at: (places[at], at))] == ordered
