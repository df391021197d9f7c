"""What two rows differ by, and what may be said of it."""

import math

import numpy as np
import pytest

from bench.store.questions import Question
from results.frame import from_records
from results.stats.block_model import COLUMN, compare
from results.stats.moderation import moderate
from results.stats.paired import sign_flip
from results.stats.simulation import Design, differences


def scored(make_record, method, scores, **changes):
    return [
        make_record(method=method, seed=seed, metrics={"miou": score}, **changes) for seed, score in enumerate(scores)
    ]


def only(records, questions=()):
    (row,) = compare(from_records(records), questions).itertuples()
    return row


def question(a, b, fraction=1.0, protocol="demo/city", backbone="resnet18"):
    return Question(
        a=a, b=b, protocol=protocol, backbone=backbone, fraction=fraction, amount=f"{fraction:g}", metric="miou"
    )


def test_two_rows_with_three_seeds_are_students_paired_test(make_record):
    """Differences 10, 12, 14 points: s.d. 2, error 2 / sqrt 3, t(2, 97.5%) = 4.3027."""
    records = scored(make_record, "random", [0.5, 0.5, 0.5]) + scored(make_record, "geokr", [0.6, 0.62, 0.64])
    row = only(records)
    assert ("random", "geokr", 3, 3, True, True) == (row.a, row.b, row.n, row.units, row.primary, row.sure)
    error = 0.02 / math.sqrt(3)
    assert (-0.12, error, 2) == pytest.approx((row.difference, row.error, row.df))
    assert (-0.12 - 4.3027 * error, -0.12 + 4.3027 * error) == pytest.approx((row.low, row.high), abs=1e-5)
    assert 0.00913 == pytest.approx(row.p, abs=1e-4)
    assert row.p == pytest.approx(row.p_single) == pytest.approx(row.q)
    # t(2, 95%) = 2.920 reaches as far as equivalence is shown; t(2, 80%) = 1.0607.
    assert 0.12 + 2.920 * error == pytest.approx(row.within, abs=1e-5)
    assert error * (4.3027 + 1.0607) == pytest.approx(row.callable, abs=1e-5)
    assert math.isnan(row.exact)


def test_blocks_are_derived_seeds_and_not_positions(make_record):
    def of(method, values):
        return [
            make_record(method=method, seed=i, seeds={"pretrain": 1, "subset": s, "train": s}, metrics={"miou": v})
            for i, (s, v) in enumerate(values.items())
        ]

    row = only([*of("geokr", {7: 0.7, 8: 0.8, 9: 0.9}), *of("moco", {9: 0.8, 7: 0.6, 5: 0.1})])
    assert ("geokr", "moco", 2) == (row.a, row.b, row.n)
    assert 0.1 == pytest.approx(row.difference)


def test_repeats_that_share_a_pretraining_are_one_unit(make_record):
    """Differences 10, 20, 30, 40 of pretrainings 0, 1, 0, 1: units 20 and 30, s.d. 7.07, error 5, t(1) = 12.706."""
    records = scored(make_record, "random", [0.2] * 4)
    for seed, score in enumerate([0.3, 0.4, 0.5, 0.6]):
        records += [make_record(method="geokr", seed=seed, weights=f"w{seed % 2}", metrics={"miou": score})]
    row = only(records)
    assert (4, 2, 1.0) == (row.n, row.units, row.df)
    assert (-0.25, 0.05) == pytest.approx((row.difference, row.error))
    assert 0.05 * 12.706 == pytest.approx((row.high - row.low) / 2, abs=1e-4)


def test_both_rows_pretrainings_bind_their_repeats(make_record):
    """Pretrainings of one join repeats 0-1 and 2-3, of the other 1-2: all four hang together, and nothing is known."""
    weights = {"geokr": "aabb", "moco": "cdde"}
    records = [
        make_record(method=method, seed=seed, weights=f"{method}-{key}", metrics={"miou": 0.5 + 0.1 * seed})
        for method, keys in weights.items()
        for seed, key in enumerate(keys)
    ]
    row = only(records)
    assert (4, 1) == (row.n, row.units)
    assert math.isnan(row.low)


def test_a_single_pretraining_is_taken_as_given(make_record):
    row = only(scored(make_record, "random", [0.2, 0.3, 0.3]) + scored(make_record, "geokr", [0.5, 0.5, 0.4]))
    assert (3, 3, False, True) == (row.n, row.units, row.one_a, row.one_b)


