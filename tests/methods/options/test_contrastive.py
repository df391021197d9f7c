"""Options of the methods that compare two views: keys, limits, and what a run with them will do."""

import pytest
from pydantic import ValidationError

from methods.options import updates
from methods.options.contrastive import BYOLOptions, MoCoOptions, SimCLROptions

ALL = [MoCoOptions, SimCLROptions, BYOLOptions]


@pytest.mark.parametrize("options", ALL)
@pytest.mark.parametrize(
    ("option", "value"), [("jitter", 0.5), ("blur", 0.0), ("aerial", True), ("lr", 0.5), ("dim", 8)]
)
def test_what_changes_views_or_training_enters_the_key(options, option, value):
    assert options().identity() != options.model_validate({option: value}).identity()


@pytest.mark.parametrize("options", ALL)
def test_a_blur_of_zero_is_another_thing_than_the_methods_own(options):
    assert (None, 0.0) == (options().blur, options(blur=0).blur)
    assert options().identity()["blur"] is None


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (MoCoOptions, {"version": 3}),
        (MoCoOptions, {"temperature": 0}),
        (MoCoOptions, {"queue": 0}),
        (MoCoOptions, {"momentum": 1.01}),
        (MoCoOptions, {"shuffle": 0}),
        (SimCLROptions, {"temperature": -1}),
        (SimCLROptions, {"warmup_epochs": -1}),
        (SimCLROptions, {"queue": 5}),
        (BYOLOptions, {"momentum": -0.1}),
        (BYOLOptions, {"weight_decay": -1e-6}),
        (BYOLOptions, {"jitter": 2}),
        (BYOLOptions, {"blur": 1.5}),
    ],
)
def test_values_out_of_their_limits_are_refused_and_so_are_another_methods_options(options, values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        options.model_validate(values)


def test_the_facts_of_moco_are_its_steps_its_teacher_and_its_queue():
    """Ten passes over 1000 tiles in batches of 100: a hundred steps and 10,000 keys."""
    facts = MoCoOptions(epochs=10, batch=100, queue=500, momentum=0.9).facts(1000)
    expected = {"steps": 100, "teacher_updates": 100, "start_left": pytest.approx(0.9**100), "queue_turns": 20.0}
    seen = {"tiles": 10_000, "student_views": 10_000, "teacher_views": 10_000}
    assert expected | seen == facts.values
    assert {} == facts.warnings


def test_the_facts_of_simclr_are_its_steps_and_its_warm_up():
    facts = SimCLROptions(epochs=10, batch=100, warmup_epochs=2).facts(1000)
    seen = {"tiles": 10_000, "student_views": 20_000, "teacher_views": 0}
    assert {"steps": 100, "warmup_asked": 20, "warmup_steps": 10} | seen == facts.values


def test_the_facts_of_byol_tell_of_a_teacher_whose_momentum_rises():
    facts = BYOLOptions(epochs=10, batch=100, momentum=0.5, warmup_epochs=0).facts(1000)
    expected = {
        "steps": 100,
        "tiles": 10_000,
        "student_views": 20_000,
        "teacher_views": 20_000,
        "warmup_asked": 0,
        "warmup_steps": 0,
        "teacher_updates": 100,
        "start_left": pytest.approx(updates.cosine_left(100, 0.5)),
    }
    assert expected == facts.values


@pytest.mark.parametrize("options", ALL)
def test_compiling_changes_no_key(options):
    assert options().identity() == options(compile=True).identity()


@pytest.mark.parametrize("options", ALL)
def test_options_once_made_stay(options):
    with pytest.raises(ValidationError, match="frozen"):
        options().lr = 1.0
