"""The doubt about test images, from the outcomes that a store keeps."""

import math
import shutil

import numpy as np
import pandas as pd
import pytest
from synthetic_records import synthetic_record, write_records

from bench.metrics.classified import ImageOutcomes, PixelOutcomes
from bench.store.outcomes import Evidence
from bench.store.store import Store
from results import load
from results.answers import answers
from results.doubt import BY_COMPARISON, BY_SEED
from results.stats.sources import ALONE, Error, Places, jackknife, left_out

CLASSES = ["road", "roof"]
METHODS = {"random": 0.0, "geokr": 0.25, "moco": 0.02}


def slices(method, seed, sources):
    """Four slices of each source; the methods share what is hard of a source."""
    draw = np.random.default_rng(seed)
    hard = np.repeat(draw.normal(0, 0.05, sources), 4)
    own = np.random.default_rng([seed, len(method)]).normal(0, 0.02, 4 * sources)
    right = np.rint(100 * np.clip(0.6 + METHODS[method] + hard + own, 0, 1)).astype(np.int64)
    matrices = np.stack([np.stack([right, 100 - right], 1), np.stack([100 - right, right], 1)], 1)
    return PixelOutcomes(CLASSES, matrices), [f"mosaic{at // 4:02d}" for at in range(4 * sources)]


def classes(method, seed, sources):
    """Images of two classes."""
    draw = np.random.default_rng([seed, len(method)])
    truth = np.arange(sources) % 2
    right = draw.random(sources) < 0.6 + METHODS[method]
    return ImageOutcomes(CLASSES, truth, np.where(right, truth, 1 - truth), np.zeros(sources)), [
        f"image{at:03d}" for at in range(sources)
    ]


def fill(store, measure, sources, metric, seeds=3, without=()):
    """A store of three methods with outcomes."""
    Store(store).open_for_writing()
    records = []
    for method in METHODS:
        for seed in range(seeds):
            key = f"{method}{seed}"
            outcomes, names = measure(method, seed, sources)
            kept = {}
            if key not in without:
                evidence = Evidence(outcomes, range(len(names)), names)
                kept = {"outcomes": Store(store).write_outcomes(key, evidence)}
            fields = {"key": key, "method": method, "seed": seed, "metric": metric, "metrics": outcomes.scores()}
            records.append(synthetic_record(schema=4, weights=f"w-{key}", **fields, **kept))
    return write_records(store, records)


def images_of(store, problems=None):
    found = answers(store, load(store), (problems if problems is not None else []).append)
    return found, found.images.by_comparison(found.comparisons, found.family)


def pair(table, a, b):
    (row,) = table[(table["a"] == a) & (table["b"] == b)].itertuples()
    return row


def test_the_interval_about_these_weights_is_that_of_the_mean_of_the_seeds(tmp_path):
    store = fill(tmp_path / "s", slices, 12, "mIoU")
    found, table = images_of(store)
    row = pair(table, "random", "geokr")
    places = Places.of(slices("geokr", 0, 12)[1])
    each = [
        left_out(slices("random", seed, 12)[0], "mIoU", places) - left_out(slices("geokr", seed, 12)[0], "mIoU", places)
        for seed in range(3)
    ]
    expected = jackknife(np.mean(each, axis=0), places)
    assert (3, 48, 12, False, False) == (row.seeds, row.samples, row.sources, row.by_image, row.few)
    assert (expected.error, expected.df) == pytest.approx((row.images_error, row.images_df))
    interval = expected.around(row.mean, found.family)
    assert (interval.low, interval.high) == pytest.approx((row.images_low, row.images_high))
    assert (12.0, 0.0) == (row.favour_b, row.favour_a)
    assert 3 == row.seeds_b
    assert math.isnan(row.mcnemar_b)


def test_both_doubts_together_are_wider_than_each(tmp_path):
    found, table = images_of(fill(tmp_path / "s", slices, 12, "mIoU"))
    for a, b in (("random", "geokr"), ("random", "moco")):
        seeds, images = pair(found.comparisons, a, b), pair(table, a, b)
        both = images.both_high - images.both_low
        assert both > images.images_high - images.images_low
        assert math.hypot(seeds.error, images.images_error) <= both


def test_fewer_than_ten_sources_give_a_count_and_no_interval(tmp_path):
    found, table = images_of(fill(tmp_path / "s", slices, 9, "mIoU"))
    row = pair(table, "random", "geokr")
    assert row.few
    assert all(math.isnan(value) for value in (row.images_low, row.images_error, row.both_low))
    assert 9 == row.favour_b
    (line,) = found.on_images(found.comparisons.iloc[:1])
    assert "About these weights: too few places to generalise over (9 sources, mean of 3 seeds); " in line
    assert line.endswith("geokr is ahead on 9 of them, random on 0.")
    assert found.images.by_seed(found.comparisons)["low"].isna().all()


