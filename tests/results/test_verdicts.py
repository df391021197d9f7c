import math

import pandas as pd
import pytest

from results import verdicts
from results.frame import from_records
from results.stats.block_model import compare
from results.stats.intervals import Interval
from results.stats.ranking import Separation
from results.verdicts import difference, label_savings


def test_label_savings_name_the_share_the_interval_and_n(make_study):
    texts = [verdict.text for verdict in label_savings(from_records(make_study(noise=0.0)))]
    # geokr rises from 45 at 1% to 75 at 100%: random's 70 is reached at 10^(-1/3) = 46% of the labels.
    assert (
        texts[0]
        == "These weights of geokr need 46% of the labels to do as well as random with all of them (95% interval 46%, n = 3)."
    )


def test_a_method_that_stays_below_is_said_not_to_reach(make_record):
    scores = {"random": 0.7, "moco": 0.6}
    records = [
        make_record(method=m, fraction=f, metrics={"miou": s * f**0.1}) for m, s in scores.items() for f in (0.1, 1.0)
    ]
    (verdict,) = label_savings(from_records(records))
    assert verdict.text == "Not even with all labels does this reach random at 100% (n = 1): these weights of moco."


def test_those_that_stay_below_stand_in_one_sentence_with_how_near_they_come(make_study):
    records = make_study(methods=["random", "imagenet", "moco"], noise=0.001, seed=5)
    texts = [verdict.text for verdict in label_savings(from_records(records))]
    assert 1 == sum("Not even with all labels" in text for text in texts)


def test_where_seeds_do_not_say_how_many_labels_are_needed_the_sentence_gives_no_number(make_record):
    """Moco is 1 point above random at 100%, with an s.d. of 4 over three seeds."""
    noise = {0: -0.04, 1: 0.0, 2: 0.04}
    records = [
        make_record(
            method=method, seed=seed, fraction=fraction, metrics={"miou": score + (method == "moco") * noise[seed]}
        )
        for method, fraction, score in (("random", 1.0, 0.7), ("moco", 0.01, 0.4), ("moco", 1.0, 0.71))
        for seed in range(3)
    ]
    (verdict,) = label_savings(from_records(records))
    assert verdict.text.startswith(
        "Not told by these seeds, whether and with how many labels this reaches random at 100% (n = 3): these weights of "
        "moco (interval from "
    )


def board(make_record, scores, **changes):
    """One record a score; every repeat has a pretraining of its own."""
    return [
        make_record(method=method, seed=seed, weights=f"{method}-{seed}", metrics={"miou": score}, **changes)
        for method, values in scores.items()
        for seed, score in enumerate(values)
    ]


def said(records, **asked):
    return [difference(row, **asked) for row in compare(from_records(records)).itertuples()]


def test_a_difference_is_said_with_its_interval(make_record):
    """10, 12 and 14 points: 12 +- 4.3027 x 2 / sqrt 3."""
    (verdict,) = said(board(make_record, {"random": [0.5, 0.5, 0.5], "geokr": [0.6, 0.62, 0.64]}))
    assert "At 100%, geokr is 12.00 [7.03, 16.97] points above random." == verdict.text
    assert verdict.sure


def test_a_design_that_was_measured_to_err_more_only_suggests(make_record):
    table = compare(from_records(board(make_record, {"random": [0.5, 0.5, 0.5], "geokr": [0.6, 0.62, 0.64]})))
    (row,) = table.assign(measured=0.093).itertuples()
    text = difference(row).text
    assert "the scores suggest that geokr is 12.00 [7.03, 16.97] points above random; " in text
    assert "intervals of such designs err in up to 9% of studies" in text
    (row,) = table.assign(measured=0.08).itertuples()
    assert "suggest" not in difference(row).text


def test_what_seeds_cannot_tell_is_said_with_what_they_could(make_record):
    """Differences 2, -2 and 6 points: s.d. 4, error 2.309; called would be 2.309 x (4.3027 + 1.0607)."""
    (verdict,) = said(board(make_record, {"random": [0.5, 0.5, 0.5], "geokr": [0.52, 0.48, 0.56]}))
    assert verdict.text == (
        "At 100%, geokr and random are not told apart (2.00 [-7.94, 11.94] points, 3 seeds; 12.39 points could be called)."
    )
    assert not verdict.sure


