"""Seeds added until intervals are narrow: what looking costs, and that it is paid."""

import pytest

from results.stats.simulation import Design, draw_errors
from results.stats.simultaneous import ALPHA
from results.stats.stopping import LEVEL, simulate_until


@pytest.fixture(scope="module")
def two_rows():
    """Two rows of one column, where looking costs most: 4000 draws have a Monte-Carlo error of 0.34 points at 5%."""
    (found,) = simulate_until(Design(2, 3, 1), 20, [1.0], draw_errors("equal"), 4000)
    return found


def test_stopping_by_width_without_a_correction_errs_and_with_it_does_not(two_rows):
    assert two_rows.plain > 0.08
    assert two_rows.error < 0.06


def test_the_correction_costs_seeds(two_rows):
    assert two_rows.plain_seeds + 1 < two_rows.seeds < 20
    assert two_rows.capped < 0.1


def test_one_interval_is_its_own_family(two_rows):
    assert 1 - two_rows.error == pytest.approx(two_rows.single)


def test_a_width_that_is_met_at_once_stops_at_the_first_look_and_errs_as_its_level_says():
    (found,) = simulate_until(Design(2, 5, 1), 8, [1000.0], draw_errors("equal"), 4000)
    assert (5, 5, 0) == (found.seeds, found.plain_seeds, found.capped)
    assert (LEVEL, ALPHA) == pytest.approx((found.error, found.plain), abs=0.01)


def test_a_width_that_is_never_met_ends_with_the_most_seeds():
    (found,) = simulate_until(Design(3, 3, 2), 6, [1e-9], draw_errors("equal"), 50)
    assert (6, 6, 1) == (found.seeds, found.plain_seeds, found.capped)


def test_equal_seeds_give_equal_figures():
    first, second = (simulate_until(Design(3, 3, 1), 6, [1.0], draw_errors("unequal"), 50, seed=3) for _ in range(2))
    assert first == second


def test_a_narrower_width_takes_more_seeds_and_a_width_is_judged_by_itself():
    design, draw = Design(3, 3, 1), draw_errors("equal")
    narrow, wide = simulate_until(design, 8, [1.0, 3.0], draw, 1200, seed=3)
    assert narrow.seeds > wide.seeds
    assert [wide] == simulate_until(design, 8, [3.0], draw, 1200, seed=3)
