import math

import pytest

from results.frame import from_records
from results.summary import summarise


def scores(make_record, method, values, **changes):
    return [make_record(method=method, seed=i, metrics={"miou": v}, **changes) for i, v in enumerate(values)]


def test_mean_and_sample_standard_deviation_are_those_of_a_hand_computation(make_record):
    row = summarise(from_records(scores(make_record, "geokr", [0.5, 0.6, 0.7]))).iloc[0]
    assert 3 == row["n"]
    assert math.isclose(0.6, row["mean"])
    assert math.isclose(0.1, row["sd"])


def test_one_seed_has_no_standard_deviation(make_record):
    assert math.isnan(summarise(from_records(scores(make_record, "geokr", [0.5]))).iloc[0]["sd"])


def test_places_are_given_within_a_protocol_version_backbone_and_fraction(make_record):
    records = [
        *scores(make_record, "random", [0.5]),
        *scores(make_record, "geokr", [0.7]),
        *scores(make_record, "moco", [0.6]),
        *scores(make_record, "random", [0.9], protocol_hash="other"),
    ]
    table = summarise(from_records(records))
    places = {(row.method, row.protocol_hash): row.place for row in table.itertuples()}
    assert places == {
        ("random", "aaaa1111bbbb2222"): 3,
        ("geokr", "aaaa1111bbbb2222"): 1,
        ("moco", "aaaa1111bbbb2222"): 2,
        ("random", "other"): 1,
    }


def test_means_that_print_alike_share_a_place(make_record):
    records = [*scores(make_record, "geokr", [0.70001]), *scores(make_record, "moco", [0.70002])]
    assert [1, 1] == list(summarise(from_records(records))["place"])


def test_random_comes_first(make_study):
    assert "random" == summarise(from_records(make_study()))["variant"].iloc[0]


@pytest.mark.parametrize("fraction", [0.0025, 0.01, 1.0])
def test_fractions_survive_as_they_are(make_record, fraction):
    assert [fraction] == list(
        summarise(from_records(scores(make_record, "geokr", [0.5], fraction=fraction)))["fraction"]
    )


def test_rows_of_one_method_are_summarised_apart(make_record):
    records = [*scores(make_record, "moco", [0.4], row="aa-1"), *scores(make_record, "moco", [0.6], row="aa-2")]
    table = summarise(from_records(records))
    assert [("aa-1", 1, 0.4), ("aa-2", 1, 0.6)] == list(zip(table["variant"], table["n"], table["mean"], strict=True))


def test_a_cell_bears_the_warnings_of_all_its_records(make_record):
    records = [make_record(seed=0, warnings={"b": "x"}), make_record(seed=1, warnings={"a": "y"}), make_record(seed=2)]
    row = summarise(from_records(records)).iloc[0]
    assert ("a, b", 3) == (row["warnings"], row["n"])
