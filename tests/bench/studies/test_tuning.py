"""Options of methods are tuned alike: spaces of one size, as many trials, a ledger that holds them all."""

import json

import numpy as np
import pytest
import yaml
from click.testing import CliRunner
from networks import takes
from PIL import Image
from running import bench
from textured_corpus import _one_thread, corpus  # noqa: F401 - fixtures

import methods
from bench.cli.tune import command, table
from bench.core.errors import BenchError, StudyError
from bench.engines import read_options
from bench.store.store import Store
from bench.studies.inputs import Inputs
from bench.studies.loading import load_study
from bench.studies.plan import plan_pretraining
from bench.studies.tuning.ledger import Entry, Ledger, read_ledger, shipped
from bench.studies.tuning.search import Search
from bench.studies.tuning.spaces import TUNINGS, load_tuning
from tasks.protocols import load_protocol

SMALL = {
    "name": "small",
    "backbone": "timm:test_resnet",
    "protocols": {"probe": ["demo/scenes-probe"]},
    "labels": ["5shot", "100%"],
    "budget": {"views": 64},
    "trials": 3,
    "pretrain": {"batch": 16, "size": 32},
    "spaces": {
        "geokr-representation": {"lr": [0.001, 0.003, 0.01], "lr_decay": [0.8, 0.9, 1.0]},
        "simclr": {"lr": [0.01, 0.03, 0.3], "temperature": [0.1, 0.5, 1.0]},
    },
}


class Silent:
    """Who is told of a run and says nothing."""

    def begin(self, job):
        pass

    def advance(self, job, done, total, text):
        pass

    def wait(self, job, holder):
        pass

    def end(self, job, error):
        pass


