"""When teachers move, how much of their start is left, and which runs are refused or warned of for it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lightly.utils.scheduler import cosine_schedule

import methods
from bench.core.bands import RGB
from bench.core.errors import StudyError
from bench.pretraining.facts import Length
from methods.options import updates
from methods.options.cmid import CMIDOptions
from methods.options.contrastive import BYOLOptions, MoCoOptions, SimCLROptions
from methods.options.geokr import GeoKROptions
from methods.options.gersp import GeRSPOptions


class Tiles:
    """A corpus of so many tiles with land cover, as far as options look at one."""

    has_landcover = True
    bands = RGB

    def __init__(self, count):
        self._count = count

    def __len__(self):
        return self._count


@given(st.integers(1, 200), st.integers(1, 300))
def test_updates_spread_over_a_run_are_as_many_as_asked_and_the_last_is_at_its_end(count, steps):
    due = [updates.spread_update(step, count, steps) for step in range(1, steps + 1)]
    assert min(count, steps) == sum(due)
    assert due[-1]


def test_the_released_schedule_at_batch_128_is_the_released_one():
    """Intervals 62, 1312, 2562 and 3812 steps: an update where the remainder is 1, then on to the next interval."""
    due = [step for step in range(1, 12_000) if updates.release_update(step, batch=128)]
    assert [1, 63, 1313, 2563, 3813, 7625, 11437] == due


def test_the_released_schedule_moves_the_teacher_33_times_in_the_papers_run():
    assert 33 == sum(updates.release_update(step, batch=128) for step in range(1, 111_871))


def test_the_released_schedule_at_its_own_batch_size():
    """Intervals of 1000, 21000, 41000 and 61000 steps at a batch of 8."""
    due = [step for step in range(1, 130_000) if updates.release_update(step, batch=8)]
    assert [1, 1_001, 21_001, 41_001, 61_001, 122_001] == due


@pytest.mark.parametrize(("steps", "momentum"), [(1, 0.99), (2, 0.99), (7, 0.5), (114, 0.996)])
def test_what_a_cosine_momentum_leaves_is_the_product_of_lightlys_schedule(steps, momentum):
    product = math.prod(cosine_schedule(step, steps, momentum, 1.0) for step in range(steps))
    assert updates.cosine_left(steps, momentum) == pytest.approx(product)


def test_geokr_with_its_own_defaults_is_refused_where_its_teacher_would_never_move():
    """3000 steps between updates, ten epochs of 128 tiles: 38,400 tiles make the first update, one tile less none."""
    GeoKROptions().check(Tiles(38_400))
    with pytest.raises(StudyError, match="0 updates with update_interval=3000 fall into the 2990 steps") as error:
        GeoKROptions().check(Tiles(38_399))
    assert "set option teacher_updates (60, say), or use a corpus of 38400 tiles or more" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["geokr", "geokr-student"])
def test_a_teacher_that_keeps_all_of_its_start_is_refused_too(name):
    spec = methods.get(name)
    with pytest.raises(StudyError, match="the teacher never moves"):
        spec.options.model_validate({**spec.defaults, "alpha": 1.0, "teacher_updates": 9}).check(Tiles(2000))


def test_the_ablation_without_a_teacher_needs_none():
    spec = methods.get("geokr-representation")
    options = spec.options.model_validate(spec.defaults)
    options.check(Tiles(2000))
    assert {"steps": 150, "tiles": 19_200, "student_views": 19_200, "teacher_views": 0} == options.facts(2000).values


def test_geokrs_facts_are_the_updates_and_the_share_of_the_start_that_they_leave():
    facts = GeoKROptions(teacher_updates=60, epochs=4, batch=64).facts(3700)
    seen = {"tiles": 14_592, "student_views": 14_592, "teacher_views": 14_592}
    assert {"steps": 228, "teacher_updates": 60, "start_left": pytest.approx(0.95**60)} | seen == facts.values
    assert {} == facts.warnings


def test_fewer_than_twenty_updates_are_warned_of():
    few = GeoKROptions(teacher_updates=19).facts(3700)
    assert "is moved 19 times in this run and keeps 0.377 of its start" in few.warnings["teacher-near-start"]
    assert {} == GeoKROptions(teacher_updates=20).facts(3700).warnings


def test_a_momentum_teacher_that_hardly_moves_is_warned_of():
    """29 steps: 0.999 ** 29 = .971; 0.9 ** 29 = .047."""
    facts = MoCoOptions(queue=512, epochs=1, batch=128).facts(3712)
    assert {"steps": 29, "teacher_updates": 29, "start_left": pytest.approx(0.999**29)}.items() <= facts.values.items()
    assert "keeps 0.971 of its start" in facts.warnings["teacher-near-start"]
    assert {} == MoCoOptions(queue=512, epochs=1, batch=128, momentum=0.9).facts(3712).warnings
    slow = BYOLOptions(epochs=1).facts(3712)
    assert pytest.approx(updates.cosine_left(14, 0.99)) == slow.values["start_left"]
    assert "teacher-near-start" in slow.warnings


def test_a_queue_that_is_never_filled_is_warned_of():
    """3 batches of 256 make 768 keys; CMID puts both views of each in."""
    text = MoCoOptions(queue=1000, epochs=1).facts(1000).warnings["queue-never-filled"]
    assert "puts 768 keys into a queue of 1000" in text
    assert 0.768 == MoCoOptions(queue=1000, epochs=1).facts(1000).values["queue_turns"]
    assert "queue-never-filled" in GeRSPOptions(queue=1000, epochs=1).facts(1000).warnings
    assert 1.536 == CMIDOptions(queue=1000, epochs=1).facts(1000).values["queue_turns"]


def test_a_warm_up_longer_than_a_tenth_of_the_run_is_counted_as_asked_and_as_done():
    """Ten epochs of 10 steps are asked of a run of 200 steps; it takes 20."""
    facts = SimCLROptions(epochs=20, batch=100).facts(1000).values
    assert (100, 20) == (facts["warmup_asked"], facts["warmup_steps"])


def test_more_restarts_than_steps_are_refused():
    with pytest.raises(StudyError, match="cycles=5 restarts the learning rate more often than the run has steps"):
        GeRSPOptions(epochs=1, queue=256).check(Tiles(1000))


def test_the_released_schedule_at_a_batch_so_large_that_its_first_interval_shrinks_to_two_steps():
    """500 x 16 / 8000 is one step, which would never leave the remainder 1; the others are 21, 41 and 61."""
    due = [step for step in range(1, 200) if updates.release_update(step, batch=8000)]
    assert [1, 3, 22, 42, 62, 123, 184] == due


def test_a_queue_that_is_filled_once_exactly_is_not_warned_of():
    assert {} == updates.queue_facts("moco", 768, 768).warnings
    assert {"queue-never-filled"} == set(updates.queue_facts("moco", 769, 768).warnings)
    assert {"queue_turns": 2.0} == updates.queue_facts("moco", 384, 768).values


def test_a_tenth_of_the_run_is_a_whole_number_of_steps():
    found = updates.warmup_steps(10, Length(39, 5))
    assert (3, int) == (found, type(found))
    assert 5 == updates.warmup_steps(1, Length(390, 5))
    assert {"warmup_steps": 3, "warmup_asked": 50} == updates.warmup_facts(10, Length(39, 5)).values


def test_a_teacher_is_near_its_start_by_few_updates_or_by_a_large_share():
    assert {} == updates.teacher_facts(20, 0.95**20).warnings
    for few, left in ((19, 0.0), (1000, 0.36)):
        assert (
            f"is moved {few} times in this run and keeps {left:.3g} of its start"
            in (updates.teacher_facts(few, left).warnings["teacher-near-start"])
        )
