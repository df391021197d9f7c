"""Primary comparisons become stars: every row against the one that it is held against."""

import pytest

from bench.store.questions import Question
from results.effects import stars
from results.frame import from_records
from results.stats.block_model import compare


def found(records, questions=()):
    return stars(compare(from_records(records), questions))


def question(a, b, fraction=1.0):
    place = {"protocol": "demo/city", "backbone": "resnet18", "amount": "100%", "metric": "miou"}
    return Question(a=a, b=b, fraction=fraction, **place)


def test_rows_are_held_against_the_reference_whichever_side_it_stands_on(make_study):
    (star,) = found(make_study(fractions=[1.0], noise=0.001))
    assert "random" == star.against
    assert {"geokr": True, "moco": True} == {each.row: each.difference > 0 for each in star.effects}
    geokr = star.effects[0]
    assert 0.05 == pytest.approx(geokr.difference, abs=0.005)
    assert geokr.low < geokr.difference < geokr.high
    assert (3, 3, True) == (geokr.n, geokr.units, geokr.sure)


def test_there_is_a_star_for_each_amount_in_order(make_study):
    assert [0.01, 0.1, 1.0] == [star.fraction for star in found(make_study())]


def test_without_a_reference_the_row_that_most_was_asked_of_is_the_centre(make_study):
    records = make_study(methods=["geokr", "moco", "byol"], fractions=[1.0])
    (star,) = found(records, [question("geokr", "moco"), question("byol", "geokr")])
    assert ("geokr", ["byol", "moco"]) == (star.against, sorted(each.row for each in star.effects))


def test_every_question_is_in_exactly_one_star(make_study):
    rows = ["geokr", "moco", "byol", "random"]
    asked = [question(a, b) for at, a in enumerate(rows) for b in rows[at + 1 :]]
    pairs = [frozenset((star.against, each.row)) for star in found(make_study(methods=rows, fractions=[1.0]), asked)
             for each in star.effects]  # fmt: skip
    assert 6 == len(pairs) == len(set(pairs))
    assert {frozenset((each.a, each.b)) for each in asked} == set(pairs)


def test_one_seed_says_nothing_of_chance(make_study):
    assert not any(each.known for star in found(make_study(seeds=1)) for each in star.effects)