def test_where_each_image_is_a_source_mcnemar_counts_images(tmp_path):
    found, table = images_of(fill(tmp_path / "s", classes, 80, "mean_class_accuracy"))
    row = pair(table, "random", "geokr")
    by_seed = found.images.by_seed(found.comparisons).query("a == 'random' and b == 'geokr'")
    right = {}
    for method in ("random", "geokr"):
        outcomes = classes(method, 0, 80)[0]
        right[method] = outcomes.truth == outcomes.predicted
    (first,) = by_seed[by_seed["seed"] == 0].itertuples()
    assert (right["random"] & ~right["geokr"]).sum() == first.only_a
    assert (right["geokr"] & ~right["random"]).sum() == first.only_b
    assert ((by_seed["p"] <= 0.05) & (by_seed["only_b"] > by_seed["only_a"])).sum() == row.mcnemar_b
    assert row.by_image
    assert math.isnan(row.favour_a)
    (line,) = found.on_images(found.comparisons.iloc[:1])
    assert line.startswith("About these weights: on other images geokr is ")
    assert "80 images, mean of 3 seeds" in line
    assert "of them alone, in " in line
    assert "About methods, on other images: " in line


def test_a_store_without_outcomes_says_what_cannot_be_known(tmp_path):
    store = fill(tmp_path / "s", slices, 12, "mIoU")
    shutil.rmtree(store / "outcomes")
    found, table = images_of(store)
    assert not found.images.known
    assert [0, 0, 0] == table["seeds"].tolist()
    assert ["", "", ""] == found.on_images(found.comparisons)
    assert "No outcomes are kept here: what would hold on other test images cannot be known." in found.notes(
        found.comparisons
    )


def test_seeds_whose_outcomes_are_missing_are_left_out(tmp_path):
    store = fill(tmp_path / "s", slices, 12, "mIoU", without=("geokr1", "moco0", "moco1", "moco2"))
    _, table = images_of(store)
    assert 2 == pair(table, "random", "geokr").seeds
    assert 0 == pair(table, "random", "moco").seeds


def test_a_damaged_file_is_named_and_left_out(tmp_path):
    store = fill(tmp_path / "s", slices, 12, "mIoU")
    (store / "outcomes" / "geokr1.npz").write_bytes(b"nothing")
    problems = []
    _, table = images_of(store, problems)
    assert 2 == pair(table, "random", "geokr").seeds
    (problem,) = problems
    assert "geokr1.npz is not what its record was computed from" in problem


def test_one_seed_knows_of_images_and_nothing_of_methods(tmp_path):
    found, table = images_of(fill(tmp_path / "s", slices, 12, "mIoU", seeds=1))
    row = pair(table, "random", "geokr")
    assert row.images_high < 0
    assert math.isnan(row.both_low)
    (line,) = found.on_images(found.comparisons.iloc[:1])
    assert "About methods" not in line


def test_an_exploratory_comparison_has_a_single_interval(tmp_path):
    found, table = images_of(fill(tmp_path / "s", slices, 12, "mIoU"))
    row = pair(table, "geokr", "moco")
    single = Error(row.images_error, row.images_df).around(row.mean, ALONE)
    assert not pair(found.comparisons, "geokr", "moco").primary
    assert (single.low, single.high) == pytest.approx((row.images_low, row.images_high))


def test_the_tables_have_the_columns_that_are_described(tmp_path):
    found, table = images_of(fill(tmp_path / "s", slices, 12, "mIoU"))
    place = ["protocol", "protocol_hash", "backbone", "fraction", "a", "b"]
    assert [*place, *BY_COMPARISON] == list(table.columns)
    by_seed = found.images.by_seed(found.comparisons)
    assert [*place, *BY_SEED] == list(by_seed.columns)
    assert 9 == len(by_seed)
    means = by_seed.groupby(["a", "b"])["mean"].mean()
    assert means["random", "geokr"] == pytest.approx(pair(table, "random", "geokr").mean)
    assert isinstance(table, pd.DataFrame)


def test_a_study_that_looked_at_its_intervals_has_wider_ones_about_methods_and_equal_ones_about_its_weights(tmp_path):
    found, _ = images_of(fill(tmp_path / "s", slices, 12, "mIoU"))
    plain, looked = (
        pair(found.images.by_comparison(found.comparisons.assign(level=level), found.family), "random", "geokr")
        for level in (0.05, 0.02)
    )
    assert (plain.images_low, plain.images_high) == (looked.images_low, looked.images_high)
    assert looked.both_high - looked.both_low > plain.both_high - plain.both_low
