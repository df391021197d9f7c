"""Doubt about test images: whole sources are left out, and the metric is scored anew."""

import math

import numpy as np
import pytest
from scipy import stats

from bench.metrics.classified import ImageOutcomes, PixelOutcomes
from bench.metrics.confusion import pixel_scores
from results.stats.simultaneous import Family
from results.stats.sources import GROUPS, Error, Places, alone, jackknife, left_out, mcnemar

CLASSES = ["road", "roof"]


def images(right):
    """Images of one class, some of them right."""
    truth = np.zeros(len(right), dtype=np.int64)
    return ImageOutcomes(CLASSES, truth, 1 - np.asarray(right, dtype=np.int64), np.zeros(len(right)))


def test_of_a_mean_over_images_the_error_is_the_standard_error():
    right = [1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]
    places = Places.of([f"image{at:02d}" for at in range(12)])
    found = jackknife(left_out(images(right), "overall_accuracy", places), places)
    assert np.std(right, ddof=1) / math.sqrt(12) == pytest.approx(found.error)
    assert 11 == pytest.approx(found.df)
    assert places.by_image


def test_a_source_is_left_out_with_all_of_its_slices():
    matrices = np.random.default_rng(0).integers(1, 50, (6, 2, 2))
    sources = ["b", "a", "b", "a", "a", "c"]
    places = Places.of(sources)
    expected = [
        pixel_scores(matrices[[name != gone for name in sources]].sum(axis=0), CLASSES)["mIoU"] for gone in "abc"
    ]
    assert expected == left_out(PixelOutcomes(CLASSES, matrices), "mIoU", places).tolist()
    assert (3, False) == (places.sources, places.by_image)


def test_copies_of_every_slice_make_nothing_surer():
    matrices = np.random.default_rng(1).integers(1, 50, (12, 2, 2))
    names = [f"mosaic{at}" for at in range(12)]
    errors = []
    for times in (1, 5):
        places = Places.of(names * times)
        outcomes = PixelOutcomes(CLASSES, np.tile(matrices, (times, 1, 1)))
        errors.append(jackknife(left_out(outcomes, "mIoU", places), places))
    assert errors[0].error == pytest.approx(errors[1].error)
    assert errors[0].df == pytest.approx(errors[1].df)


def test_sources_of_unequal_size_count_as_fewer():
    # (1 + 1 + 2)^2 / (1 + 1 + 4) = 16 / 6
    assert 16 / 6 - 1 == pytest.approx(Places.of(["a", "b", "c", "c"]).df)


def test_many_sources_are_left_out_in_groups_by_their_names():
    names = [f"image{at:03d}" for at in range(100)]
    places = Places.of(names)
    assert set(range(GROUPS)) == set(places.group.tolist())
    assert {3, 4} == set(np.bincount(places.group).tolist())
    assert places.group[::-1].tolist() == Places.of(names[::-1]).group.tolist()


def test_a_metric_that_is_kept_beside_the_record_is_found_too():
    places = Places.of(["a", "b", "b"])
    outcomes = PixelOutcomes(CLASSES, np.random.default_rng(2).integers(1, 9, (3, 2, 2)))
    assert outcomes.take([1, 2]).further()["kappa"] == left_out(outcomes, "kappa", places)[0]


def test_a_source_without_what_is_measured_has_no_score_of_its_own():
    matrices = np.array([[[3, 1], [0, 4]], [[0, 0], [0, 0]]])
    found = alone(PixelOutcomes(CLASSES, matrices), "mIoU", Places.of(["a", "b"]))
    assert pixel_scores(matrices[0], CLASSES)["mIoU"] == found[0]
    assert math.isnan(found[1])


def test_one_source_says_nothing_of_others():
    places = Places.of(["a", "a"])
    found = jackknife(left_out(images([1, 0]), "overall_accuracy", Places.of(["a", "b"]))[:1], places)
    assert math.isnan(found.error)
    assert math.isnan(found.around(0.5).low)


def test_mcnemar_is_that_of_fagerlands_example():
    # Fagerland, Lydersen and Laake (2013), airway hyper-responsiveness: 1 against 7, mid-p 0.039.
    assert 0.0391 == pytest.approx(mcnemar(1, 7), abs=5e-5)
    assert mcnemar(1, 7) == mcnemar(7, 1)
    assert (1.0, 1.0) == (mcnemar(0, 0), mcnemar(6, 6))


def test_the_interval_of_one_comparison_is_students_and_that_of_a_family_is_wider():
    single = Error(0.02, 9.0).around(0.5)
    assert (0.5 - stats.t.ppf(0.975, 9) * 0.02, 0.5 + stats.t.ppf(0.975, 9) * 0.02) == pytest.approx(
        (single.low, single.high)
    )
    assert Error(0.02, 9.0).around(0.5, Family.of([("", 0, row) for row in range(1, 5)])).low < single.low


def test_two_doubts_together_have_satterthwaites_degrees_of_freedom():
    found = Error(3.0, 4.0).joined(Error(4.0, 8.0))
    assert 5.0 == pytest.approx(found.error)
    assert 25**2 / (81 / 4 + 256 / 8) == pytest.approx(found.df)
    assert math.isnan(Error(math.nan, 0.0).joined(Error(4.0, 8.0)).around(1.0).low)
    assert 0.0 == Error(0.0, 3.0).joined(Error(0.0, 5.0)).error