def test_rows_within_a_point_of_each_other_are_shown_equal(make_record):
    """Differences 0.1, -0.1 and 0.1 points: 2.92 x 0.115 / sqrt 3 = 0.19 around 0.03."""
    records = board(make_record, {"random": [0.5, 0.5, 0.5], "geokr": [0.501, 0.499, 0.501]})
    (verdict,) = said(records)
    assert "At 100%, geokr and random are equal within 1 point (0.03 [-0.25, 0.32] points)." == verdict.text
    assert verdict.sure
    (closer,) = said(records, within=0.002)
    assert "are not told apart" in closer.text


def test_what_was_not_asked_is_exploratory(make_record):
    clear = {"random": [0.5, 0.51, 0.49], "geokr": [0.8, 0.81, 0.79], "moco": [0.5, 0.52, 0.5]}
    (found,) = [verdict for verdict in said(board(make_record, clear)) if "exploratory" in verdict.text]
    assert found.sure
    assert "exploratory: geokr is 29.33 [" in found.text
    assert "] points above moco (q = " in found.text


def test_repeats_of_few_pretrainings_are_counted_in_words(make_record):
    records = [make_record(method="random", seed=seed, metrics={"miou": 0.5 + 0.01 * (seed % 3)}) for seed in range(4)]
    records += [
        make_record(method="geokr", seed=seed, weights=f"w{seed % 2}", metrics={"miou": 0.52}) for seed in range(4)
    ]
    (verdict,) = said(records)
    assert "4 seeds, 2 pretrainings" in verdict.text


def test_one_seed_gives_a_difference_and_the_doubt(make_study):
    (verdict,) = said(make_study(methods=["random", "geokr"], fractions=[0.01], seeds=1, noise=0.0))
    assert verdict.text == (
        "At 1%, these weights of geokr scored 15.00 points above random; with 1 seed nothing is known of chance."
    )
    assert not verdict.sure


def test_a_disagreeing_exact_test_is_named(make_record):
    better = [0.51, 0.51, 0.51, 0.51, 0.51, 0.498]
    (verdict,) = said(board(make_record, {"random": [0.5] * 6, "geokr": better}))
    assert "; the exact test disagrees (p = 0.062)." in verdict.text


def test_a_verdict_on_a_row_with_a_warning_says_so(make_study):
    records = make_study(methods=["random", "moco"], noise=0.0)
    records += make_study(methods=["geokr"], noise=0.0, warnings={"features-collapsed": "all alike"})
    frame = from_records(records)
    said = "; geokr rests on training with a warning: features-collapsed."
    texts = [verdict.text for verdict in label_savings(frame)]
    assert [True, False] == [text.endswith(said) for text in texts]
    pairs = {(row.a, row.b): difference(row).text for row in compare(frame[frame["fraction"] == 0.01]).itertuples()}
    assert {("random", "geokr"), ("geokr", "moco")} == {pair for pair, text in pairs.items() if text.endswith(said)}


def test_a_verdict_against_a_reference_with_warnings_names_them_all(make_study):
    records = make_study(methods=["random"], noise=0.0, warnings={"b": "two", "a": "one"})
    (verdict,) = label_savings(from_records([*records, *make_study(methods=["geokr"], noise=0.0)]))
    assert verdict.text.endswith("; random rests on training with warnings: a, b.")


def test_those_that_stay_below_with_a_warning_say_so_too(make_study):
    records = make_study(methods=["imagenet"], noise=0.0)
    records += make_study(methods=["random"], noise=0.0, warnings={"loss-exploded": "it did"})
    texts = [verdict.text for verdict in label_savings(from_records(records))]
    assert any("random; random rests on training with a warning: loss-exploded." in text for text in texts)


def spent(make_study, method, flops, **more):
    return make_study(
        methods=[method], fractions=[0.01], noise=0.0, pretraining={"steps": 9.0, "flops_forward": flops}, **more
    )


@pytest.mark.parametrize(
    ("better", "worse", "words"),
    [
        (3.8e12, 1e12, "are 7.00 [7.00, 7.00] points above these weights of moco, at 3.8 times the compute."),
        (0.3e12, 1e12, "are 7.00 [7.00, 7.00] points above these weights of moco, at 0.3 times the compute."),
        (1.4e12, 1e12, "are 7.00 [7.00, 7.00] points above these weights of moco."),
    ],
)
def test_a_sentence_about_unequal_compute_says_how_much(make_study, better, worse, words):
    records = spent(make_study, "geokr", better) + spent(make_study, "moco", worse)
    (row,) = compare(from_records(records)).itertuples()
    assert words in difference(row).text


