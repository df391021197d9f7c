"""GeoKR's options: which contradict each other, what enters a key, and when the teacher moves."""

import pytest
from pydantic import ValidationError

from bench.backbones.normalisation import IMAGENET, UNIT
from bench.pretraining.facts import Length
from methods.options.geokr import ClassificationOptions, GeoKROptions


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"teacher_updates": 3, "update_schedule": "release"}, "exclude each other"),
        ({"mean": (0.5,) * 3, "std": (0.5,) * 3, "normalise": False}, "drop one of them"),
        ({"alpha": 1.1}, "less than or equal to 1"),
        ({"lr": 0}, "greater than 0"),
        ({"lr_decay": 1.5}, "less than or equal to 1"),
        ({"hue": 0.6}, "less than or equal to 0.5"),
        ({"batch": 1}, "greater than 1"),
        ({"size": 16}, "greater than or equal to 32"),
        ({"consistency": "mse"}, "Input should be 'paper'"),
        ({"update_interval": 0}, "greater than 0"),
        ({"gamma_student": -1}, "greater than or equal to 0"),
        ({"momentum": 0.9}, "Extra inputs are not permitted"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(options, said):
    with pytest.raises(ValidationError, match=said):
        GeoKROptions.model_validate(options)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("epochs", 11),
        ("batch", 64),
        ("size", 224),
        ("lr", 2e-3),
        ("lr_decay", 0.8),
        ("gamma_student", 2.0),
        ("gamma_teacher", 0.5),
        ("consistency", "none"),
        ("reduction", "batch_and_classes"),
        ("alpha", 0.9),
        ("update_interval", 100),
        ("teacher_updates", 60),
        ("update_schedule", "release"),
        ("teacher_init", "independent"),
        ("teacher_buffers", "ema"),
        ("export", "student"),
        ("balance", False),
        ("normalise", False),
        ("brightness", 0.1),
        ("contrast", 0.1),
        ("saturation", 0.1),
        ("hue", 0.1),
        ("precision", "fp32"),
    ],
)
def test_every_option_that_can_move_a_number_enters_the_key(option, value):
    assert GeoKROptions().identity() != GeoKROptions.model_validate({option: value}).identity()


def test_without_normalising_images_are_fed_in_zero_to_one_and_the_weights_say_so():
    assert GeoKROptions().normalisation().same(IMAGENET)
    assert UNIT == GeoKROptions(normalise=False).normalisation()


@pytest.mark.parametrize(
    ("consistency", "export", "plays"),
    [("paper", "teacher", True), ("paper", "student", True), ("none", "teacher", True), ("none", "student", False)],
)
def test_a_teacher_plays_a_part_in_the_loss_or_in_what_is_exported(consistency, export, plays):
    assert plays is GeoKROptions(consistency=consistency, export=export).has_teacher


@pytest.mark.parametrize(
    ("options", "due"),
    [
        ({"update_interval": 4}, [4, 8, 12]),
        ({"update_interval": 5, "teacher_updates": 3}, [4, 8, 12]),
        ({"teacher_updates": 1}, [12]),
        ({"update_schedule": "release", "batch": 4000}, [1, 3]),
        ({"update_interval": 13}, []),
    ],
)
def test_each_schedule_moves_the_teacher_at_its_own_steps(options, due):
    """Twelve steps; the release's first interval of 500 steps of 16 is two of 4000."""
    asked = GeoKROptions.model_validate(options)
    assert due == [step for step in range(1, 13) if asked.update_due(step, Length(12, 4))]


def test_the_ablations_own_options_are_geokrs_where_it_shares_them():
    ablation, whole = ClassificationOptions(), GeoKROptions()
    for name in ("epochs", "batch", "size", "lr", "lr_decay", "balance", "land_cover"):
        assert getattr(whole, name) == getattr(ablation, name), name


def test_an_epoch_is_whole_batches_and_a_run_whole_epochs():
    """1000 tiles in batches of 128: seven a pass, and 104 tiles are left for another order."""
    assert Length(steps=21, steps_per_epoch=7) == GeoKROptions(epochs=3).length(1000)
    assert 21 == ClassificationOptions(epochs=3).facts(1000).values["steps"]
