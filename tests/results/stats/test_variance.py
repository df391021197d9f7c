import random

import pytest

from results.frame import from_records
from results.stats.variance import split_variance


def crossed(make_record, sds, levels):
    draw = random.Random(0)
    subset, train, pretrain = ([draw.gauss(0, sd) for _ in range(n)] for sd, n in zip(sds, levels, strict=True))
    return [
        make_record(
            method="geokr",
            seeds={"subset": i, "train": j, "pretrain": k},
            metrics={"miou": 0.5 + subset[i] + train[j] + pretrain[k]},
        )
        for i in range(levels[0])
        for j in range(levels[1])
        for k in range(levels[2])
    ]


def test_a_crossed_design_gives_back_the_variances_it_was_made_from(make_record):
    split = split_variance(from_records(crossed(make_record, sds=(0.02, 0.01, 0.0), levels=(20, 20, 1))))
    assert 0.02**2 == pytest.approx(split.variance["subset draw"], rel=0.5)
    assert 0.01**2 == pytest.approx(split.variance["training seed"], rel=0.5)
    assert 0.0 == pytest.approx(split.variance["interaction"], abs=1e-9)
    assert ["pretraining seed"] == split.held


def test_a_hand_made_two_by_two_has_the_variances_of_its_margins(make_record):
    # subset effect ±1 (variance of two levels: 2), training effect ±0.5 (0.5), no interaction; in hundredths.
    scores = {(0, 0): 0.15 / 10, (0, 1): 0.05 / 10, (1, 0): -0.05 / 10, (1, 1): -0.15 / 10}
    records = [
        make_record(seeds={"subset": s, "train": t, "pretrain": 1}, metrics={"miou": 0.5 + v})
        for (s, t), v in scores.items()
    ]
    split = split_variance(from_records(records))
    assert (0.01**2 * 2, 0.005**2 * 2) == pytest.approx(
        (split.variance["subset draw"], split.variance["training seed"]), rel=1e-6
    )


def test_seeds_that_always_change_together_are_not_told_apart(make_study):
    split = split_variance(from_records(make_study(seeds=5)))
    assert ["subset draw + training seed"] == list(split.variance)
    assert ["pretraining seed"] == split.held


def test_the_joint_source_of_a_paired_design_is_the_sample_variance(make_record):
    records = [make_record(seed=seed, metrics={"miou": score}) for seed, score in enumerate([0.5, 0.6, 0.7])]
    assert 0.01 == pytest.approx(split_variance(from_records(records)).variance["subset draw + training seed"])


def test_one_record_a_cell_says_nothing(make_study):
    split = split_variance(from_records(make_study(seeds=1)))
    assert ({}, 0) == (split.variance, split.pairs)


def test_pairs_are_counted_within_each_cell(make_record):
    """Three repeats at two fractions: three pairs each."""
    records = [
        make_record(seed=seed, fraction=fraction, metrics={"miou": score})
        for fraction in (0.1, 1.0)
        for seed, score in enumerate([0.5, 0.6, 0.7])
    ]
    assert 6 == split_variance(from_records(records)).pairs
