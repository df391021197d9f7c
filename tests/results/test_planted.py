"""Planted places and tasks: what is simulated is what judges records, and a small simulation finds what it must."""

import numpy as np
import pytest

from bench.metrics.confusion import image_scores, pixel_scores
from results.planted import Spread, ratio_means, simulate_places, simulate_tasks


def test_metrics_of_many_draws_are_those_of_the_metrics_room():
    draw = np.random.default_rng(0)
    counts = draw.integers(0, 9, (40, 4, 4)) * draw.integers(0, 2, (40, 4, 1))
    counts[:, :, 3] *= counts[:, 3:, 3]  # a class that neither truth nor prediction has, now and then
    counts[:, 0, 0] += 1
    names = ["a", "b", "c", "d"]
    assert [pixel_scores(each, names)["mIoU"] for each in counts] == pytest.approx(
        ratio_means(counts.astype(float), "mIoU").tolist()
    )
    assert [image_scores(each, names)["mean_class_accuracy"] for each in counts] == pytest.approx(
        ratio_means(counts.astype(float), "mean_class_accuracy").tolist()
    )


@pytest.fixture(scope="module")
def covered():
    return simulate_places("alike", 12, 2, 50)


def test_leaving_out_sources_covers_and_a_bootstrap_of_slices_does_not(covered):
    assert covered.ours >= 0.88
    assert covered.both >= 0.88
    assert covered.slices <= 0.75


def test_the_bootstrap_of_few_sources_covers_no_more_than_ours(covered):
    assert covered.percentile <= covered.ours


def test_images_that_are_sources_may_be_drawn_one_by_one():
    found = simulate_places("images", 40, 2, 40)
    assert found.ours >= 0.85
    assert found.slices >= 0.85


def test_an_interval_for_tasks_like_these_counts_what_pretrainings_do():
    found = simulate_tasks(5, 10, 3, Spread(0, 1), 40)
    assert found.like <= 0.15
    assert found.tasks_alone >= 0.25
    assert found.wald >= found.tasks_alone
    assert found.these_single >= 0.9


@pytest.mark.parametrize("kind", ["normal", "unequal", "skewed"])
def test_every_kind_of_effect_of_tasks_is_covered(kind):
    found = simulate_tasks(5, 4, 3, Spread(1, 0.5, kind), 30)
    assert found.like_single >= 0.9
    assert 0 <= found.power <= 1
