"""When seeds are added to a study, and from where it goes on."""

from types import SimpleNamespace

import pytest

from bench.core.errors import StudyError
from bench.store.questions import Question, Questions
from bench.studies.loading import load_study
from bench.studies.until import check_asked, seeds_begun


def question(a, b, fraction=1.0):
    return Question(
        a=a, b=b, protocol="demo/city", backbone="resnet18", fraction=fraction, amount="100%", metric="miou"
    )


def cell(row, seed, fraction=1.0, subsets=1):
    """What the rule reads of a cell, whose key says what it is."""
    return SimpleNamespace(
        key=f"{row}-{seed}-{fraction}",
        row=None,
        pretrain=SimpleNamespace(method=row),
        protocol=SimpleNamespace(id="demo/city", subsets=subsets),
        backbone="resnet18",
        fraction=fraction,
        seed=seed,
    )


class Kept:
    """A store that holds the records of some keys."""

    def __init__(self, cells):
        self._keys = {each.key for each in cells}

    def has_record(self, key):
        return key in self._keys


CELLS = [cell(row, seed) for row in ("random", "geokr", "moco") for seed in range(6)]
ASKED = [question("geokr", "random"), question("moco", "random")]


def begun(*done):
    return seeds_begun(CELLS, Kept(cell(row, seed) for row, seed in done), ASKED)


def test_an_empty_store_has_begun_nothing():
    assert 0 == begun()


def test_a_block_has_begun_where_two_rows_that_are_asked_about_can_be_compared():
    blocks = [(row, seed) for row in ("random", "geokr", "moco") for seed in range(3)]
    assert 3 == begun(*blocks)
    assert 3 == begun(*blocks, ("random", 3))
    assert 3 == begun(*blocks, ("geokr", 3), ("moco", 3))  # no question is between them
    assert 4 == begun(*blocks, ("random", 3), ("moco", 3))


def test_subsets_of_one_repeat_are_one_seed():
    cells = [cell(row, seed, subsets=20) for row in ("random", "geokr") for seed in range(60)]
    assert 2 == seeds_begun(cells, Kept(each for each in cells if each.seed < 21), ASKED)


def test_rows_of_different_amounts_of_labels_are_no_pair():
    cells = [cell("random", 0, 0.1), cell("geokr", 0, 1.0)]
    assert 0 == seeds_begun(cells, Kept(cells), ASKED)


def asked(*questions):
    return Questions(study="mine", date="2026-11-26", revision="", within=0.01, questions=questions)


def test_a_run_without_both_rows_of_any_question_cannot_say_when_to_stop():
    check_asked(asked(*ASKED), CELLS)
    with pytest.raises(StudyError, match="no primary question is between two rows of this run"):
        check_asked(asked(*ASKED), [each for each in CELLS if each.pretrain.method == "geokr"])


def test_a_study_states_width_and_cap():
    study = load_study("demo", {"until.width": 2.0})
    assert (2.0, 20, 3) == (study.until.width, study.until.most, study.seeds)
    assert 7 == study.of_seeds(7).pretrainings
    assert load_study("demo", {}).until is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"until.width": 2.0, "until.most": 4, "seeds": 5}, "until.most: 4 seeds are fewer than the 5"),
        ({"until.width": 2.0, "pretrain_seeds": 3}, "pretrain_seeds: 3 pretrainings a row keep intervals as wide"),
        ({"until.width": 0}, "until.width"),
        ({"until.most": 9}, "until.width"),
        ({"until.width": 2.0, "until.most": 2}, "until.most"),
    ],
)
def test_a_rule_that_cannot_stop_is_refused(values, words):
    with pytest.raises(StudyError, match=words):
        load_study("demo", values)


def test_one_pretraining_for_all_repeats_may_be_asked_about():
    assert 1 == load_study("demo", {"until.width": 2.0, "pretrain_seeds": 1}).pretrainings
