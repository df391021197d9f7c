"""A store's answers: what was asked is judged together, whatever of it is shown."""

import json
from datetime import date

import pytest

from bench.core.errors import StudyError
from bench.store.questions import Question, Questions, Stopping
from results import load
from results.answers import Answers, answers, answers_of, primary_among, render, select, summary


def asked(*pairs, study="mine", within=0.01, on=date(2026, 11, 26)):
    questions = tuple(
        Question(a=a, b=b, protocol="demo/city", backbone="resnet18", fraction=f, amount=f"{f:g}", metric="miou")
        for a, b, f in pairs
    )
    return Questions(study=study, date=on, revision="abc", within=within, questions=questions)


@pytest.fixture
def found(store):
    return answers(store, load(store))


def numbers(table, a, b, fraction):
    (row,) = table[(table["a"] == a) & (table["b"] == b) & (table["fraction"] == fraction)].itertuples()
    return row.low, row.high, row.p, row.q, row.error, row.df


def test_what_a_reader_leaves_out_changes_no_number(found):
    whole = numbers(found.comparisons, "random", "geokr", 0.01)
    assert whole == numbers(select(found, ["geokr"], []), "random", "geokr", 0.01)
    assert whole == numbers(select(found, [], ["geokr>random@0.01"]), "random", "geokr", 0.01)
    assert 6 == len(select(found, [], []))


def test_a_study_that_runs_fewer_rows_is_judged_among_all_of_its_store(store, found):
    frame = load(store)
    mine = [(row.key, None) for row in frame[frame["method"] != "moco"].itertuples()]
    narrowed, table = answers_of(store, mine)
    assert {"random", "geokr"} == set(table["variant"])
    for fraction in (0.01, 0.1, 1.0):
        assert numbers(found.comparisons, "random", "geokr", fraction) == (
            numbers(narrowed.comparisons, "random", "geokr", fraction)
        )
    lines = summary(narrowed, table)
    assert 3 == sum(line.startswith("On demo/city at ") for line in lines)
    assert not any("moco" in line for line in lines)


def test_a_study_names_its_rows_in_its_own_answers(store):
    mine = [(row.key, "ours" if row.method == "geokr" else None) for row in load(store).itertuples()]
    narrowed, table = answers_of(store, mine)
    assert {"random", "ours", "moco"} == set(table["variant"])
    assert any("ours" in line for line in summary(narrowed, table))


def test_what_was_ever_asked_widens_every_interval(store):
    first, later = asked(("geokr", "random", 0.01)), asked(("moco", "random", 0.01), ("moco", "geokr", 0.1))
    frame = load(store)
    one, both = Answers(frame, [first]), Answers(frame, [first, later])
    assert ({1}, {3}) == (set(one.comparisons["family"]), set(both.comparisons["family"]))
    narrow, wide = (numbers(each.comparisons, "random", "geokr", 0.01) for each in (one, both))
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert narrow[4:] == wide[4:]


def test_sentences_name_the_protocol_and_the_smallest_margin_counts(store):
    frame = load(store)
    found = Answers(
        frame, [asked(("geokr", "random", 0.01), within=0.02), asked(("moco", "random", 1.0), within=0.005)]
    )
    assert 0.005 == found.within
    texts = [verdict.text for verdict in found.sentences(select(found, [], []))]
    assert texts[0].startswith("On demo/city at 1%, these weights of geokr are ")
    assert 2 == len(texts)


def test_notes_say_what_was_asked_when_and_by_whom(store):
    frame, each = load(store), asked(("geokr", "random", 0.01))
    found = Answers(frame, [each])
    notes = found.notes(select(found, [], []))
    assert f"Asked by mine on 2026-11-26 at abc: 1 questions ({each.hash})." in notes
    assert any("simultaneous over 1 primary question (stated before the run)" in note for note in notes)