@pytest.fixture
def write(tmp_path, corpus):  # noqa: F811 - a fixture
    """Write a tuning file; its pictures are bright or dark, in two classes of 40."""
    generator = np.random.default_rng(0)
    for name, level in (("bright", 150), ("dark", 60)):
        (tmp_path / "raw" / "Images" / name).mkdir(parents=True)
        for index in range(40):
            pixels = np.clip(generator.normal(level, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "raw" / "Images" / name / f"{index}.png")
    Inputs(print, tmp_path).prepare(
        "demo-scenes", tmp_path / "raw", load_protocol("demo/scenes-probe").slices, tmp_path / "pictures"
    )

    def write(**values):
        file = tmp_path / "small.yaml"
        given = SMALL | {"corpus": str(corpus.path), "data": {"demo-scenes": str(tmp_path / "pictures")}} | values
        file.write_text(yaml.safe_dump(given, sort_keys=False))
        return file

    return write


# Methods that the board has not, which have a study and a tuning of their own.
NEWER = {row.method for row in load_study("newer", {"references": []}).rows()}


@pytest.mark.parametrize("name", TUNINGS.names())
def test_a_shipped_tuning_tries_every_method_that_trains_alike(name):
    tuning = load_tuning(name)
    trained = {each for each, spec in methods.registry.all().items() if spec.trains and "tiles" in spec.needs}
    trained = {each for each in trained if takes(each, tuning.backbone)}
    studies = ("real-transfer", "configs/trials/real-newer.yaml")
    real = {row.method for study in studies for row in load_study(study, {}).rows()} & trained
    assert set(tuning.spaces) == {"demo": trained - NEWER, "newer": NEWER, "eurosat": real}[name]
    for number in range(1, tuning.trials + 1):
        assert [f"{each}-trial-{number}" for each in tuning.spaces] == [row.name for row in tuning.study(number).rows()]
    for method, space in tuning.spaces.items():
        factors = [value / methods.get(method).options.model_fields["lr"].default for value in space["lr"]]
        np.testing.assert_allclose([1 / 3, 1, 3, 9], factors, rtol=0.01, err_msg=method)


def test_the_first_trial_takes_the_defaults_and_no_trial_comes_twice(write):
    tuning = load_tuning(str(write(trials=8)))
    for method, space in tuning.spaces.items():
        first, *drawn = [trial.options for trial in tuning.trials_of(method)]
        assert {} == first
        assert 7 == len({json.dumps(each) for each in drawn})
        assert all(each[name] in values for each in drawn for name, values in space.items())


def test_the_first_draws_try_every_value_of_every_option_once(write):
    tuning = load_tuning(str(write(trials=4)))
    space = tuning.spaces["simclr"]
    drawn = [trial.options for trial in tuning.trials_of("simclr")[1:]]
    assert {name: sorted(values) for name, values in space.items()} == {
        name: sorted(each[name] for each in drawn) for name in space
    }


def test_a_draw_follows_from_the_seed_and_longer_searches_begin_as_shorter_ones(write):
    few, many = (load_tuning(str(write(trials=number))).trials_of("simclr") for number in (3, 6))
    assert few == many[:3]
    assert many != load_tuning(str(write(trials=6, seed=1))).trials_of("simclr")


def test_a_draw_that_states_the_defaults_is_no_trial(write):
    """Batch 16, which all trials have, and the published rate are the first trial already."""
    space = {"lr": [0.075, 0.2], "batch": [16, 32]}
    trials = load_tuning(str(write(trials=3, spaces={"simclr": space}))).trials_of("simclr")
    assert {"lr": 0.075, "batch": 16} not in [trial.options for trial in trials]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"spaces": {"moco": {"lr": [1, 2]}, "byol": {"lr": [1, 2, 3]}}},
            "byol has 1 options of 3 values, moco has 1 o",
        ),
        (
            {"spaces": {"moco": {"lr": [1, 2]}, "byol": {"lr": [1, 2], "momentum": [0, 1]}}},
            "byol has 2 options of 2, 2",
        ),
        ({"spaces": {"moco": {"lr": [1, 2], "momentum": [0, 0.5, 1]}}}, "every option as many values"),
        ({"spaces": {"moco": {"lr": [1, 2]}}, "trials": 3}, "trials: 3 are more than the 2 choices"),
        ({"spaces": {}}, "spaces: Dictionary should have at least 1 item"),
        ({"spaces": {"moco": {}}}, "spaces.moco: Dictionary should have at least 1 item"),
        ({"spaces": {"moko": {"lr": [1, 2, 3]}}, "trials": 2}, "unknown method 'moko'"),
        ({"spaces": {"moco": {"heat": [1, 2, 3]}}, "trials": 2}, "spaces.moco: moco has no option 'heat'"),
        ({"options": {"simclr": {"lr": 1.0}}}, "spaces.simclr: lr is fixed by options.simclr"),
        ({"budget": "paper"}, "budget: all methods train equally long here"),
        ({"trials": 0}, "trials: Input should be greater than 0"),
        ({"trails": 2}, "unknown key 'trails'; did you mean trials?"),
    ],
)
def test_a_search_that_is_not_the_same_for_all_is_refused_in_one_line(write, values, said):
    with pytest.raises(StudyError) as error:
        load_tuning(str(write(**values)))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"spaces": {"simclr": {"temperature": [-1, -2, -3, -4]}}},
            "options of simclr-trial-2: temperature: Input should be g",
        ),
        ({"backbone": "resnet19"}, "unknown backbone 'resnet19'"),
        ({"budget": {"views": 10}}, "budget: 10 views are less than one step of geokr-representation-trial-1"),
        ({"data": {"demo-scenes": "nowhere"}}, "no prepared data set at nowhere"),
        ({"protocols": {"probe": ["demo/scenes-prob"]}}, "demo/scenes-prob"),
    ],
)
def test_what_cannot_run_is_refused_before_anything_does(write, tmp_path, values, said):
    store = Store(tmp_path / "store")
    with pytest.raises(BenchError) as error:
        Search(load_tuning(str(write(**values))), store, print)
    assert said in str(error.value)
    assert not store.root.exists()


