"""The section on seeds that are added: a small one, made for real."""

import pytest

from results import sequential
from results.stats.simulation import Design
from results.stats.stopping import Stopped


def stopped(**changes):
    values = {"error": 0.05, "plain": 0.09, "single": 0.96, "seeds": 8.0, "plain_seeds": 6.0, "capped": 0.1}
    return Stopped(**values | changes)


def of(errors="equal", **at):
    measured = {1.0: stopped(), 2.0: stopped(**at)}
    return sequential.Sequence(Design(2, 3, 1), errors, measured)


def test_the_grid_holds_every_kind_of_errors_at_every_width(monkeypatch):
    monkeypatch.setattr(sequential, "ROWS", (2,))
    monkeypatch.setattr(sequential, "COLUMNS", (1, 2))
    found = sequential.measure(40)
    assert 2 * len(sequential.KINDS) == len(found)
    assert set(sequential.WIDTHS) == set(found[0].measured)
    assert {"equal", "unequal", "skewed", "outliers"} == {each.errors for each in found}


@pytest.mark.parametrize(
    ("sequence", "wrong"),
    [
        (of(error=0.055), False),
        (of(error=0.056), True),
        (of("unequal", error=0.079), False),
        (of("unequal", error=0.081), True),
        (of(single=0.939), True),
    ],
)
def test_the_worst_width_decides_whether_a_design_keeps_its_limit(sequence, wrong):
    assert ([sequence] if wrong else []) == sequential.missed([sequence])


def test_the_section_prints_the_worst_width_and_marks_what_is_over_its_limit():
    text = sequential.section([of(error=0.07, seeds=12.34, capped=0.2)])
    assert "| 2 | 1 | equal | **7.0%** | 9.0% | 96.0% | 2 | 12.3 | 6.0 | 20% |" in text.splitlines()
    assert max(map(len, text.splitlines())) <= 120
    assert "Intervals are of 98% at each look" in text