def test_notes_say_whose_labels_are_kin_to_what_a_row_has_learned(store):
    frame = load(store)
    learns = frame["method"] == "geokr"
    frame.loc[learns, "design"] = json.dumps({"kin": "eurosat"})
    notes = answers(store, frame).notes(select(answers(store, frame), ["geokr"], []))
    assert "Label kin: classes of eurosat, learned by geokr, are kin to the labels of demo-city." in notes


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("geokr", r"write it as ROW>ROW or ROW>ROW@\[PROTOCOL:\]AMOUNT"),
        ("geokr>byol", "no comparison with a row 'byol'"),
        ("geokr>moko", r"no comparison with a row 'moko' in this store; did you mean moco\?"),
        (
            "geokr>moco@demo/cite",
            r"protocol 'demo/cite' in this store; did you mean demo/city\? \(choose from demo/city",
        ),
        ("geokr>moco@demo/city:3%", "not measured at 3%: choose from 1%, 10%, 100%"),
        ("geokr>geokr", "these two rows share no protocol"),
        ("geokr>moco@3%", "not measured at 3%: choose from 1%, 10%, 100%"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_one_line(found, question, words):
    with pytest.raises(StudyError, match=words) as refused:
        select(found, [], [question])
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("amount", ["0.01", "1%"])
def test_an_amount_may_be_written_as_a_share_or_in_percent(found, amount):
    (row,) = select(found, [], [f"moco > geokr @ {amount}"]).itertuples()
    assert ("geokr", "moco", 0.01, False) == (row.a, row.b, row.fraction, row.primary)


def test_a_protocol_may_stand_before_the_amount_or_alone(make_study, write_store, tmp_path):
    boards = [("demo/city", "demo-city", "resnet18"), ("mine", "demo-city", "resnet18")]
    store = write_store(tmp_path / "two", make_study(boards=boards))
    two = answers(store, load(store))

    def places(question):
        return [(row.protocol, row.fraction) for row in select(two, [], [question]).itertuples()]

    assert [("demo/city", 0.01)] == places("geokr>moco@demo/city:0.01") == places("geokr > moco @ demo/city:1%")
    assert [("mine", 0.01), ("mine", 0.1), ("mine", 1.0)] == places("geokr>moco@mine")
    assert [("demo/city", 0.1), ("mine", 0.1)] == places("geokr>moco@10%")
    assert 6 == len(places("geokr>moco"))


def test_a_store_whose_seeds_were_chosen_by_width_says_so_and_takes_the_lower_level(store):
    frame, plain = load(store), asked(("geokr", "random", 0.01))
    looked = plain.model_copy(update={"until": Stopping(width=0.02, most=20, level=0.02)})
    found, usual = Answers(frame, [plain, looked]), Answers(frame, [plain])
    assert (0.02, 0.05) == (found.level, usual.level)
    low, high = (numbers(each.comparisons, "random", "geokr", 0.01)[:2] for each in (found, usual))
    assert low[0] < high[0] < high[1] < low[1]
    notes = found.notes(select(found, [], []))
    assert (
        f"Asked by mine on 2026-11-26 at abc: 1 questions ({looked.hash}), with seeds added until ±2 points, at most 20."
        in (notes)
    )
    assert any(
        "For these looks they are intervals of 98%, which at the stop miss in no more than 5%" in note for note in notes
    )
    assert not any("chosen by the width" in note for note in usual.notes(select(usual, [], [])))


def test_primary_among_are_those_of_which_both_rows_are_shown(store):
    frame = load(store)
    found = Answers(frame, [asked(("geokr", "random", 0.01), ("moco", "random", 1.0))])
    shown = frame[frame["variant"].isin(["geokr", "random"])]
    (row,) = primary_among(found, shown).itertuples()
    assert ({"geokr", "random"}, 0.01) == ({row.a, row.b}, row.fraction)


def test_answers_come_in_four_forms(found):
    table = select(found, [], ["geokr>random@0.01"])
    (sentence,) = [verdict.text for verdict in found.sentences(table)]
    assert sentence == render(found, table, "text").splitlines()[0]
    assert render(found, table, "markdown").startswith("- On demo/city at 1%")
    latex = render(found, table, "latex")
    assert latex.startswith("\\begin{itemize}\n  \\item On demo/city at 1\\%")
    value = json.loads(render(found, table, "json"))
    (row,) = value["answers"]
    assert (sentence, True, 0.01) == (row["sentence"], row["primary"], row["fraction"])


def test_a_wider_margin_shows_more_rows_equal(make_record, tmp_path, write_store):
    records = [
        make_record(method=method, seed=seed, metrics={"miou": 0.5 + shift * (seed - 1)})
        for method, shift in (("random", 0.0), ("geokr", 0.002))
        for seed in range(3)
    ]
    found = answers(write_store(tmp_path / "s", records), load(tmp_path / "s"))
    table = select(found, [], [])
    assert "are equal within 1 point" in found.sentences(table)[0].text
    assert "not told apart" in found.sentences(table, 0.001)[0].text