def test_a_search_enters_all_trials_and_goes_on_where_it_was_stopped(write, tmp_path):
    """Whatever is drawn for one method diverges, and is a trial all the same."""
    spaces = {"geokr-representation": {"lr": [1e14, 2e14]}, "simclr": {"lr": [0.02, 0.2]}}
    tuning, store = load_tuning(str(write(trials=2, spaces=spaces))), Store(tmp_path / "store")
    search = Search(tuning, store, print)
    assert 4 * (1 + 5) == search.open, "a pretraining each, and four draws of few labels beside all"
    outcome = search.run(read_options({"workers": 1, "device": "cpu"}), Silent())
    assert [] == outcome.failures
    ledger = read_ledger(search.path)
    expected = [
        (trial.method, trial.number, trial.options) for each in tuning.spaces for trial in tuning.trials_of(each)
    ]
    assert expected == [(each.method, each.trial, each.options) for each in ledger.entries]
    assert {64} == {each.views for each in ledger.entries}
    assert {4: "geokr-representation", 2: "simclr"} == {each.steps: each.method for each in ledger.entries}
    lost = [each for each in ledger.entries if each.diverged]
    assert [("geokr-representation", 2)] == [(each.method, each.trial) for each in lost]
    assert (None, {}) == (lost[0].score, lost[0].measures)
    assert set(tuning.spaces) == set(ledger.chosen)
    first = ledger.entries[0]
    scores = [record.score for record in store.records() if (record.weights, record.labels) == (first.key, "5shot")]
    assert 4 == len(scores)
    assert np.mean(scores) == first.measures["demo/scenes-probe@5shot"]
    assert first.measures["demo/scenes-probe@100%"] > 0.9
    assert np.mean(list(first.measures.values())) == first.score
    whole = search.path.read_text()
    shorter = Ledger()
    for each in ledger.entries[:3]:
        shorter = shorter.add(each)
    shorter.write(search.path)
    rest = Search(tuning, store, print)
    assert 0 == rest.open
    rest.run(read_options({"workers": 1, "device": "cpu"}), Silent())
    assert whole == search.path.read_text()
    shown = CliRunner().invoke(
        command, ["--tuning", str(tmp_path / "small.yaml"), "--store", str(store.root), "--show"]
    )
    assert (0, table(ledger)) == (shown.exit_code, shown.output.splitlines())
    assert "Options tuned: 2 trials each; bold: chosen, here as a study states them." in shown.output
    assert {"options": ledger.chosen} == yaml.safe_load("\n".join(shown.output.splitlines()[-3:]))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--tuning", "deno"], "unknown tuning 'deno'; did you mean demo?"),
        (["--show", "--store", "nowhere"], "ledger nowhere/tuning/demo.csv cannot be read"),
        (["--workers", "some"], "engine: workers"),
    ],
)
def test_a_wrong_command_is_refused_in_one_line(tmp_path, arguments, said):
    done = bench("tune", *arguments, cwd=tmp_path)
    assert 2 == done.returncode
    assert said in done.stderr
    assert 1 == len(done.stderr.splitlines())


def entry(trial, value, method="moco", **more):
    given = {"options": {}, "seed": 3, "key": f"key{trial}", "cells": "two", "measures": {"demo/scenes-probe@5%": 0.1}}
    return Entry(method=method, trial=trial, score=value, **given | more)


def entered(*entries):
    ledger = Ledger()
    for each in entries:
        ledger = ledger.add(each)
    return ledger


def test_the_best_score_is_chosen_then_the_earlier():
    assert [False, True, False] == [
        each.chosen for each in entered(entry(1, 0.5), entry(2, 0.7), entry(3, 0.6)).entries
    ]
    assert [True, False] == [each.chosen for each in entered(entry(2, 0.5), entry(1, 0.5)).entries]