def test_a_mean_over_a_pretraining_is_drawn_to_single_repeats_on_their_scale(make_record):
    """Of a mean over two repeats the variance is half, and so is the error's square."""
    records = scored(make_record, "random", [0.2, 0.3, 0.4, 0.5], weights="one")
    for seed, score in enumerate([0.3, 0.4, 0.52, 0.6]):
        records += [make_record(method="geokr", seed=seed, weights=f"w{seed % 2}", metrics={"miou": score})]
    row = only(records)
    units = np.array([-(0.1 + 0.12) / 2, -(0.1 + 0.1) / 2])
    assert units.std(ddof=1) / math.sqrt(2) == pytest.approx(row.error)


def test_one_seed_has_a_difference_and_nothing_else(make_study):
    table = compare(from_records(make_study(seeds=1, fractions=[1.0])))
    assert table[["low", "high", "p", "q", "error", "within"]].isna().all(axis=None)
    assert not table["sure"].any()
    assert table["difference"].notna().all()


def test_scores_without_any_spread_have_intervals_without_width(make_study):
    table = compare(from_records(make_study(noise=0.0)))
    assert table["low"].to_numpy() == pytest.approx(table["high"].to_numpy())
    assert table["sure"].all()
    assert 0.0 == table["p"].max()


def test_without_questions_every_row_is_asked_against_each_reference(make_study):
    table = compare(from_records(make_study(methods=["random", "imagenet", "geokr", "moco"])))
    primary = {frozenset(pair) for pair in table.loc[table["primary"], ["a", "b"]].itertuples(index=False)}
    others = {frozenset(pair) for pair in table.loc[~table["primary"], ["a", "b"]].itertuples(index=False)}
    assert {frozenset(("geokr", "moco"))} == others
    assert 5 == len(primary)
    assert ({15}, {False}) == (set(table["family"]), set(table["stated"]))


def test_without_references_every_pair_is_asked(make_study):
    table = compare(from_records(make_study(methods=["geokr", "moco", "byol"], fractions=[1.0])))
    assert table["primary"].all()
    assert {3} == set(table["family"])


def test_stated_questions_are_the_family_whether_or_not_they_have_records(make_study):
    frame = from_records(make_study(fractions=[1.0]))
    asked = [question("geokr", "random"), question("geokr", "moco"), question("byol", "random", 0.5)]
    table = compare(frame, asked)
    primary = {frozenset(pair) for pair in table.loc[table["primary"], ["a", "b"]].itertuples(index=False)}
    assert {frozenset(("geokr", "random")), frozenset(("geokr", "moco"))} == primary
    assert ({3}, {True}) == (set(table["family"]), set(table["stated"]))
    one = compare(frame, asked[:1])
    width = [
        (each["high"] - each["low"])[each["b"].eq("geokr") & each["a"].eq("random")].item() for each in (table, one)
    ]
    assert width[0] > width[1]


def test_an_interval_of_the_family_is_wider_than_its_own(make_study):
    table = compare(from_records(make_study(noise=0.02)))
    assert (table.loc[table["primary"], "p"] > table.loc[table["primary"], "p_single"]).all()
    others = table.loc[~table["primary"], ["p", "p_single"]]
    assert others["p"].to_numpy() == pytest.approx(others["p_single"].to_numpy())
    assert table.loc[~table["primary"], "within"].isna().all()


def test_a_question_names_rows_as_a_study_does_and_asks_for_each_that_bears_the_name(make_study):
    """Two variants of geokr: the label of each tells its options."""
    records = make_study(methods=["random", "geokr"], fractions=[1.0])
    records += make_study(methods=["geokr"], fractions=[1.0], options={"init": "random", "steps": 7})
    table = compare(from_records(records), [question("geokr", "random")])
    assert 2 == table["primary"].sum()
    assert {2} == set(table["family"])


def test_two_versions_of_a_protocol_are_asked_each(make_study):
    records = make_study(fractions=[1.0]) + make_study(fractions=[1.0], protocol_hash="ffff", seed=3)
    table = compare(from_records(records), [question("geokr", "random")])
    assert (2, {2}) == (table["primary"].sum(), set(table["family"]))


def test_the_exact_test_is_beside_the_model_from_five_seeds_on(make_study):
    frame = from_records(make_study(methods=["random", "geokr"], fractions=[1.0], seeds=6, noise=0.05))
    (row,) = compare(frame).itertuples()
    scores = frame.pivot_table(index="seed", columns="variant", values="score")
    assert sign_flip((scores["random"] - scores["geokr"]).to_numpy()) == row.exact
    assert compare(from_records(make_study(seeds=4)))["exact"].isna().all()


