"""Results are sent as an archive, and taken onto a board once they have proved themselves."""

import hashlib
import json
import shutil
import zipfile

import pytest
from running import WIDE, bench

from bench.core.keys import sealed


@pytest.fixture(scope="module")
def archive(finished, study, tmp_path_factory):
    """The finished study, with the weights of its first repeat."""
    path = tmp_path_factory.mktemp("sent") / "mine.zip"
    done = bench(
        "submit", "--store", finished[0], "--study", study, "--out", path, "--weights-of", 0, "--note", "a test of ours"
    )
    assert 0 == done.returncode, done.stderr
    return path


def changed(archive, path, change):
    """The archive with its files changed and its card made to fit again."""
    with zipfile.ZipFile(archive) as opened:
        contents = {name: opened.read(name) for name in opened.namelist()}
    change(contents)
    card = json.loads(contents.pop("submission.json"))
    card["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("submission.json", json.dumps(card))
        for name, content in contents.items():
            made.writestr(name, content)
    return path


def accept(archive, study, into, *more):
    return bench("leaderboard", "accept", archive, "--study", study, "--into", into, *more, env=WIDE)


def test_a_submission_is_run_again_and_accepted_and_its_board_says_what_was_checked(archive, study, tmp_path):
    board = tmp_path / "board"
    done = accept(archive, study, board, "--cells", 2)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "records and all they rest on are sound" in done.stdout
    records = len(list((board / "records").iterdir()))
    assert f"accepted: 2 re-run, {records - 2} recomputed, 0 copied" in done.stdout
    told = bench("table", "--store", board, env=WIDE).stdout
    assert f"(a test of ours): 2 re-run, {records - 2} recomputed of {records} records; cells re-run of " in told
    page = bench("leaderboard", "page", "--store", board, "--out", tmp_path / "page")
    assert 0 == page.returncode, page.stderr
    assert "(a test of ours): 2 re-run" in (tmp_path / "page" / "index.html").read_text()
    # A second submission of the same records is no contradiction.
    assert 0 == accept(archive, study, board, "--cells", 0).returncode


@pytest.mark.nightly
def test_the_pretraining_is_run_again_where_it_is_asked_for(archive, study, tmp_path):
    done = accept(archive, study, tmp_path / "board", "--pretrain")
    assert 0 == done.returncode, done.stdout + done.stderr
    assert "accepted: 1 re-run" in done.stdout


def test_packing_twice_gives_the_same_bytes(archive, finished, study, tmp_path):
    asked = ["--store", finished[0], "--study", study, "--weights-of", 0, "--note", "a test of ours"]
    assert 0 == bench("submit", *asked, "--out", tmp_path / "again.zip").returncode
    assert archive.read_bytes() == (tmp_path / "again.zip").read_bytes()


def first_record(contents):
    return min(name for name in contents if name.startswith("records/"))


def better_metric(contents):
    name = first_record(contents)
    record = json.loads(contents[name])
    record["metrics"][record["metric"]] = 0.99
    contents[name] = json.dumps(sealed(record)).encode()  # who forges can renew a digest


def other_outcomes(contents):
    names = sorted(name for name in contents if name.startswith("outcomes/"))
    other = next(name for name in names if contents[name] != contents[names[0]])
    contents[names[0]] = contents[other]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (better_metric, "is 0.99, its outcomes give"),
        (other_outcomes, "is not what its record was computed from (its hash is another)"),
    ],
)
def test_what_was_tampered_with_is_refused(change, line, archive, study, tmp_path):
    done = accept(changed(archive, tmp_path / "bad.zip", change), study, tmp_path / "board")
    assert 2 == done.returncode
    assert "the submission is refused: " in done.stderr
    assert line in done.stderr
    assert not (tmp_path / "board").exists()


def test_a_file_that_is_not_as_its_card_says_is_refused(archive, study, tmp_path):
    bad = tmp_path / "bad.zip"
    with zipfile.ZipFile(archive) as opened, zipfile.ZipFile(bad, "w") as made:
        for name in opened.namelist():
            content = opened.read(name)
            made.writestr(name, content + b" " if name == first_record(opened.namelist()) else content)
    done = accept(bad, study, tmp_path / "board")
    assert 2 == done.returncode
    assert "is another file than its card says: refused" in done.stderr


def test_numbers_that_fit_each_other_and_not_the_weights_are_found_by_running_them_again(archive, study, tmp_path):
    def forge(contents):
        names = sorted(name for name in contents if name.startswith("records/"))
        found = {name: json.loads(contents[name]) for name in names}
        one, other = next(
            (a, b) for a in names for b in names
            if found[a]["protocol"] == found[b]["protocol"] and found[a]["seed"] == found[b]["seed"] == 0
            and found[a]["metrics"] != found[b]["metrics"]
        )  # fmt: skip
        for key in ("metrics", "outcomes"):
            found[one][key] = found[other][key]
        contents[one] = json.dumps(sealed(found[one])).encode()
        contents[f"outcomes/{found[one]['key']}.npz"] = contents[f"outcomes/{found[other]['key']}.npz"]

    forged = changed(archive, tmp_path / "forged.zip", forge)
    done = accept(forged, study, tmp_path / "board", "--cells", 100)
    assert 1 == done.returncode, done.stdout + done.stderr
    assert "refused: a cell was run again, and is not as submitted: " in done.stdout
    assert not (tmp_path / "board").exists()


def test_without_weights_a_submission_is_recomputed_and_says_why_it_was_not_run(finished, study, tmp_path):
    path = tmp_path / "light.zip"
    assert 0 == bench("submit", "--store", finished[0], "--study", study, "--out", path).returncode
    done = accept(path, study, tmp_path / "board")
    assert 0 == done.returncode, done.stderr
    assert "not run again: the submission holds no cell of this study with its weights" in done.stdout
    assert "accepted: 0 re-run" in done.stdout
    done = accept(path, study, tmp_path / "board", "--weights-from", finished[0])
    assert 0 == done.returncode, done.stderr
    assert "accepted: 1 re-run" in done.stdout
    assert not list((tmp_path / "board").rglob("*.safetensors"))


def test_a_store_that_is_damaged_is_not_sent(finished, study, tmp_path):
    shutil.copytree(finished[0], tmp_path / "store")
    path = next((tmp_path / "store" / "outcomes").iterdir())
    path.write_bytes(path.read_bytes()[:-1])
    done = bench("submit", "--store", tmp_path / "store", "--study", study, "--out", tmp_path / "bad.zip")
    assert 2 == done.returncode
    assert "is damaged, so nobody could accept it" in done.stderr
    assert not (tmp_path / "bad.zip").exists()