def test_a_trial_that_collapsed_is_chosen_where_all_did_and_one_that_diverged_never():
    flat = {"warnings": ("features-collapsed", "loss-constant")}
    gone = entry(3, None, measures={}, diverged="loss (nan) is not finite, at step 2")
    assert [False, True] == [each.chosen for each in entered(entry(1, 0.9, **flat), entry(2, 0.3)).entries]
    assert [False, True, False] == [
        each.chosen for each in entered(entry(1, 0.3, **flat), entry(2, 0.9, **flat), gone).entries
    ]
    assert {} == entered(gone).chosen


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    ledger = entered(
        entry(1, 1 / 3, options={"lr": 1e-7, "views": "a, b"}, steps=4, views=64),
        entry(2, None, measures={}, diverged='loss "L_s", at step 2', warnings=("loss-constant", "loss-exploded")),
    )
    ledger.write(tmp_path / "ledger.csv")
    assert ledger == read_ledger(tmp_path / "ledger.csv")


@pytest.mark.parametrize("text", [None, "method,trial\nmoco,1\n", "not a ledger", "\0", "{header}moco,one\n"])
def test_a_broken_ledger_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "ledger.csv"
    if text is not None:
        path.write_text(text.format(header=Ledger().text()))
    with pytest.raises(StudyError, match=r"ledger \S+ cannot be read \(.*\): restore it, or make it with bench tune$"):
        assert read_ledger(path).entries


@pytest.mark.parametrize(
    ("options", "trials"),
    [
        ({"lr": 0.2, "momentum": 0.9}, 2),
        ({"lr": 0.2, "momentum": 0.9, "dim": 64}, 2),
        ({"lr": 0.2}, 0),
        ({"lr": 0.3, "momentum": 0.9}, 0),
        ({}, 0),
    ],
    ids=["as chosen", "with what was not tuned", "in part", "otherwise", "defaults"],
)
def test_cards_say_by_how_many_trials_the_options_were_chosen(tmp_path, corpus, options, trials):  # noqa: F811
    ledger = entered(entry(1, 0.1), entry(2, 0.2, options={"lr": 0.2, "momentum": 0.9}))
    ledger.write(tmp_path / "ledger.csv")
    values = {
        "corpus": str(corpus.path),
        "methods": [{"moco": options}, "simclr"],
        "pretrain": {"batch": 16, "size": 32},
        "budget": {"steps": 6},
        "options": {"moco": {"queue": 32}},
    }
    plain = plan_pretraining(load_study("demo", values | {"tuned_by": None}), Inputs(print)).pretrains
    told = plan_pretraining(
        load_study("demo", values | {"tuned_by": str(tmp_path / "ledger.csv")}), Inputs(print)
    ).pretrains
    assert [job.key for job in plain] == [job.key for job in told], "it is words, in no key"
    assert {"random": None, "moco": trials, "simclr": 0} == {job.method: job.facts.get("trials") for job in told}
    assert [] == [job for job in plain if "trials" in job.facts]


def test_the_default_is_as_well_tuned_where_the_ledger_chose_it():
    ledger = entered(entry(1, 0.3), entry(2, 0.2, options={"lr": 0.2}))
    assert (2, 0) == (ledger.trials_behind("moco", {"dim": 64}), ledger.trials_behind("moco", {"lr": 0.2}))


def test_the_demo_takes_what_the_committed_ledger_chose():
    if not shipped("demo").is_file():
        pytest.skip("no ledger is committed yet: bench tune --tuning demo makes it")
    ledger, tuning, study = read_ledger(shipped("demo")), load_tuning("demo"), load_study("demo", {})
    drawn = {
        (each.method, each.number, json.dumps(each.options)) for m in tuning.spaces for each in tuning.trials_of(m)
    }
    assert drawn == {(each.method, each.trial, json.dumps(each.options)) for each in ledger.entries}
    stated = {method: study.options.get(method, {}) for method in tuning.spaces}
    assert dict.fromkeys(stated, tuning.trials) == {
        method: ledger.trials_behind(method, options) for method, options in stated.items()
    }
    assert "demo" == study.tuned_by
