"""Whether a training had settled: slopes by least squares over its last fifth."""

import pytest

from tasks.settled import loss_slope, score_slope, settled


def test_the_slope_of_a_loss_is_its_change_over_the_last_fifth_as_a_share_of_its_mean_over_the_first():
    """The last ten of fifty fall by 0.1 a step: by 1 in ten steps, a quarter of the first ten's mean of 4."""
    last = [1 + 0.1 * (4.5 - step) for step in range(10)]
    losses = [4.0] * 10 + [7.0] * 30 + last
    assert loss_slope(losses) == pytest.approx(-0.25)
    assert loss_slope([2 * loss for loss in losses]) == pytest.approx(-0.25)
    assert loss_slope([9.0, 3.0] * 5 + [2.0] * 10) == 0


def test_a_loss_near_zero_may_halve_and_is_settled():
    assert abs(loss_slope([2.0] * 40 + [0.002 - 0.0001 * step for step in range(10)])) < 0.001


def test_the_slope_of_a_score_is_in_points_over_the_last_fifth():
    """From 0.50 to 0.53 between steps 80 and 100 of 100; looks before count nothing."""
    looks = [(20, 0.9), (40, 0.1), (60, 0.0), (80, 0.50), (90, 0.515), (100, 0.53)]
    assert score_slope(looks, 100) == pytest.approx(3.0)
    assert score_slope(looks[3:5], 100) == pytest.approx(3.0)


def test_what_is_too_short_has_no_slope():
    assert loss_slope([1.0] * 7) is None
    assert loss_slope([0.0] * 20) is None
    assert score_slope([(50, 0.1), (100, 0.2)], 100) is None
    assert score_slope([], 100) is None
    assert settled(None, None, 0) == {}


@pytest.mark.parametrize(
    ("of_loss", "of_score", "expected"),
    [(-0.01, None, 1), (-0.5, None, 0), (-0.01, 0.1, 1), (-0.01, 4.0, 0), (-0.01, -4.0, 0), (0.5, 0.1, 0)],
)
def test_a_training_has_settled_where_neither_moves(of_loss, of_score, expected):
    assert expected == settled(of_loss, of_score, 1000)["settled"]


def test_what_one_sample_can_do_to_a_score_is_no_move():
    """One of sixteen is 6.25 points."""
    assert 1 == settled(0.0, 6.25, 16)["settled"]
    assert 0 == settled(0.0, 6.25, 32)["settled"]
