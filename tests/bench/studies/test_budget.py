"""A budget gives every row of a study its steps, in one unit; what is wrong with one is said in a line."""

import pytest
import yaml

from bench.core.bands import RGB
from bench.core.errors import StudyError
from bench.studies.budget import fit
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining

ROWS = ["geokr", "geokr-representation", "geokr-classification", "moco", "simclr", "byol", "cmid"]
FREE = {"pretrain": {"batch": 64, "size": 64}, "options": {}, "methods": ROWS}


class Tiles:
    """A corpus of a thousand tiles with land cover, as far as a budget looks at one."""

    has_landcover = True
    bands = RGB

    def __len__(self):
        return 1000


def lengths(**values):
    """Steps of each row."""
    study = load_study("demo", FREE | values)
    rows = [row for row in study.rows() if row.name in ROWS]
    return {
        row.name: fit(study.options_of(row), study.budget, row.name, row.method, "resnet18", Tiles()).steps
        for row in rows
    }


def refused(**values):
    with pytest.raises(StudyError) as error:
        lengths(**values)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_equal_views_are_half_the_steps_for_methods_that_feed_two_a_tile():
    """9999 views are 156 batches of 64 tiles at one view each, and 78 at two."""
    one, two = ("geokr", "geokr-representation", "geokr-classification", "moco"), ("simclr", "byol", "cmid")
    assert dict.fromkeys(one, 156) | dict.fromkeys(two, 78) == lengths(budget={"views": 9999})


@pytest.mark.parametrize(("budget", "steps"), [({"tiles": 6400}, 100), ({"tiles": 6399}, 99), ({"steps": 37}, 37)])
def test_tiles_and_steps_are_the_same_for_all(budget, steps):
    assert dict.fromkeys(ROWS, steps) == lengths(budget=budget)


def test_rows_of_another_batch_get_as_many_views():
    found = lengths(budget={"views": 6400}, options={"moco": {"batch": 32}})
    assert (200, 100) == (found["moco"], found["geokr"])


def test_a_papers_rows_are_as_long_as_their_options_say():
    assert dict.fromkeys(ROWS) == lengths(budget="paper")
    assert {"moco": 12} == {
        name: steps
        for name, steps in lengths(budget="paper", options={"moco": {"steps": 12}}).items()
        if steps is not None
    }


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        (
            {"epochs": 5},
            "a budget is `paper`, or one of {views: N}, {tiles: N}, {steps: N}, {flops: N}, not {'epochs': 5}",
        ),
        ({"views": 5, "tiles": 5}, "a budget is `paper`"),
        ("short", "a budget is `paper`, or one of"),
        (1000, "a budget is `paper`, or one of {views: N}, {tiles: N}, {steps: N}, {flops: N}, got 1000"),
        ([1000], "a budget is `paper`, or one of"),
        ({}, "a budget is `paper`, or one of"),
        ({"views": 0}, "budget: views: 0 is no number above 0"),
        ({"views": -5}, "budget: views: -5 is no number above 0"),
        ({"views": "many"}, "budget: views: 'many' is no number above 0"),
        ({"steps": None}, "budget: steps: None is no number above 0"),
        ({"tiles": float("inf")}, "budget: tiles: inf is no number above 0"),
        (
            {"views": 63},
            "budget: 63 views are less than one step of geokr, which takes 64 views (batch 64): raise the ",
        ),
        ({"views": 100}, "budget: 100 views are less than one step of simclr, which takes 128 views"),
        ({"tiles": 10}, "budget: 10 tiles are less than one step of geokr, which takes 64 tiles"),
        ({"steps": 0.5}, "budget: 0.5 steps are less than one step"),
    ],
)
def test_a_budget_that_cannot_be_is_refused_in_one_line(budget, said):
    assert said in refused(budget=budget)


@pytest.mark.parametrize(
    "own",
    [
        {"pretrain": {"epochs": 3}},
        {"options": {"moco": {"epochs": 3}}},
        {"options": {"byol": {"steps": 3}}},
        {"methods": [{"moco": {"epochs": 3}}]},
    ],
)
def test_a_row_with_a_length_of_its_own_beside_a_budget_is_refused(own):
    said = refused(budget={"views": 6400}, **own)
    assert "=3 beside the study's budget of 6,400 views, which sets every row's length: set " in said


def test_null_takes_back_the_epochs_of_a_study_that_is_extended():
    found = lengths(budget={"steps": 9}, pretrain={"epochs": None, "batch": 64}, options={"moco": {"epochs": None}})
    assert {9} == set(found.values())
    assert 200 == load_study("demo", FREE | {"pretrain": {"epochs": None}}).options_of("moco").epochs


def test_a_budget_replaces_that_of_the_study_that_is_extended(tmp_path):
    base = {"extends": "demo", "name": "base", "budget": {"views": 100}}
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    (tmp_path / "mine.yaml").write_text(
        yaml.safe_dump({"extends": "base.yaml", "name": "mine", "budget": {"steps": 7}})
    )
    free = {"pretrain": {}, "options": {}}
    assert "7 steps" == str(load_study(tmp_path / "mine.yaml", free).budget)
    assert "9 tiles" == str(load_study(tmp_path / "base.yaml", free | {"budget.tiles": 9}).budget)


def test_a_budget_is_unused_where_nothing_trains(tmp_path):
    study = load_study("demo", {"methods": ["random"], "references": [], "budget": {"views": 1}, "corpus": None})
    jobs = plan_pretraining(study, Inputs(print, tmp_path)).pretrains
    assert [{"calibration_tiles": 0.0}] * 3 == [job.facts for job in jobs]
