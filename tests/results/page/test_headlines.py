"""The sentences that the page opens with."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from results.effects import Effect, Star
from results.frame import from_records
from results.page.headlines import headline, tally
from results.robustness import Pair, Place, Robustness
from results.stats.block_model import compare

EFFECT = Effect("geokr", 0.041, 0.022, 0.06, sure=True, within=0.06, callable=0.03, measured=0.048, n=3, units=3,
                one=False, other=False, disagree=False, warned="", times=None)  # fmt: skip
OPEN = replace(EFFECT, row="moco", difference=-0.01, low=-0.04, high=0.02, sure=False, within=0.05)
EQUAL = replace(OPEN, row="simclr", difference=0.001, low=-0.009, high=0.011, within=0.009)


def said(*effects, against="random", **more):
    return headline(Star(0.01, against, list(effects)), "demo/city", "1%", 0.01, **more)


def test_a_difference_is_said_with_its_interval_and_what_it_is_about():
    found = said(EFFECT)
    assert "On demo/city at 1%, geokr is 4.1 [2.2, 6.0] points above random." == found.text
    assert "about methods; 3 seeds; 3.0 points could be called; intervals of such designs err in 4.8% of studies" == (
        found.facts
    )
    assert found.sure


def test_all_rows_of_a_column_are_one_sentence():
    below = replace(EFFECT, row="cmid", difference=-0.02, low=-0.03, high=-0.01)
    second = replace(EFFECT, row="byol", difference=0.03, low=0.01, high=0.05)
    text = said(OPEN, second, below, EQUAL, EFFECT).text
    assert (
        "On demo/city at 1%, geokr is 4.1 [2.2, 6.0], byol 3.0 [1.0, 5.0] points above random; cmid is 2.0 [1.0, 3.0] "
        "points below random; simclr (0.1 [-0.9, 1.1]) and it are equal within 1 point; moco is not told apart from it "
        "(1.0 [-2.0, 4.0] points below)." == text
    )


def test_where_nothing_is_told_apart_the_furthest_row_stands_for_all():
    rows = [replace(OPEN, row=f"row {at}", difference=-0.001 * at, low=-0.04, high=0.03) for at in range(1, 10)]
    found = said(*rows)
    assert found.text.startswith("On demo/city at 1%, none of 9 rows is told apart from random (")
    assert found.text.endswith("(the furthest: row 9, 0.9 [-3.0, 4.0] points below).")
    assert not found.sure


@pytest.mark.parametrize(("measured", "suggests"), [(0.08, False), (0.081, True)])
def test_above_8_percent_of_measured_error_a_sentence_suggests(measured, suggests):
    found = said(replace(EFFECT, measured=measured))
    assert suggests == ("the scores suggest that geokr is 4.1" in found.text)
    assert f"err in {100 * measured:.1f}% of studies" in found.facts


def test_weights_of_one_pretraining_are_no_methods():
    one = replace(EFFECT, one=True)
    assert said(one).facts.startswith("about these weights: one pretraining a row; 3 seeds")
    mixed = said(one, OPEN, EQUAL).facts
    assert mixed.startswith("about methods, but of geokr about these weights: one pretraining; ")


def test_repeats_that_share_a_pretraining_are_counted_apart():
    assert "6 seeds, 3 pretrainings; " in said(replace(EFFECT, n=6)).facts
    assert "3 to 5 seeds; " in said(EFFECT, replace(OPEN, n=5, units=5)).facts


def test_doubts_stand_where_they_belong():
    doubtful = replace(EFFECT, warned="features-collapsed", times=3.84, disagree=True)
    assert "geokr ‡ is 4.1 [2.2, 6.0] (at 3.8 times the compute) (the exact test disagrees) points above random." in (
        said(doubtful).text
    )
    assert said(EFFECT, blind=True).facts.endswith("no row of the column is above the trivial score (§)")


def test_a_sentence_says_what_becomes_of_it_under_another_recipe():
    pair = Pair("random", "geokr", "1%")
    held = Robustness(Place("demo/city", "a", "resnet18"), {pair: -1}, {"tuned": {pair: "gone"}})
    assert said(EFFECT, held=held).text.endswith("above random; geokr: gone when tuned.")


def test_one_seed_gives_scores_and_no_verdict():
    found = said(replace(EFFECT, low=math.nan, high=math.nan, callable=math.nan, measured=math.nan, n=1, units=1))
    assert "points above random: geokr +4.1. With one seed nothing is known of chance." in found.text
    assert ("about methods; 1 seed", False) == (found.facts, found.sure)


def test_the_tally_counts_all_questions_and_states_the_error_of_the_design(make_study):
    frame = from_records(make_study(noise=0.001))
    found = tally(compare(frame), 0.01)
    assert "6 primary questions (every row against each reference: none were stated): 6 told apart, " in found.text
    assert "of simulated studies of a design like this one" in found.error
    assert ("suggest" in found.error) == (compare(frame)["measured"].max() > 0.08)


def test_questions_without_an_answer_are_counted_too(make_study):
    assert "With one repeat nothing is known of chance." in tally(compare(from_records(make_study(seeds=1))), 0.01).text
    table = compare(from_records(make_study())).assign(primary=False)
    assert tally(table, 0.01).text.startswith("No question was asked")
    assert "" == tally(pd.DataFrame(table), 0.01).error
