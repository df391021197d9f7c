import json
import re
import shutil

import numpy as np
import pytest
from synthetic_records import synthetic_study, write_records

from bench.core.errors import StoreError
from results.check import Block
from results.frame import load
from results.publishing import publish, stale


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A store with a card and weights, and what is published of it, each made once."""
    folder = tmp_path_factory.mktemp("published")
    store = write_records(folder / "store", synthetic_study())
    (store / "weights" / "w1").mkdir(parents=True)
    (store / "weights" / "w1" / "card.json").write_text('{"key": "w1"}')
    (store / "weights" / "w1" / "backbone.safetensors").write_bytes(b"large")
    publish(store, folder / "committed")
    return folder


@pytest.fixture
def store(published, tmp_path):
    """The store, for a test that may change it."""
    return shutil.copytree(published / "store", tmp_path / "store")


@pytest.fixture
def committed(published, tmp_path):
    """What was published, for a test that may change it."""
    return shutil.copytree(published / "committed", tmp_path / "committed")


def test_what_is_committed_is_the_records_cards_tables_and_page_and_no_weights(committed, store):
    names = {str(path.relative_to(committed)) for path in committed.rglob("*") if path.is_file()}
    assert {"index.html", "table.csv", "table.tex", "table.md", "weights/w1/card.json"} < names
    assert not any("safetensors" in name for name in names)
    for path in (store / "records").iterdir():
        assert path.read_bytes() == (committed / "records" / path.name).read_bytes()


def test_weights_of_a_repeat_that_was_not_made_are_refused(store, tmp_path):
    with pytest.raises(StoreError, match="holds no weights of repeat 7"):
        publish(store, tmp_path / "committed", Block(7, {}))
    assert not (tmp_path / "committed").exists()


def test_publishing_again_removes_what_the_store_no_longer_has(committed, store):
    (store / "weights" / "w1" / "card.json").unlink()
    gone = next((store / "records").iterdir())
    gone.unlink()
    publish(store, committed)
    assert not (committed / "records" / gone.name).exists()
    assert not (committed / "weights" / "w1").exists()


def test_a_damaged_store_is_not_published(store, tmp_path):
    (store / "records" / "torn.json").write_text("{")
    with pytest.raises(StoreError, match=r"torn\.json"):
        publish(store, tmp_path / "committed")


def names(lines):
    return [line.split(" ")[0].rsplit("/", 1)[1] for line in lines]


def test_a_table_or_page_that_is_not_of_its_records_is_stale(committed):
    assert [] == stale(committed)
    parts = ["table.tex", "table.md"], ["table.csv", "index.html"]
    wrong = set()
    for part in parts:
        for name in part:
            path = committed / name
            path.write_text(re.sub(r"\d\.?\d\d", "9.99", path.read_text(), count=1))
        wrong |= set(part)
        assert wrong == set(names(stale(committed)))
    for name in parts[0]:
        (committed / name).unlink()
    assert wrong == set(names(stale(committed)))


def test_pictures_stand_in_the_committed_page_and_do_not_make_it_stale(store, tmp_path, save_prediction):
    mask = np.zeros((8, 8), dtype=np.uint8)
    for row in load(store).itertuples():
        save_prediction(store, row.key, "a", np.zeros((8, 8, 3), np.uint8), {"truth": mask, "prediction": mask})
    page = publish(store, tmp_path / "committed")
    assert "data:image/png" in page.read_text()
    assert not (tmp_path / "committed" / "predictions").exists()
    assert [] == stale(tmp_path / "committed")
    page.write_text(page.read_text().replace("moco", "mono", 1))
    assert "index.html" in stale(tmp_path / "committed")[0]


def test_the_check_says_why_a_record_is_missing(committed, store, run_bench):
    gone = next((store / "records").iterdir())
    record = json.loads(gone.read_text())
    gone.unlink()
    folder = store / "jobs" / record["key"]
    folder.mkdir(parents=True)
    pretrain = {"method": record["method"], "identity": {}, "backbone": "resnet18", "corpus_hash": None}
    cell = {"pretrain": pretrain, "protocol": {"id": "demo/city"}, "fraction": record["fraction"], "seed": 0}
    (folder / "failure.json").write_text(json.dumps({"job": cell, "error": "ValueError: loss is not finite"}))
    done = run_bench("leaderboard", "check", "--committed", str(committed), "--fresh", str(store))
    assert 1 == done.returncode
    assert "loss is not finite" in done.stdout


def test_a_store_without_records_is_not_published(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(StoreError, match="holds no record"):
        publish(tmp_path, tmp_path / "committed")


def test_the_check_passes_on_equal_records_and_names_each_cell(committed, store, run_bench):
    done = run_bench("leaderboard", "check", "--committed", str(committed), "--fresh", str(store))
    assert 0 == done.returncode
    assert 9 == done.stdout.count("largest difference 0.000000")
    assert "all 9 cells and 0 pretrainings come out as committed" in done.stdout


def test_the_check_of_one_repeat_leaves_the_others_alone(committed, store, run_bench):
    for path in (store / "records").iterdir():
        if json.loads(path.read_text())["seed"] == 2:
            path.unlink()
    asked = ("leaderboard", "check", "--committed", str(committed), "--fresh", str(store))
    assert [0, 0, 1] == [run_bench(*asked, "--repeat", str(repeat)).returncode for repeat in range(3)]
    unknown = run_bench(*asked, "--repeat", "3")
    assert (2, 1) == (unknown.returncode, len(unknown.stderr.splitlines()))


def test_the_check_fails_and_prints_what_moved(committed, store, run_bench):
    path = next((store / "records").iterdir())
    path.write_text(path.read_text().replace('"steps": 300', '"steps": 301'))
    gone = max((store / "records").iterdir())
    gone.unlink()
    done = run_bench("leaderboard", "check", "--committed", str(committed), "--fresh", str(store))
    assert 1 == done.returncode
    assert "missing: " in done.stdout


def test_the_check_fails_on_a_stale_table(committed, store, run_bench):
    (committed / "table.md").write_text("better numbers")
    done = run_bench("leaderboard", "check", "--committed", str(committed), "--fresh", str(store))
    assert (1, True) == (done.returncode, "stale: " in done.stdout)


def test_a_check_without_committed_records_is_refused_before_anything_runs(tmp_path, run_bench):
    done = run_bench("leaderboard", "check", "--study", "nothing", "--committed", str(tmp_path / "none"))
    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "none holds no records folder" in done.stderr


def test_build_takes_a_store(store, tmp_path, run_bench):
    done = run_bench("leaderboard", "build", "--store", str(store), "--out", str(tmp_path / "out"))
    assert (0, True) == (done.returncode, (tmp_path / "out" / "index.html").is_file())
