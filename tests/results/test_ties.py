"""Letters of tie groups: two rows share one if, and only if, they are not told apart."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.frame import from_records
from results.stats.block_model import compare
from results.summary import summarise
from results.ties import letters, tie_letters


def by_column(records):
    frame = from_records(records)
    return list(tie_letters(compare(frame), summarise(frame)).values())


def test_clear_losers_have_another_letter_with_three_seeds(make_study):
    assert [{"geokr": "a", "random": "b"}] * 3 == by_column(make_study(methods=["random", "geokr"], noise=0.0005))


def test_a_column_in_which_no_two_rows_are_told_apart_has_no_letters(make_record):
    records = [
        make_record(method=method, seed=seed, metrics={"miou": 0.5 + (-1) ** seed * sign * 0.01})
        for seed in range(8)
        for method, sign in (("geokr", 1), ("moco", -1))
    ]
    assert [{}] == by_column(records)


def test_a_column_without_an_interval_is_absent(make_study):
    assert [] == by_column(make_study(seeds=1))


@pytest.mark.parametrize(
    ("rows", "different", "found"),
    [
        ("pq", ["pq"], {"p": "a", "q": "b"}),
        ("pqr", ["pr"], {"p": "a", "q": "ab", "r": "b"}),
        ("pqr", ["pq", "pr", "qr"], {"p": "a", "q": "b", "r": "c"}),
        # Piepho's problem: what is told apart need not follow the order of the means.
        ("pqrs", ["qr"], {"p": "ab", "q": "a", "r": "b", "s": "ab"}),
    ],
)
def test_letters_follow_the_order_of_the_means(rows, different, found):
    assert found == letters(list(rows), [tuple(pair) for pair in different])


@given(st.sets(st.sampled_from([frozenset(pair) for pair in combinations("abcdefg", 2)])))
def test_two_rows_share_a_letter_if_and_only_if_they_do_not_differ(different):
    found = letters(list("abcdefg"), [tuple(sorted(pair)) for pair in different])
    assert all(found.values())
    for pair in combinations("abcdefg", 2):
        assert (frozenset(pair) in different) != bool(set(found[pair[0]]) & set(found[pair[1]]))


@given(st.sets(st.sampled_from([frozenset(pair) for pair in combinations("abcdefg", 2)])))
def test_the_best_row_bears_the_first_letter_and_no_letter_is_left_out(different):
    found = letters(list("abcdefg"), [tuple(sorted(pair)) for pair in different])
    assert "a" in found["a"]
    used = sorted(set("".join(found.values())))
    assert [chr(ord("a") + at) for at in range(len(used))] == used
