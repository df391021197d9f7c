"""What a study can call, held against simulated studies."""

import math

import numpy as np
import pytest
from scipy.stats import t as student

from results.stats.planning import MOST_SEEDS, callable_difference, seeds_needed, smallest_difference
from results.stats.simultaneous import Family

ALONE = Family.of([("c", "a", "b")])
MANY = Family.of((column, "random", row) for column in range(6) for row in "abc")


def test_the_callable_difference_by_hand():
    """t(4, 97.5%) = 2.776, t(4, 80%) = 0.941."""
    assert 0.01 * (2.776 + 0.941) == pytest.approx(callable_difference(0.01, 4, 2.776), abs=1e-5)


def test_four_of_five_simulated_studies_call_it():
    least = smallest_difference(1.0, 5, 0.0, ALONE)
    scores = np.random.default_rng(2).normal(least, 1.0, (4000, 5))
    t = scores.mean(axis=1) / scores.std(axis=1, ddof=1) * math.sqrt(5)
    assert 0.8 == pytest.approx((np.abs(t) > student.ppf(0.975, 4)).mean(), abs=0.03)


def test_the_seeds_needed_are_the_fewest_that_do():
    for family, lent in ((ALONE, 0.0), (MANY, 3.5)):
        seeds = seeds_needed(0.02, 0.015, lent, family)
        assert smallest_difference(0.015, seeds, lent, family) <= 0.02
        assert smallest_difference(0.015, seeds - 1, lent, family) > 0.02


def test_more_questions_need_more_seeds_and_a_hopeless_difference_needs_too_many():
    assert seeds_needed(0.02, 0.03, 2.0, MANY) > seeds_needed(0.02, 0.03, 2.0, ALONE)
    assert seeds_needed(0.0001, 1.0, 2.0, ALONE) is None
    assert smallest_difference(1.0, MOST_SEEDS, 2.0, ALONE) > 0.0001


def test_two_seeds_are_the_fewest_and_the_most_are_still_tried():
    assert 2 == seeds_needed(1000.0, 0.01, 2.0, ALONE)
    at_most = smallest_difference(1.0, MOST_SEEDS, 2.0, ALONE)
    assert MOST_SEEDS == seeds_needed(at_most, 1.0, 2.0, ALONE)
    beyond = smallest_difference(1.0, MOST_SEEDS + 1, 2.0, ALONE)
    assert seeds_needed(beyond, 1.0, 2.0, ALONE) is None
