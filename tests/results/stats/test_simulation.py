"""Simulated studies without a difference: what is measured is what is said."""

import numpy as np
import pytest

from results.stats.simulation import ERRORS, Design, draw_errors, simulate


@pytest.mark.parametrize("errors", ERRORS)
def test_intervals_keep_their_level_in_the_design_of_the_main_job(errors):
    """Four standard deviations of 600 draws above 5% are 8.6%."""
    found = simulate(Design(3, 3, 2), draw_errors(errors), 600)
    assert 0 < found.error < 0.086
    assert found.single > 0.93


def test_two_rows_of_one_column_are_students_paired_test():
    found = simulate(Design(2, 5, 1), draw_errors("equal"), 4000)
    assert 0.05 == pytest.approx(found.error, abs=0.012)
    assert 0.95 == pytest.approx(found.single, abs=0.012)


def test_plain_tukey_errs_where_rows_are_unequal_and_ours_do_not():
    found = simulate(Design(10, 5, 2), draw_errors("unequal"), 500)
    assert found.tukey > 0.12
    assert found.error < 0.09


def test_five_seeds_find_what_the_exact_test_cannot():
    found = simulate(Design(3, 5, 2), draw_errors("equal"), 300)
    assert found.power_3 > 0.8
    assert found.power_5 > found.power_3
    assert found.reference_3 >= found.power_3
    assert (0.0, 0.0, 0.0) == (found.old, found.old_3, found.old_5)


def test_the_exact_test_finds_what_ten_seeds_let_it():
    found = simulate(Design(3, 10, 1), draw_errors("equal"), 300)
    assert found.old < 0.09
    assert found.old_3 > 0.9


def test_counting_repeats_of_one_pretraining_as_independent_errs_badly():
    design = Design(3, 4, 2, pretrainings=2)
    assert (2, 1.0) == (design.units, design.pairs.df[0])
    ours = simulate(design, draw_errors("equal"), 500)
    counted = simulate(design, draw_errors("equal"), 500, judged=Design(3, 4, 2))
    assert ours.error < 0.086
    assert counted.error > 0.12


def test_one_pretraining_lets_a_study_speak_of_its_weights_alone():
    design = Design(3, 4, 2, pretrainings=1)
    assert 4 == design.units
    assert simulate(design, draw_errors("equal"), 500, about_weights=True).error < 0.086
    assert simulate(design, draw_errors("equal"), 500).error > 0.3


def test_equal_seeds_give_equal_figures():
    first, second = (simulate(Design(3, 3, 1), draw_errors("skewed"), 50, seed=7) for _ in range(2))
    assert first == second
    assert simulate(Design(3, 3, 1), draw_errors("skewed"), 50) == simulate(
        Design(3, 3, 1), draw_errors("skewed"), 50, seed=0
    )


@pytest.mark.parametrize("errors", ["equal", "skewed", "outliers"])
def test_errors_have_a_standard_deviation_of_one(errors):
    drawn = draw_errors(errors)(np.random.default_rng(0), (2000, 2, 3, 5))
    assert (2000, 2, 3, 5) == drawn.shape
    assert (0.0, 1.0) == pytest.approx((drawn.mean(), drawn.std()), abs=0.03)
