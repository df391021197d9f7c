"""A cell chooses weights and rates by the labels it was given, on real trainings of a small network."""

from pathlib import Path

import psutil
import pytest
import torch

import tasks
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from bench.core.errors import DivergedError
from tasks import selection, training
from tasks.protocol_parts import Tuning
from tasks.protocols import load_protocol
from tasks.splits import Parts
from tasks.task import Start
from tasks.training import Samples
from tasks.tuning import Trial

STEPS = 6


@pytest.fixture(scope="module")
def scenes(generators, prepared, tmp_path_factory):
    """Three classes of twelve images."""
    root = tmp_path_factory.mktemp("scenes")
    return prepared("ucmerced", generators("scene_folders").write_ucmerced(root / "1", 12, 32), root / "2", 32)


@pytest.fixture
def task(scenes):
    """A classification of six steps, with so many looks, and other values by name."""

    def make(look_every=2, total=STEPS, length="steps", optimiser=(), **values):
        base = load_protocol("demo/scenes")
        schedule = {"total": total, "look_every": look_every, "batch": 12, "precision": "fp32", "length": length}
        changes = {
            "schedule": base.schedule.model_copy(update=schedule),
            "optimiser": base.optimiser.model_copy(update={"decay": "step"} | dict(optimiser)),
            "selection": "within",
        }
        return tasks.get("cls").load()(base.model_copy(update=changes | values), scenes)

    return make


def drawn(task, *sizes):
    """So many samples of each class."""
    strata = task.strata(list(range(len(task.data))))
    return [at for k, size in enumerate(sizes) for at in [at for at, each in enumerate(strata) if each == k][:size]]


def start(seed=0):
    torch.manual_seed(seed)
    return Start("timm:test_resnet", dict(backbones.build("timm:test_resnet").state_dict()), IMAGENET)


def run(task, folder, train, test=(), seed=1, reports=None, weights=None):
    told = (lambda *report: reports.append(report)) if reports is not None else (lambda *_: None)
    parts = Parts(train, [], list(test))
    return task.run(weights or start(), train, parts, Context(torch.device("cpu"), Path(folder), seed, told))


def asked(task):
    """Every list of samples that a cell asks its task for, as it runs."""
    lists, samples = [], task.samples
    task.samples = lambda positions: lists.append(positions) or samples(positions)
    return lists


def test_the_best_look_at_the_held_out_fifth_is_tested_and_of_equals_the_latest(task, tmp_path):
    """At a constant rate, the weights of a look are those of a training that ends there (a look moves what is drawn)."""
    values = {"optimiser": {"lr": 0.1}, "augment": []}
    one = task(look_every=1, total=8, **values)
    train = drawn(one, 12, 12, 12)
    held = selection.divide(one, train, Parts([], [], []), 1).choosing
    scores, metric_of = [], one.metric

    def recording():
        metric = metric_of()
        measured = metric.outcomes
        metric.outcomes = lambda results: (
            scores.append(measured(results).scores()[one.protocol.metric]) or measured(results)
        )
        return metric

    one.metric = recording
    result = run(one, tmp_path / "1", train, test=held)
    *looks, tested = scores
    assert 8 == len(looks)
    assert looks[-1] < max(looks) == tested == result.metrics[one.protocol.metric]
    assert ("within", held, {}) == (result.selection, result.selected_on, result.tuned)
    latest = max(at for at, score in enumerate(looks, start=1) if score == tested)
    rest = [at for at in train if at not in held]
    shorter = run(task(total=latest, selection="last", **values), tmp_path / "2", rest)
    assert all(torch.equal(value, shorter.backbone[name]) for name, value in result.backbone.items())


def test_a_grid_trains_on_the_drawn_labels_alone_and_reads_the_test_split_once(task, tmp_path):
    one = task(tuning=Tuning(lr=[0.1, 1.0], head=[1.0, 10.0]))
    train, test = drawn(one, 8, 8, 8), drawn(one, 12, 12, 12)[-4:]
    lists, reports = asked(one), []
    result = run(one, tmp_path, train, test, reports=reports)
    trainings, (tested, pictured) = lists[:-2], lists[-2:]
    assert (test, []) == (tested, pictured)
    assert 4 * 2 == len(trainings)
    assert all(set(samples) <= set(train) for samples in trainings)
    assert all(set(learnt).isdisjoint(held) for learnt, held in zip(trainings[::2], trainings[1::2], strict=True))
    assert 4 == result.tuned["trials"]
    assert {"lr", "head", "trials"} == result.tuned.keys()
    assert reports[-1][:2] == (STEPS, STEPS)
    assert reports[-1][2].startswith("training 4 of 4, loss ")


@pytest.mark.parametrize("absurd", [1e-9, 1e30])
def test_a_sane_rate_is_chosen_over_an_absurd_one_and_one_that_diverges_loses(absurd, task, tmp_path):
    sane = {"lr": 0.03, "decay": "cosine"}
    one = task(total=15, look_every=0, optimiser=sane, augment=[], tuning=Tuning(lr=[absurd, 1.0]))
    train = drawn(one, 12, 12, 12)
    result = run(one, tmp_path, train, test=train)
    assert {"lr": 1.0, "trials": 2} == result.tuned
    assert result.metrics["overall_accuracy"] > 0.6
    own = task(
        total=15, look_every=0, optimiser=sane | {"lr": 0.03 * absurd}, augment=[], tuning=Tuning(lr=[1 / absurd, 1])
    )
    assert {"lr": 1 / absurd, "trials": 2} == run(own, tmp_path, train).tuned