def test_where_model_and_exact_test_disagree_it_is_said(make_record):
    """Five differences of 1 point and one of -0.2: t = 4 and p = 0.01, but 4 of 64 sign patterns are as extreme."""
    better = [0.51, 0.51, 0.51, 0.51, 0.51, 0.498]
    row = only(scored(make_record, "random", [0.5] * 6) + scored(make_record, "geokr", better))
    assert (0.0103, 0.0625) == pytest.approx((row.p_single, row.exact), abs=1e-4)
    assert row.disagree
    clear = only(scored(make_record, "random", [0.5] * 6) + scored(make_record, "geokr", [0.6, 0.61] * 3))
    assert not clear.disagree


def test_floors_are_compared_with_methods_and_not_asked_about(make_study, make_record):
    records = make_study(fractions=[1.0]) + scored(make_record, "image-stats", [0.1, 0.12, 0.11])
    table = compare(from_records(records))
    beside = (table["a"] == "image-stats") | (table["b"] == "image-stats")
    assert 3 == beside.sum()
    assert not table.loc[beside, "primary"].any()


def test_columns_lend_each_other_variances_and_nothing_else(make_study):
    one = from_records(make_study(fractions=[1.0]))
    three = from_records(make_study())
    alone, among = (compare(frame).set_index([*COLUMN, "a", "b"]) for frame in (one, three))
    shared = among.loc[among.index.isin(alone.index)]
    assert len(alone) == len(shared)
    assert (shared["df"] > 2).all()
    assert alone["difference"].to_numpy() != pytest.approx(0)


def test_records_are_judged_as_simulated_studies_are(make_record):
    """Two columns of four rows and four seeds: equal errors and degrees of freedom from records and from an array."""
    scores = np.random.default_rng(5).normal(0.5, 0.02, (2, 4, 4))
    records = [
        make_record(method=method, seed=seed, fraction=fraction, metrics={"miou": scores[column, row, seed]})
        for column, fraction in enumerate((0.1, 1.0))
        for row, method in enumerate(("random", "a", "b", "c"))
        for seed in range(4)
    ]
    table = compare(from_records(records))
    difference, variance = differences(scores[None])
    found = moderate(variance, Design(4, 4, 2).pairs)
    assert difference[0] == pytest.approx(table["difference"].to_numpy())
    assert np.sqrt(found.variance[0] / 4) == pytest.approx(table["error"].to_numpy())
    assert found.df[0] == pytest.approx(table["df"].to_numpy())


def test_a_lower_level_widens_every_interval_and_raises_every_p(make_study):
    """t(2, 98.75%) = 6.2053 in place of t(2, 97.5%) = 4.3027; p twice as large, and 1 at most."""
    frame = from_records(make_study(seeds=3, methods=["random", "geokr"], fractions=[1.0]))
    (plain,), (looked,) = compare(frame).itertuples(), compare(frame, level=0.025).itertuples()
    assert (0.05, 0.025) == (plain.level, looked.level)
    assert (6.2053 / 4.3027) == pytest.approx((looked.high - looked.low) / (plain.high - plain.low), abs=1e-4)
    assert min(2 * plain.p, 1.0) == pytest.approx(looked.p)
    assert min(2 * plain.p_single, 1.0) == pytest.approx(looked.p_single)
    assert (looked.p < 0.05) == looked.sure
    # TOST at 2.5% each: t(2, 97.5%) in place of t(2, 95%) = 2.9200.
    assert 4.3027 - 2.92 == pytest.approx((looked.within - plain.within) / plain.error, abs=1e-4)
    assert 6.2053 - 4.3027 == pytest.approx((looked.callable - plain.callable) / plain.error, abs=1e-4)


def test_a_question_names_a_row_as_its_study_does(make_record):
    """The row is called `other` by its study; the same method under its own name is another row, which was not asked."""
    records = scored(make_record, "random", [0.5, 0.51, 0.5]) + scored(make_record, "moco", [0.6, 0.62, 0.64])
    records += scored(make_record, "moco", [0.7, 0.72, 0.71], row="other", pretrain=5)
    table = compare(from_records(records), [question("other", "random")])
    (row,) = table[table["primary"]].itertuples()
    assert ({"other", "random"}, 1) == ({row.a, row.b}, row.family)


def test_a_question_on_a_protocol_without_records_is_one_of_the_family(make_study):
    frame = from_records(make_study(fractions=[1.0]))
    asked = [question("geokr", "random"), question("geokr", "random", protocol="demo/scenes")]
    assert {2} == set(compare(frame, asked)["family"])
