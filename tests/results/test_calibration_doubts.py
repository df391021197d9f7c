"""The sections of the calibration report on test images and on tasks: small ones, made for real."""

from dataclasses import replace

import pytest

from results import calibration_doubts
from results.calibration_doubts import Doubts, measure_doubts, sections
from results.planted import Spread


@pytest.fixture(scope="module")
def doubts():
    with pytest.MonkeyPatch.context() as patch:
        for name, values in (
            ("SOURCES", (10,)),
            ("IMAGES", (30,)),
            ("TASKS", (3,)),
            ("ROWS", (3,)),
            ("KINDS", ("alike", "images")),
            ("SPREADS", (Spread(0, 0), Spread(1, 0.5, "skewed"))),
        ):
            patch.setattr(calibration_doubts, name, values)
        steps = []
        found = measure_doubts(50, lambda done, whole: steps.append((done, whole)))
        assert [(at, 6) for at in range(1, 7)] == steps
        return found


def test_of_places_a_fifth_of_the_draws_is_simulated(doubts):
    assert (50, 10) == (doubts.draws, doubts.studies)
    assert [("alike", 10), ("images", 30)] == [(each.kind, each.sources) for each in doubts.places]
    assert 4 == len(doubts.tasks)


def test_places_and_tasks_have_a_section_each(doubts):
    text = sections(doubts)
    assert "## Other test images" in text
    assert "## Across tasks" in text
    assert "| alike | 10 | " in text
    assert "| 3 | 3 | 5 | task 1, pretraining 0.5, skewed | " in text
    assert max(map(len, text.splitlines())) <= 120


def test_an_interval_that_covers_too_little_is_named(doubts):
    place, task = doubts.places[0], doubts.tasks[0]
    bad = replace(place, covered=replace(place.covered, both=0.8))
    worse = replace(task, measured=replace(task.measured, like_single=0.8))
    good = replace(place, covered=replace(place.covered, ours=0.95, both=0.95))
    fine = replace(task, measured=replace(task.measured, like_single=0.95, these_single=0.95))
    assert [] == Doubts([good], [fine], 10_000).missed()
    found = Doubts([bad, good], [worse, fine], 10_000)
    named = ["10 sources, alike", "3 tasks, 3 rows, 3 pretrainings, task 0, pretraining 0"]
    assert named == found.missed()
    assert f"Below 94%: {'; '.join(named)}." in sections(found)