def test_a_grid_of_which_no_point_can_be_trained_ends_the_cell(task, tmp_path):
    one = task(optimiser={"lr": 1e30}, tuning=Tuning(lr=[1.0, 10.0]))
    with pytest.raises(DivergedError, match=r"lower the protocol's optimiser.lr \(1e\+30\)"):
        run(one, tmp_path, drawn(one, 6, 6, 6))


@pytest.mark.parametrize("decay", ["step", "cosine"])
def test_folds_choose_a_step_and_a_last_training_on_all_labels_goes_there(decay, task, tmp_path):
    """A class of one sample cannot be held out. At a constant rate, stopping is the same as a shorter training."""
    values = {"optimiser": {"lr": 0.01, "decay": decay}, "augment": []}
    one = task(look_every=1, **values)
    train = drawn(one, 9, 7, 1)
    lists, reports = asked(one), []
    result = run(one, tmp_path / "1", train, test=train, reports=reports)
    assert ("folds", sorted(train)) == (result.selection, result.selected_on)
    assert reports[-1][2].startswith("training 6 of 6")
    assert train == lists[10]
    # With its seed the choice is not the end, so that the schedule of the last training can be told from a shorter one.
    assert 0 < result.steps < STEPS
    shorter = run(task(total=result.steps, selection="last", **values), tmp_path / "2", train)
    same = [torch.equal(value, shorter.backbone[name]) for name, value in result.backbone.items()]
    assert all(same) == (decay == "step")


def test_folds_of_epochs_stop_after_whole_ones(task, tmp_path):
    one = task(length="epochs", total=3, look_every=1, selection="cv")
    train = drawn(one, 6, 6, 6)
    result = run(one, tmp_path, train)
    assert result.steps in {2, 4, 6}
    assert "folds" == result.selection


def test_below_five_a_class_nothing_is_chosen_and_all_labels_are_trained_on(task, tmp_path):
    one = task(tuning=Tuning(lr=[1.0, 3.0]))
    train = drawn(one, 5, 5, 4)
    untuned = run(one, tmp_path / "1", train)
    assert ("untuned", [], {}) == (untuned.selection, untuned.selected_on, untuned.tuned)
    plain = run(task(selection="last"), tmp_path / "2", train)
    assert ("last", []) == (plain.selection, plain.selected_on)
    assert all(torch.equal(value, plain.backbone[name]) for name, value in untuned.backbone.items())


def test_two_methods_are_chosen_by_the_same_labels_and_two_seeds_are_not(task, tmp_path):
    one = task(total=2, look_every=1)
    train = drawn(one, 12, 12, 12)
    first, second = (run(one, tmp_path / str(seed), train, weights=start(seed)) for seed in (3, 4))
    assert first.selected_on == second.selected_on
    assert first.selected_on != run(one, tmp_path / "5", train, seed=2).selected_on


def test_the_heads_factor_is_on_what_the_backbone_does_not_hold(task, tmp_path):
    """A factor of nearly nothing leaves the linear layer where it was drawn; the backbone moves on."""
    one = task()
    context = Context(torch.device("cpu"), tmp_path, 1, lambda *_: None)
    before = start()
    model = one.build(before)
    drawn_head = model.linear.weight.clone()
    training.train(
        model, Samples(one.samples(drawn(one, 4, 4, 4)), None), one.metric(), Trial(one.protocol, 1e-12), context
    )
    assert torch.allclose(drawn_head, model.linear.weight, atol=1e-6)
    assert any(not torch.equal(value, before.weights[name]) for name, value in model.backbone.net.state_dict().items())


def test_a_training_leaves_no_open_log_behind(task, tmp_path):
    """A worker is warm, and a grid in folds opens dozens a cell: it would run out of files."""
    one = task(total=1, look_every=0, selection="last")
    train = drawn(one, 2, 2, 2)
    run(one, tmp_path, train)
    before = psutil.Process().num_fds()
    for _ in range(3):
        run(one, tmp_path, train)
    assert before == psutil.Process().num_fds()


@pytest.mark.parametrize(("rate", "expected"), [(1e-12, 1.0), (0.005, 0.0)])
def test_a_training_that_stands_still_has_settled_and_one_that_still_learns_has_not(rate, expected, task, tmp_path):
    """All samples in each step, none moved: the loss of a rate of nearly nothing is the same in all of them."""
    one = task(selection="last", total=10, optimiser={"lr": rate}, augment=[])
    train = drawn(one, 12, 12, 12)
    schedule = one.protocol.schedule.model_copy(update={"batch": len(train)})
    one.protocol = one.protocol.model_copy(update={"schedule": schedule})
    result = run(one, tmp_path, train)
    assert expected == result.settled["settled"]
    assert result.settled["loss_slope"] <= 1e-3
    assert "score_slope" not in result.settled