def test_compute_is_said_of_rows_that_cannot_be_told_apart(make_study):
    records = spent(make_study, "geokr", 4e12, seeds=8) + spent(make_study, "moco", 1e12, seeds=8)
    same = [
        record.model_copy(update={"metrics": {"miou": 0.5 + 0.05 * (at % 3 - 1) * (at % 2)}})
        for at, record in enumerate(records)
    ]
    (row,) = compare(from_records(same)).itertuples()
    assert "; geokr took 4.0 times the compute of moco." in difference(row).text


def test_several_pretrainings_let_a_sentence_speak_of_the_method(make_record):
    records = [
        make_record(method=method, seed=seed, weights=f"{method}-{seed}", metrics={"miou": score})
        for method, score in (("random", 0.5), ("geokr", 0.6))
        for seed in range(3)
    ]
    frame = from_records(records)
    (row,) = compare(frame).itertuples()
    assert "At 100%, geokr is 10.00 [10.00, 10.00] points above random." == difference(row).text
    assert ["geokr needs"] == [verdict.text[:11] for verdict in label_savings(frame)]


def test_a_sentence_ends_with_what_becomes_of_it(make_study):
    (row, *_) = compare(from_records(make_study(methods=["random", "geokr"]))).itertuples()
    assert difference(row, "gone when tuned", "5shot").text.endswith("; gone when tuned.")
    assert difference(row, "", "5shot").text.startswith("At 5shot, ")


NAN = math.nan


def compared(*rows, tasks="a, b, c"):
    """A table as of `results.stats.across.across`: each row a name, an effect and the ends of both intervals."""
    columns = ["row", "effect", "these_low", "these_high", "like_low", "like_high"]
    fixed = {"tasks": tasks, "reference": "random", "one_reference": False}
    return pd.DataFrame([dict(zip(columns, row, strict=True)) | {"one": row[0] == "alone"} for row in rows]).assign(
        **fixed
    )


def test_rows_across_tasks_are_told_apart_under_each_assumption():
    table = compared(("geokr", 2.0, 1.0, 3.0, -0.5, 4.5), ("alone", -2.0, -3.0, -1.0, -4.0, -0.1))
    these, like = verdicts.across_tasks(table)
    assert these.endswith("above: geokr +2.00 [+1.00, +3.00]; below: these weights of alone -2.00 [-3.00, -1.00].")
    assert like.endswith(
        ": below: these weights of alone -2.00 [-4.00, -0.10]; not told apart: geokr +2.00 [-0.50, +4.50]."
    )


def test_two_tasks_are_said_to_be_no_sample_and_one_task_is_not_spoken_of():
    row = ("geokr", 2.0, 1.0, 3.0, NAN, NAN)
    assert (
        "2 tasks are no sample of others, so nothing is said of those."
        == verdicts.across_tasks(compared(row, tasks="a, b"))[1]
    )
    assert [] == verdicts.across_tasks(compared(row, tasks="a"))


def test_an_effect_without_an_interval_stands_alone():
    known, unknown = ("geokr", 2.0, 1.0, 3.0, 0.5, 3.5), ("moco", 1.0, NAN, NAN, NAN, NAN)
    assert verdicts.across_tasks(compared(known, unknown))[0].endswith("; not told apart: moco +1.00.")
    (only,) = verdicts.across_tasks(compared(unknown))
    assert only.endswith("against random: with so few repeats nothing is known of chance.")


def test_mean_ranks_end_with_what_they_tell_apart():
    ranks = [("moco", Interval(2.5, NAN, NAN)), ("geokr", Interval(1.2, 1.0, 1.8))]
    assert (
        "By mean rank over the tasks: geokr 1.2 [1.0, 1.8], moco 2.5; 1.10 places tell two rows apart (p = 0.01)."
        == (verdicts.by_rank(ranks, Separation(0.01, 1.1, "")))
    )
    assert verdicts.by_rank(ranks, Separation(0.4, 1.1, "nothing")).endswith("; nothing.")
    assert "" == verdicts.by_rank(ranks, Separation(NAN, NAN, "ranks need two tasks and three rows"))
