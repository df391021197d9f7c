"""Numbers that rest on a warning are marked, and the warning is told once for all rows that bear it."""

import json

import pytest
from synthetic_records import synthetic_record

from results import warned
from results.frame import from_records


def frame(*rows):
    """Records of rows of (method, warnings), one seed after the other."""
    return from_records(
        [
            synthetic_record(method=method, seed=seed, key=f"k{seed}", warnings=said)
            for seed, (method, said) in enumerate(rows)
        ]
    )


def test_names_are_sorted_and_each_stands_once():
    texts = [json.dumps({"b": "x", "a": "y"}), json.dumps({"b": "z"}), "{}"]
    assert "a, b" == warned.names(texts)
    assert "" == warned.names(["{}"])
    assert "" == warned.names([])


def test_each_warning_of_a_row_is_counted_and_told_with_its_different_texts():
    said = frame(
        ("moco", {"few-updates": "moved 3 times"}),
        ("moco", {"few-updates": "moved  3\ntimes"}),
        ("moco", {"few-updates": "moved 2 times", "collapsed": "rank 1"}),
        ("geokr", {}),
        ("random", {"late": "no"}),
    )
    found = [(row.variant, row.name, row.texts, row.count, row.records) for row in warned.by_row(said)]
    assert [
        ("random", "late", ["no"], 1, 1),
        ("moco", "collapsed", ["rank 1"], 1, 3),
        ("moco", "few-updates", ["moved 2 times", "moved 3 times"], 3, 3),
    ] == found


def test_without_warnings_there_is_nothing_to_mark_or_to_say():
    assert [] == warned.by_row(frame(("moco", {})))
    assert [] == warned.notes(frame(("moco", {})))
    assert ("", "") == (warned.mark(""), warned.rests_on("moco", ""))


def test_a_mark_and_a_sentence_stand_behind_a_name_that_is_warned_of():
    assert f" {warned.MARK}" == warned.mark("late")
    assert "moco rests on training with a warning: late" == warned.rests_on("moco", "late")
    assert "moco rests on training with warnings: late, slow" == warned.rests_on("moco", "late, slow")


def test_a_note_says_what_the_mark_means_and_one_thing_that_was_seen():
    notes = warned.notes(frame(("moco", {"late": "step 3"}), ("moco", {}), ("byol", {"late": "step 3"})))
    assert [f"{warned.READING}.", "late in records of byol (1 of 1), moco (1 of 2): step 3."] == notes


@pytest.mark.parametrize(
    ("texts", "shown"), [(["step 3", "step 3"], "step 3."), (["step 4", "step 3"], "such as step 3.")]
)
def test_several_texts_are_told_by_an_example(texts, shown):
    said = frame(*(("moco", {"late": text}) for text in texts))
    assert f"late in records of moco (2 of 2): {shown}" == warned.notes(said)[1]


def test_a_long_text_is_cut_and_one_that_just_fits_is_not():
    for length, end in ((160, "x."), (161, "x....")):
        note = warned.notes(frame(("moco", {"late": "x" * length})))[1]
        assert note.endswith(end)
        assert 160 == note.count("x") - "late in records of moco (1 of 1): ".count("x")
