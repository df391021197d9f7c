"""What a study can call, from its store or from what is stated."""

import math

import pytest

from bench.store.questions import Question
from results.frame import from_records
from results.power import power
from results.stats.block_model import compare
from results.stats.planning import smallest_difference
from results.stats.simultaneous import Family

FRACTIONS = (0.01, 1.0)


def questions(*rows):
    return [
        Question(a=a, b="random", protocol="demo/city", backbone="resnet18", fraction=f, amount=f"{f:g}", metric="miou")
        for f in FRACTIONS
        for a in rows
    ]


def texts(grid):
    return [[cell.text for cell in row] for row in grid.rows]


def test_a_stated_spread_gives_the_difference_that_the_design_calls():
    grid = power(questions("geokr"), None, 5, 5, spread=0.01)
    family = Family.of((f, "geokr", "random") for f in FRACTIONS)
    least = smallest_difference(0.01 * math.sqrt(2), 5, 0.0, family)
    assert [f"{100 * least:.2f}"] * 2 == [row[2] for row in texts(grid)]
    assert ["demo/city at 0.01", "1.41"] == texts(grid)[0][:2]
    assert "seeds for 2" in grid.header


def test_the_spread_of_the_store_is_taken_where_none_is_stated(make_study):
    asked = questions("geokr", "moco")
    compared = compare(from_records(make_study(noise=0.02, fractions=FRACTIONS)), asked)
    (first, _) = texts(power(asked, compared, 3, 3))
    assert 100 * 0.02 * math.sqrt(2) == pytest.approx(float(first[1]), rel=0.7)
    more = texts(power(asked, compared, 10, 10))[0]
    assert float(more[2]) < float(first[2])


def test_without_a_spread_nothing_is_known():
    assert [["demo/city at 0.01", *("?" * 5)], ["demo/city at 1", *("?" * 5)]] == texts(
        power(questions("geokr"), None, 3, 3)
    )


def test_few_pretrainings_are_the_units_that_count():
    whole, shared = (power(questions("geokr"), None, 6, draws, spread=0.01) for draws in (6, 3))
    assert float(texts(shared)[0][2]) > float(texts(whole)[0][2])
    assert "pretrainings for 2" in shared.header
    assert "6 seeds, 3 pretrainings of each row" in shared.notes[1]


def test_intervals_that_are_wider_for_looks_call_less_and_the_note_says_how_wide_they_are():
    plain, looked = (power(questions("geokr"), None, 5, 5, spread=0.01, level=level) for level in (0.05, 0.02))
    assert float(texts(looked)[0][2]) > float(texts(plain)[0][2])
    assert ["simultaneous 95% interval" in plain.notes[0], "simultaneous 98% interval" in looked.notes[0]] == [True] * 2
