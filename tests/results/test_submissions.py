"""Archives of strangers: nothing of them is unpacked that a submission does not hold."""

import json
import pickle
import zipfile

import pytest
from synthetic_records import synthetic_study, write_records

from bench.core.errors import StoreError
from results import load, submissions


def zipped(path, entries, card=None):
    """A zip of names and contents; `card` in place of one that fits."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        if card is not None:
            made.writestr("submission.json", card)
        for name, content in entries:
            made.writestr(name, content)
    return path


def link():
    entry = zipfile.ZipInfo("records/a.json")
    entry.external_attr = 0o120777 << 16
    return entry


CARD = json.dumps({"schema": 1, "study": "x", "files": {}})


@pytest.mark.parametrize(
    ("entries", "line"),
    [
        ([("../evil.json", "{}")], "'../evil.json', which is no part of a submission"),
        ([("records/../../evil.json", "{}")], "which is no part of a submission"),
        ([("/etc/evil.json", "{}")], "which is no part of a submission"),
        ([("records/..", "{}")], "which is no part of a submission"),
        ([("records\\evil.json", "{}")], "which is no part of a submission"),
        ([("records/a.pkl", pickle.dumps(1))], "'records/a.pkl', which is no part of a submission"),
        ([("weights/a/model.pt", b"x")], "which is no part of a submission"),
        ([("store.json", "{}")], "which is no part of a submission"),
        ([("records/a\u202e.json", "{}")], "which is no part of a submission"),
        ([(link(), "/etc/passwd")], "'records/a.json' as a link"),
        ([("records/a.json", "{}"), ("records/a.json", "[]")], "holds a name twice"),
        ([("records/a.json", b"0" * (64 << 20))], "unpacks to 64 MiB: refused"),
        ([("records/a.json", "{}")], "'records/a.json' is not named in its card"),
    ],
)
def test_hostile_archives_are_refused_and_leave_nothing(entries, line, tmp_path):
    with pytest.warns(UserWarning, match="Duplicate") if "twice" in line else _nothing():
        path = zipped(tmp_path / "a.zip", entries, CARD)
    with pytest.raises(StoreError) as refused:
        submissions.unpack(path, tmp_path / "out")
    assert line in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "out").exists()


class _nothing:  # noqa: N801 - stands in for a function
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


def test_an_archive_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "MOST_FILES", 3)
    path = zipped(tmp_path / "a.zip", [(f"records/{number}.json", "{}") for number in range(4)], CARD)
    with pytest.raises(StoreError, match="holds 5 files, more than 3: refused"):
        submissions.unpack(path, tmp_path / "out")


@pytest.mark.parametrize(
    ("card", "line"),
    [
        (None, "is no submission: it holds no submission.json"),
        ("no json", "submission.json is not JSON"),
        ("[]", "must hold keys and values"),
        (json.dumps({"schema": 9, "study": "x", "files": {}}), "has schema 9, this version reads up to 1"),
        (json.dumps({"schema": 1, "files": {}}), "study"),
        (json.dumps({"schema": 1, "study": "x", "files": {"records/a.json": "0"}}), "'records/a.json' is not there"),
    ],
)
def test_cards_that_are_none_are_refused(card, line, tmp_path):
    path = zipped(tmp_path / "a.zip", [], card)
    with pytest.raises(StoreError, match=line):
        submissions.unpack(path, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip"])
def test_what_is_no_zip_is_refused(content, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is no readable submission"):
        submissions.unpack(path, tmp_path / "out")


def sent(tmp_path, name, records):
    """A submission of some records, unpacked, with its archive."""
    store = write_records(tmp_path / name, records)
    submissions.pack(store, tmp_path / f"{name}.zip", name, f"{name}'s")
    folder = tmp_path / f"{name}-unpacked"
    submissions.unpack(tmp_path / f"{name}.zip", folder)
    return folder, submissions.check(folder)


def accepted(name, folder, records):
    return submissions.Accepted(
        study=name, note=f"{name}'s", sha256=(name[0] * 64), marks=submissions.marks(folder, records, [])
    )


def test_records_without_outcomes_are_copied_and_several_submissions_share_a_board(tmp_path):
    board = tmp_path / "board"
    boards = {"ours": ("demo/city", "demo-city", "resnet18"), "theirs": ("geokr-2021/potsdam", "potsdam", "resnet18")}
    for name, place in boards.items():
        folder, records = sent(tmp_path, name, synthetic_study(boards=[place]))
        submissions.accept(folder, board, accepted(name, folder, records))
    frame = load(board)
    assert {place[0] for place in boards.values()} == set(frame["protocol"])
    lines = submissions.said(board, dict(zip(frame["key"], frame["variant"], strict=True)))
    assert 2 == len(lines)
    for line, name in zip(lines, boards, strict=True):
        assert f"study {name} ({name}'s)" in line
        assert "; copied " in line
        assert "re-run" not in line


def test_a_record_that_contradicts_the_boards_is_not_accepted(tmp_path):
    board = tmp_path / "board"
    records = synthetic_study()
    folder, found = sent(tmp_path, "ours", records)
    submissions.accept(folder, board, accepted("ours", folder, found))
    before = {path: path.read_bytes() for path in board.rglob("*") if path.is_file()}
    other = [record.model_copy(update={"metrics": {**record.metrics, record.metric: 0.5}}) for record in records]
    folder, found = sent(tmp_path, "theirs", other)
    with pytest.raises(StoreError, match="is there already, and is another file: nothing was accepted"):
        submissions.accept(folder, board, accepted("theirs", folder, found))
    assert before == {path: path.read_bytes() for path in board.rglob("*") if path.is_file()}
