"""What a pretraining cost, and what a sentence about it may say."""

import math

import pytest

from results import budgets
from results.frame import from_records

FACTS = {"steps": 100.0, "tiles": 6400.0, "student_views": 6400.0, "teacher_views": 6400.0}


def facts(flops, seconds=35.0):
    return {**FACTS, "flops": 3.0 * flops, "flops_forward": float(flops), "seconds": seconds}


def test_facts_of_several_pretrainings_are_averaged_each_once(make_study):
    """Nine records of one pretraining weigh no more than one of another."""
    records = make_study(methods=["geokr"], weights="a", pretraining=facts(1e12, 10.0))
    records += make_study(
        methods=["geokr"], fractions=[0.1], seeds=1, weights="b", seed=7, pretraining=facts(3e12, 20.0)
    )
    found = budgets.facts(from_records(records))
    assert (2e12, 15.0, 100.0) == (found["flops_forward"], found["seconds"], found["steps"])


@pytest.mark.parametrize(("other", "seconds"), [("CPU A", 15.0), ("GPU B", None)])
def test_seconds_of_unlike_processors_have_no_mean(make_study, other, seconds):
    records = []
    for name, machine, spent in (("a", "CPU A", 10.0), ("b", other, 20.0)):
        made = {"device": "cpu", "weights": {"device_name": machine}}
        records += make_study(
            methods=["geokr"], weights=name, pretraining=facts(1e12, spent), provenance=made, seed=spent
        )
    found = budgets.facts(from_records(records))
    assert (seconds, 1e12) == (found.get("seconds"), found["flops_forward"])


@pytest.mark.parametrize(
    ("ahead", "behind", "times"),
    [(3.8e12, 1e12, 3.8), (1e12, 4e12, 0.25), (1.4e12, 1e12, None), (1e12, 1.4e12, None), (1e12, 0.0, None)],
)
def test_compute_is_said_where_it_differs_by_more_than_half(ahead, behind, times):
    assert times == (None if (found := budgets.ratio(ahead, behind)) is None else pytest.approx(found))


def test_unknown_compute_is_compared_with_nothing():
    assert budgets.ratio(math.nan, 1e12) is None


@pytest.mark.parametrize(
    ("changes", "one"),
    [
        ({"method": "geokr"}, True),
        ({"method": "geokr", "pretraining": {"steps": 100.0}}, True),
        ({"method": "supervised", "corpus": None, "pretraining": {"steps": 5.0}}, True),
        ({"method": "random"}, False),
        ({"method": "random", "corpus": "cccc3333", "pretraining": {"tiles": 2560.0}}, False),
        ({"method": "mosaiks", "corpus": "cccc3333"}, False),
        ({"method": "imagenet", "pretraining": {"steps": 0.0}}, False),
    ],
)
def test_only_a_method_that_trains_has_weights_to_speak_of(make_record, changes, one):
    """Calibrating batch norm reads the corpus and trains nothing."""
    assert one == budgets.rests_on_one(from_records([make_record(**changes, seed=seed) for seed in range(3)]))


def test_several_pretrainings_speak_of_the_method(make_record):
    records = [make_record(method="geokr", weights=f"w{seed}", seed=seed) for seed in range(3)]
    assert not budgets.rests_on_one(from_records(records))


def test_notes_put_rows_of_equal_budgets_together_with_what_each_spent(make_study):
    records = make_study(methods=["random"]) + make_study(methods=["geokr"], pretraining=facts(1e12) | {"trials": 8.0})
    records += make_study(methods=["moco"], pretraining=facts(2e12, 1234.0) | {"trials": 8.0})
    spent = (
        "Pretraining, 100 steps, 6,400 tiles, 6,400 student views, 6,400 teacher views: "
        "geokr (3e+12 FLOPs, 35 s), moco (6e+12 FLOPs, 1,234 s)."
    )
    assert [spent, "Options tuned: 8 trials each."] == budgets.notes(from_records(records))


def test_unequal_trials_are_named_row_by_row(make_study):
    records = make_study(methods=["geokr"], pretraining=facts(1e12) | {"trials": 30.0})
    records += make_study(methods=["moco"], pretraining=facts(1e12) | {"trials": 1.0})
    said = budgets.notes(from_records(records))
    assert ["Options tuned by 30 trials: geokr.", "Options tuned by 1 trial: moco."] == said[1:]


def test_score_against_compute_has_rows_with_and_without_a_pretraining(make_study):
    records = make_study(methods=["random"]) + make_study(methods=["geokr"], pretraining=facts(1e12))
    records += make_study(methods=["moco"], pretraining=facts(2e12))
    found = budgets.score_against_compute(from_records(records))
    assert [0.01, 0.1, 1.0] == list(found)
    assert {"random": 0.0, "geokr": 3e12, "moco": 6e12} == {row.variant: row.flops for row in found[0.01]}
    assert all(row.score.low < row.score.estimate < row.score.high for row in found[0.01])


def test_weights_of_before_do_not_pass_for_free(make_study):
    """A trained row whose records state no FLOPs is left out, and is not drawn as one that cost nothing."""
    records = make_study(methods=["cmid"]) + make_study(methods=["byol"], pretraining={"steps": 5.0})
    for number, method in enumerate(["geokr", "moco"]):
        records += make_study(methods=[method], pretraining=facts(1e12 * (1 + number)))
    found = budgets.score_against_compute(from_records(records))
    assert ["geokr", "moco"] == [row.variant for row in found[1.0]]
    assert {} == budgets.score_against_compute(from_records(make_study()))
