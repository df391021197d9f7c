"""What a study asked is kept as it was first written."""

import json
from datetime import date

import pytest

from bench.core.errors import StoreError
from bench.store.questions import Question, Questions, Stopping, read_questions
from bench.store.store import Store
from results.verify import verify


def asked(*rows, on=date(2026, 11, 26), study="mine", within=0.01):
    questions = tuple(
        Question(a=a, b="random", protocol="demo/city", backbone="resnet18", fraction=1.0, amount="100%", metric="miou")
        for a in rows
    )
    return Questions(study=study, date=on, revision="abc", within=within, questions=questions)


@pytest.fixture
def kept(tmp_path):
    store = Store(tmp_path / "store")
    store.open_for_writing()
    return store


def test_the_same_list_is_kept_once_with_its_first_date(kept):
    kept.write_questions(asked("geokr"))
    kept.write_questions(asked("geokr", on=date(2027, 1, 1)))
    assert [asked("geokr")] == kept.questions()


def test_a_changed_list_is_a_second_entry_and_the_oldest_comes_first(kept):
    later = asked("geokr", "moco", on=date(2027, 1, 1))
    kept.write_questions(later)
    kept.write_questions(asked("geokr"))
    assert [asked("geokr"), later] == kept.questions()


def test_the_hash_is_of_what_is_asked_alone():
    assert asked("geokr").hash == asked("geokr", on=date(2030, 1, 1), study="other").hash
    assert 3 == len({asked("geokr").hash, asked("moco").hash, asked("geokr", within=0.02).hash})


def test_a_list_that_was_changed_afterwards_is_refused(kept, tmp_path):
    kept.write_questions(asked("geokr", "moco"))
    (path,) = (tmp_path / "store" / "questions").glob("*.json")
    value = json.loads(path.read_text())
    value["questions"] = value["questions"][:1]
    path.write_text(json.dumps(value))
    with pytest.raises(StoreError, match=r"was changed after it was written: restore it"):
        read_questions(tmp_path / "store")
    (tmp_path / "store" / "records").mkdir()
    assert ["was changed after it was written"] == [
        line.split(": ")[0].partition(".json ")[2] for line in verify(tmp_path / "store")
    ]


def test_a_file_that_holds_something_else_is_named(kept, tmp_path):
    kept.write_questions(asked("geokr"))
    (path,) = (tmp_path / "store" / "questions").glob("*.json")
    path.write_text('{"study": 7}')
    with pytest.raises(StoreError, match="holds no questions"):
        read_questions(tmp_path / "store")


def test_a_study_named_like_a_path_stays_in_the_folder(kept, tmp_path):
    kept.write_questions(asked("geokr", study="../a/b"))
    assert 1 == len(list((tmp_path / "store" / "questions").glob("*.json")))


def test_how_seeds_are_chosen_is_part_of_what_is_asked():
    plain = asked("geokr")
    looked = plain.model_copy(update={"until": Stopping(width=0.02, most=20, level=0.025)})
    assert plain.hash != looked.hash
    assert looked.hash != plain.model_copy(update={"until": Stopping(width=0.01, most=20, level=0.025)}).hash
