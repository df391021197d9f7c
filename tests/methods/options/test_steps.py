"""What a recipe's options become in a run that counts steps: stated values stay, defaults follow one rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import methods
from bench.pretraining.facts import Length
from bench.pretraining.options import TrainingOptions
from methods.options import updates
from methods.options.cmid import CMIDOptions
from methods.options.contrastive import BYOLOptions, MoCoOptions, SimCLROptions
from methods.options.geokr import ClassificationOptions, GeoKROptions
from methods.options.gersp import GeRSPOptions

TRAINED = [name for name, spec in methods.registry.all().items() if spec.trains]


def options_of(name, **values):
    spec = methods.get(name)
    return spec.options.model_validate({**spec.defaults, **values})


def test_without_steps_nothing_changes_and_a_key_does_not_know_them():
    for name in TRAINED:
        if name not in {"gersp", "supervised"}:  # whose identity needs labelled images
            assert not {"steps", "recipe_epochs"} & options_of(name).identity().keys()


def test_a_key_names_the_steps_and_the_epochs_that_the_recipe_is_laid_out_for():
    identity = SimCLROptions(batch=50).scaled(40, 1000).identity()
    assert (40, 100) == (identity["steps"], identity["recipe_epochs"])
    assert "epochs" not in identity


def test_what_scales_enters_the_key():
    short, long = (MoCoOptions(batch=64).scaled(steps, 5000).identity() for steps in (100, 1000))
    assert {"steps", "momentum", "queue"} == {name for name in short if short[name] != long[name]}


def test_an_epoch_of_a_recipe_is_an_equal_share_of_a_run_of_steps():
    """GeoKR's ten epochs in 25 steps: two and a half each, so that its learning rate falls nine times as published."""
    length = GeoKROptions(batch=100).scaled(25, 1000).length(1000)
    assert Length(25, 10, 10) == length
    assert [0, 0, 0, 1, 1, 2] == [length.epoch(step) for step in range(6)]
    assert 9 == length.epoch(24)
    assert (2, 7) == (length.steps_in(1), length.steps_in(3))


def test_a_run_shorter_than_a_pass_over_the_corpus_is_one_pass_for_its_diagnostics():
    assert 4 == ClassificationOptions(batch=100).scaled(4, 1000).length(1000).steps_per_epoch


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        (CMIDOptions(), 10),  # 10 of 200 epochs
        (SimCLROptions(), 20),  # 10 of 100
        (SimCLROptions(warmup_epochs=5), 10),
        (BYOLOptions(warmup_epochs=50), 20),  # at most a tenth
    ],
)
def test_a_warm_up_keeps_its_share_of_the_run(options, steps):
    """Of 200 steps."""
    scaled = options.scaled(200, 1000)
    assert steps == scaled.facts(1000).values["warmup_steps"]
    assert options.warmup_epochs == scaled.warmup_epochs


@pytest.mark.parametrize(("steps", "momentum"), [(5, 0.0), (100, 0.9), (400, 0.975), (10_000, 0.999), (50_000, 0.999)])
def test_a_teachers_horizon_is_at_most_a_tenth_of_the_run(steps, momentum):
    assert momentum == MoCoOptions().scaled(steps, 10**6).momentum


def test_teachers_of_a_rising_momentum_start_from_the_lowered_one():
    assert (0.9, 0.9) == (BYOLOptions().scaled(100, 1000).momentum, CMIDOptions().scaled(100, 1000).momentum)
    assert (0.99, 0.996) == (BYOLOptions().scaled(5000, 1000).momentum, CMIDOptions().scaled(5000, 1000).momentum)


@pytest.mark.parametrize(
    ("steps", "interval", "alpha"), [(50, 1, 0.8), (200, 1, 0.95), (2000, 10, 0.95), (600_000, 3000, 0.95)]
)
def test_geokr_moves_its_teacher_two_hundred_times_or_in_every_step(steps, interval, alpha):
    """A horizon of 1 / (1 - .95) = 20 updates is a tenth of 200; the paper's interval is the longest."""
    scaled = GeoKROptions().scaled(steps, 10**6)
    assert (interval, alpha) == (scaled.update_interval, scaled.alpha)


