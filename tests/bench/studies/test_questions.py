"""A study's questions, written out before it runs."""

import numpy as np
import pytest

from bench.core import files
from bench.core.errors import StudyError
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.primary import Primary
from bench.studies.questions import questions
from results.variants import stands_apart
from tasks.labels.image_class import LABEL
from tasks.writing import SliceWriter

PROTOCOLS = {"cls": ["demo/scenes"], "probe": ["demo/scenes-probe"]}


@pytest.fixture
def ask(tmp_path):
    """Function that writes out what a study on forty images of two classes asks: `ask(primary={...})`."""
    with files.new_folder(tmp_path / "set") as work:
        writer = SliceWriter(work, 80, 4, ["a", "b"], LABEL)
        for at in range(80):
            writer.add(np.full((4, 4, 3), at, np.uint8), at % 2, f"image-{at}")
        writer.finish({"palette": [[0, 0, 0]] * 2, "synthetic": True})

    def written_out(**changes):
        values = {
            "data": {"demo-scenes": str(tmp_path / "set")},
            "methods": ["geokr", "moco"],
            "tasks": ["cls", "probe"],
            "protocols": PROTOCOLS,
            "fractions": [0.1, 1.0],
        }
        study = load_study("demo", values | changes)
        return questions(study, Inputs(print, tmp_path), ranked=lambda method: not stands_apart(method))

    return written_out


def brief(found):
    return [(each.a, each.b, each.protocol, each.amount) for each in found.questions]


def test_without_a_word_every_row_is_asked_against_each_reference_everywhere(ask):
    found = ask()
    assert 2 * 2 * 2 == len(found.questions)
    assert ("geokr", "random", "demo/scenes", "10%") == brief(found)[0]
    assert ({"geokr", "moco"}, {"random"}) == (
        {each.a for each in found.questions},
        {each.b for each in found.questions},
    )
    assert (0.01, "demo") == (found.within, found.study)
    assert {"mean_class_accuracy"} == {each.metric for each in found.questions}


def test_a_study_names_pairs_protocols_and_amounts(ask):
    primary = {"pairs": ["geokr>moco"], "protocols": ["demo/scenes"], "labels": ["10%"], "within": 2}
    found = ask(primary=primary)
    assert [("geokr", "moco", "demo/scenes", "10%")] == brief(found)
    assert 0.02 == found.within


def test_pairs_stand_beside_a_baseline(ask):
    found = ask(primary={"pairs": ["moco>geokr"], "baseline": "random", "labels": [1.0], "protocols": ["demo/scenes"]})
    assert [("moco", "geokr"), ("geokr", "random"), ("moco", "random")] == [
        (each.a, each.b) for each in found.questions
    ]


def test_all_pairs_may_be_asked_and_are_where_there_is_no_reference(ask):
    every = ask(primary={"pairs": "all", "labels": ["100%"], "protocols": ["demo/scenes"]})
    assert 3 == len(every.questions)
    assert 1 == len(ask(references=[], primary={"labels": ["100%"], "protocols": ["demo/scenes"]}).questions)


def test_floors_are_asked_about_where_the_study_names_them_alone(ask):
    rows = {"methods": ["geokr", "image-stats"], "fractions": [1.0]}
    assert {"geokr"} == {each.a for each in ask(**rows).questions}
    named = ask(**rows, primary={"pairs": ["geokr>image-stats"]})
    # Fixed features can only be probed.
    assert [("geokr", "image-stats", "demo/scenes-probe", "100%")] == brief(named)


@pytest.mark.parametrize(
    ("primary", "words"),
    [
        ({"baseline": "byol"}, "primary: the study has no row 'byol': choose from random, geokr, moco"),
        ({"protocols": ["demo/nowhere"]}, "primary.protocols: the study has no protocol 'demo/nowhere'"),
        ({"labels": ["50%"]}, "primary.labels: 50% is not run on demo/scenes: choose from 10%, 100%"),
        ({"metric": "miou"}, "primary.metric: demo/scenes is judged by mean_class_accuracy, not by miou"),
    ],
)
def test_what_the_study_has_not_is_refused_in_one_line(ask, primary, words):
    with pytest.raises(StudyError) as refused:
        ask(primary=primary)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_baseline_that_is_left_out_with_the_references_says_so(ask):
    with pytest.raises(StudyError, match=r"has no row 'random': choose from geokr, moco, or compare with references"):
        ask(references=[], primary={"baseline": "random"})


@pytest.mark.parametrize("pair", ["geokr", "geokr>", "moco>moco"])
def test_a_pair_is_two_rows(ask, pair):
    with pytest.raises(StudyError, match=r"primary.*is no pair: write two different rows"):
        ask(primary={"pairs": [pair]})


def test_a_protocol_that_a_command_leaves_out_is_no_mistake(ask):
    found = ask(primary={"protocols": ["demo/scenes"]}, tasks=["probe"])
    assert () == found.questions


def test_each_pair_is_asked_once_and_the_baseline_stands_last():
    primary = Primary(pairs=["a>b", "b > a"], baseline=["a"])
    assert [("a", "b"), ("c", "a")] == list(primary.comparisons(["a", "b", "c"], ["a"]))
