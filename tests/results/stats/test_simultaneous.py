"""Critical values are those of the printed tables, and families are what they hold."""

import math

import numpy as np
import pytest

from results.stats.simultaneous import Family, Shape, false_discovery


def every(rows, columns=1):
    return Family.of((column, a, b) for column in range(columns) for a in range(rows) for b in range(a))


def against_one(rows, columns=1):
    return Family.of((column, 0, row) for column in range(columns) for row in range(1, rows + 1))


@pytest.mark.parametrize(
    ("rows", "df", "q"),
    [(2, 4, 3.926), (3, 2, 8.331), (3, 10, 3.877), (10, 20, 5.008), (20, 60, 5.241), (5, 1e9, 3.858)],
)
def test_all_pairs_are_judged_by_the_studentised_range(rows, df, q):
    """Tables of q at 5%, which is sqrt 2 times the largest t."""
    assert q == pytest.approx(math.sqrt(2) * every(rows).critical(df), abs=2e-3)


@pytest.mark.parametrize(("rows", "df", "value"), [(1, 5, 2.571), (2, 10, 2.57), (3, 20, 2.54), (5, 30, 2.66)])
def test_rows_against_one_are_judged_by_dunnett(rows, df, value):
    """Dunnett (1964), two-sided at 5%."""
    assert value == pytest.approx(against_one(rows).critical(df), abs=6e-3)


def test_p_of_a_critical_value_is_the_level_and_p_falls():
    for family in (every(4), against_one(6, 5), every(3, 2)):
        assert 0.05 == pytest.approx(family.p_value(family.critical(7.3), 7.3))
        assert 0.1 == pytest.approx(family.p_value(family.critical(7.3, 0.1), 7.3))
        p = [family.p_value(t, 7.3) for t in np.linspace(0, 9, 20)]
        assert (np.diff(p) < 0).all()
        assert 1.0 == pytest.approx(p[0])


def test_columns_are_joined_as_if_independent():
    one, ten = every(4), every(4, 10)
    assert 1 - (1 - one.p_value(4.0, 9)) ** 10 == pytest.approx(ten.p_value(4.0, 9))
    assert (60, 10) == (ten.size, ten.columns)


def test_a_family_knows_stars_full_sets_and_the_rest():
    assert {((Shape("star", 3),), 1)} == set(Family.of([("c", "r", "a"), ("c", "b", "r"), ("c", "r", "d")]).shapes)
    assert {((Shape("range", 3),), 1)} == set(Family.of([("c", 1, 2), ("c", 2, 3), ("c", 3, 1)]).shapes)
    rest = Family.of([("c", 1, 2), ("c", 3, 4)])
    assert {((Shape("range", 4), Shape("sidak", 2)), 1)} == set(rest.shapes)
    assert 1 - (1 - every(2).p_value(3.0, 8)) ** 2 == pytest.approx(rest.p_value(3.0, 8))


def test_a_comparison_counts_once_whichever_row_stands_first():
    assert every(2) == Family.of([(0, 0, 1), (0, 1, 0)])


def test_more_questions_never_narrow_an_interval():
    sizes = [every(2), against_one(2), against_one(3), every(4), every(4, 2), every(10, 10)]
    assert sorted(values := [family.critical(6.6) for family in sizes]) == values


def test_false_discovery_gives_the_values_of_a_hand_computation():
    # sorted 0.01 x4/1, 0.02 x4/2, 0.03 x4/3, 0.5 x4/4, made to fall from the right
    assert [0.5, 0.04, 0.04, 0.04] == pytest.approx(list(false_discovery(np.array([0.5, 0.02, 0.01, 0.03]))))
    assert [] == list(false_discovery(np.array([])))