def test_a_stated_schedule_of_geokr_stays_and_alpha_follows_it():
    assert (0.8, 3000) == (
        (scaled := GeoKROptions(teacher_updates=50).scaled(5000, 10**6)).alpha,
        GeoKROptions(update_interval=3000).scaled(9000, 10**6).update_interval,
    )
    assert 50 == scaled.teacher_updates
    released = GeoKROptions(update_schedule="release").scaled(500, 10**6)
    assert (3000, 0.95) == (released.update_interval, released.alpha)


@given(st.sampled_from(TRAINED), st.integers(25, 100_000), st.integers(2, 512), st.integers(4, 2000))
def test_no_method_is_warned_of_its_teacher_or_its_queue_by_construction(name, steps, batch, batches):
    """Of any run of twenty-five steps or more on a corpus of four batches or more."""
    tiles = batch * batches
    scaled = options_of(name, batch=batch).scaled(steps, tiles)
    assert {} == scaled.facts(tiles).warnings
    assert getattr(scaled, "queue", 0) <= tiles


@pytest.mark.parametrize(
    ("options", "steps", "tiles", "queue"),
    [
        (MoCoOptions(batch=64), 10_000, 3659, 896),  # a quarter of the corpus is 914 tiles
        (MoCoOptions(batch=64), 100, 3659, 768),  # an eighth of 6400 keys is 800
        (CMIDOptions(batch=64), 100, 30_000, 1600),  # both views are keys
        (MoCoOptions(batch=64), 3, 3659, 64),  # one batch at least
        (MoCoOptions(batch=256), 10**6, 10**6, 65_536),
        (GeRSPOptions(batch=100), 10**6, 1000, 200),
        (MoCoOptions(batch=64, queue=1024), 3, 3659, 1024),
    ],
)
def test_a_queue_is_a_quarter_of_the_corpus_and_an_eighth_of_the_keys_at_most(options, steps, tiles, queue):
    assert queue == options.scaled(steps, tiles).queue


@pytest.mark.parametrize(("steps", "cycles"), [(50, 1), (100, 1), (299, 2), (500, 5), (9000, 5)])
def test_gersp_restarts_its_learning_rate_every_hundred_steps_at_most(steps, cycles):
    assert cycles == GeRSPOptions().scaled(steps, 1000).cycles


def test_what_a_study_states_stays():
    stated = MoCoOptions(momentum=0.999, queue=900).scaled(20, 1000)
    assert (0.999, 900) == (stated.momentum, stated.queue)
    assert 7 == GeRSPOptions(cycles=7).scaled(20, 1000).cycles


@pytest.mark.parametrize(
    ("name", "views"),
    [
        ("geokr", (1, 1)),
        ("geokr-student", (1, 1)),
        ("geokr-representation", (1, 0)),
        ("geokr-classification", (1, 0)),
        ("moco", (1, 1)),
        ("simclr", (2, 0)),
        ("byol", (2, 2)),
        ("cmid", (2, 2)),
        ("mae", (1, 0)),
        ("ijepa", (1, 1)),
        ("gersp", (2, 1)),
        ("softcon", (2, 0)),
        ("dino", (2, 2)),
        ("vicreg", (2, 0)),
        ("barlowtwins", (2, 0)),
        ("simsiam", (2, 0)),
        ("densecl", (1, 1)),
        ("landcover-correction", (1, 0)),
        ("landcover-segmentation", (1, 0)),
        ("random", (0, 0)),
    ],
)
def test_each_method_says_what_a_tile_costs(name, views):
    assert views == options_of(name).views_per_tile()


def test_a_method_that_does_not_say_its_views_counts_none():
    assert {"steps", "tiles"} == TrainingOptions(steps=3).facts(1000).values.keys()


def test_a_momentum_is_never_raised():
    assert 0.5 == updates.momentum_within(1000, 0.5)
