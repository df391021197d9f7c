"""The trivial score, blocks that say nothing, and rows that stand apart."""

import pytest

from results import floors
from results.frame import from_records
from results.stats.block_model import compare
from results.stats.ranking import average_ranks, blocks
from results.summary import summarise
from results.ties import tie_letters

BOARD = ("demo/city", "aaaa1111bbbb2222", "resnet18")


def scored(make_record, method, scores, fraction=1.0, **changes):
    return [
        make_record(method=method, fraction=fraction, seed=seed, metrics={"miou": score}, **changes)
        for seed, score in enumerate(scores)
    ]


@pytest.mark.parametrize(
    ("scores", "blind", "empty"),
    [
        ([0.50, 0.52, 0.54], 0.30, False),  # interval 47.0 to 57.0
        ([0.50, 0.52, 0.54], 0.4703, False),
        ([0.50, 0.52, 0.54], 0.4704, True),  # 52 - 4.302653 * 2 / sqrt 3 = 47.032
        ([0.20, 0.50, 0.80], 0.30, True),  # the mean is above, its interval is not
        ([0.50], 0.90, False),  # one repeat has no interval to judge by
    ],
)
def test_a_block_is_uninformative_where_no_interval_lies_above_the_trivial_score(make_record, scores, blind, empty):
    frame = from_records(scored(make_record, "geokr", scores, trivial=blind))
    assert ({(*BOARD, 1.0)} if empty else set()) == floors.uninformative(frame)


def test_one_row_above_makes_a_block_informative(make_record):
    records = scored(make_record, "geokr", [0.2, 0.2, 0.2], trivial=0.3)
    records += scored(make_record, "random", [0.5, 0.5, 0.5], trivial=0.3)
    assert set() == floors.uninformative(from_records(records))


def test_an_uninformative_block_enters_no_rank_and_is_named(make_record):
    records = []
    for method, low, high in (("random", 0.1, 0.5), ("geokr", 0.2, 0.4)):
        records += scored(make_record, method, [low] * 3, fraction=0.01, trivial=0.3)
        records += scored(make_record, method, [high] * 3, fraction=1.0, trivial=0.3)
    arranged = blocks(from_records(records))
    assert [(2, 1, 3)] == [scores.shape for scores in arranged.scores]
    ranks = dict(zip(arranged.variants, average_ranks(arranged).intervals, strict=True))
    assert (1.0, 2.0) == (ranks["random"].estimate, ranks["geokr"].estimate)
    assert ["demo/city, resnet18 at 1%: uninformative, no row is above the trivial score"] == arranged.left_out


def test_where_every_block_is_uninformative_there_is_no_rank(make_record):
    records = scored(make_record, "geokr", [0.2] * 3, trivial=0.3) + scored(
        make_record, "random", [0.1] * 3, trivial=0.3
    )
    assert [] == average_ranks(blocks(from_records(records))).variants


def test_records_that_do_not_know_the_trivial_score_are_not_judged(make_study):
    frame = from_records(make_study())
    assert ({}, set(), []) == (floors.trivial(frame), floors.uninformative(frame), floors.notes(frame))


def test_the_trivial_score_is_the_mean_of_the_cells(make_record):
    records = [make_record(seed=seed, trivial=value) for seed, value in enumerate([0.1, 0.2])]
    assert {1.0: pytest.approx(0.15)} == floors.trivial(from_records(records))


APART = ["random-raw", "image-stats", "mosaiks", "oracle"]


@pytest.fixture
def frame(make_study, make_record):
    records = make_study(seeds=8, fractions=[1.0])
    for method in APART:
        records += scored(make_record, method, [0.9 if method == "oracle" else 0.1] * 8)
    return from_records(records)


def test_references_come_first_then_floors_then_methods_and_the_oracle_last(frame):
    assert ["random", "random (raw)", "image-stats", "mosaiks", "geokr", "moco", "oracle"] == list(
        summarise(frame)["variant"]
    )


def test_floors_and_ceilings_have_no_place_and_no_rank(frame):
    places = dict(summarise(frame)[["variant", "place"]].itertuples(index=False))
    assert {"geokr": 1, "moco": 2, "random": 3} == {name: place for name, place in places.items() if place}
    arranged = blocks(frame)
    assert ["random", "geokr", "moco"] == arranged.variants
    assert [f"{name}: a floor or a ceiling" for name in ("random (raw)", "image-stats", "mosaiks", "oracle")] == (
        arranged.left_out
    )


def test_floors_are_compared_with_methods_and_not_with_each_other(frame):
    pairs = {frozenset(pair) for pair in compare(frame)[["a", "b"]].itertuples(index=False)}
    assert frozenset(("geokr", "image-stats")) in pairs
    assert frozenset(("geokr", "oracle")) in pairs
    assert not any(pair <= {"random (raw)", "image-stats", "mosaiks", "oracle"} for pair in pairs)


def test_floors_and_the_oracle_are_in_no_tie_group(frame):
    letters = tie_letters(compare(frame), summarise(frame))
    assert not any({"oracle", "mosaiks"} & set(rows) for rows in letters.values())
