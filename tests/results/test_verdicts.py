import pytest

from results.frame import from_records
from results.stats.paired import pairwise
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
    records = make_study(methods=["random", "imagenet", "moco"], noise=0.02, seed=5)
    texts = [verdict.text for verdict in label_savings(from_records(records))]
    assert 1 == sum("Not even with all labels" in text for text in texts)


def test_three_seeds_give_a_difference_and_the_doubt(make_study):
    comparisons = pairwise(from_records(make_study(methods=["random", "geokr"], fractions=[0.01], noise=0.0)))
    verdict = difference(next(comparisons.itertuples()))
    assert verdict.text == (
        "At 1%, these weights of geokr scored 15.00 points above random (95% interval +15.00 to +15.00); "
        "with 3 paired seeds no test over this table can rule out chance (p is 0.25 at best)."
    )
    assert not verdict.sure


@pytest.mark.parametrize(
    ("gap", "words"), [(0.1, "these weights of geokr are better than random by"), (0.0, "cannot be told apart")]
)
def test_many_seeds_give_a_verdict(make_record, gap, words):
    records = [
        make_record(
            method=method, seed=seed, metrics={"miou": 0.5 + (method == "geokr") * (gap + 0.001 * (-1) ** seed)}
        )
        for method in ("random", "geokr")
        for seed in range(8)
    ]
    verdict = difference(next(pairwise(from_records(records)).itertuples()))
    assert words in verdict.text
    assert verdict.sure == (gap > 0)


def test_a_verdict_on_a_row_with_a_warning_says_so(make_study):
    records = make_study(methods=["random", "moco"], noise=0.0)
    records += make_study(methods=["geokr"], noise=0.0, warnings={"features-collapsed": "all alike"})
    frame = from_records(records)
    said = "; geokr rests on training with a warning: features-collapsed."
    texts = [verdict.text for verdict in label_savings(frame)]
    assert [True, False] == [text.endswith(said) for text in texts]
    pairs = {(row.a, row.b): difference(row).text for row in pairwise(frame[frame["fraction"] == 0.01]).itertuples()}
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
        (3.8e12, 1e12, "(95% interval +7.00 to +7.00), at 3.8 times the compute; with"),
        (0.3e12, 1e12, "(95% interval +7.00 to +7.00), at 0.3 times the compute; with"),
        (1.4e12, 1e12, "(95% interval +7.00 to +7.00); with"),
    ],
)
def test_a_sentence_about_unequal_compute_says_how_much(make_study, better, worse, words):
    records = spent(make_study, "geokr", better) + spent(make_study, "moco", worse)
    (row,) = pairwise(from_records(records)).itertuples()
    assert words in difference(row).text


def test_compute_is_said_of_rows_that_cannot_be_told_apart(make_study):
    records = spent(make_study, "geokr", 4e12, seeds=8) + spent(make_study, "moco", 1e12, seeds=8)
    same = [record.model_copy(update={"metrics": {"miou": 0.5}}) for record in records]
    (row,) = pairwise(from_records(same)).itertuples()
    assert "; geokr took 4.0 times the compute of moco." in difference(row).text


def test_several_pretrainings_let_a_sentence_speak_of_the_method(make_record):
    records = [
        make_record(method=method, seed=seed, weights=f"{method} {seed}", metrics={"miou": score})
        for method, score in (("random", 0.5), ("geokr", 0.6))
        for seed in range(3)
    ]
    frame = from_records(records)
    (row,) = pairwise(frame).itertuples()
    assert difference(row).text.startswith("At 100%, geokr scored 10.00 points above random")
    assert ["geokr needs"] == [verdict.text[:11] for verdict in label_savings(frame)]


def test_a_sentence_ends_with_what_becomes_of_it(make_study):
    (row, *_) = pairwise(from_records(make_study(methods=["random", "geokr"]))).itertuples()
    assert difference(row, "gone when tuned", "5shot").text.endswith("; gone when tuned.")
    assert difference(row, "", "5shot").text.startswith("At 5shot, ")
