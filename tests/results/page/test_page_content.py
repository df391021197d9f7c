import json

import pytest

from bench.errors import StoreError
from results.page import write_page
from results.page.content import gather


def failure(method="byol", protocol="demo/city", fraction=0.01, key="dead"):
    job = {"key": key, "protocol": {"id": protocol}, "fraction": fraction, "seed": 0}
    pretrain = {
        "method": method,
        "options": {"init": "random", "steps": 100},
        "backbone": "resnet18",
        "corpus_hash": "cccc3333",
    }
    return {
        "job": job | {"pretrain": pretrain},
        "error": "Traceback ...\nValueError: loss is not finite",
        "traceback": "",
    }


def add_failure(store, value):
    folder = store / "jobs" / value["job"]["key"]
    folder.mkdir(parents=True)
    (folder / "failure.json").write_text(json.dumps(value))


def test_synthetic_data_is_named_in_the_title(tmp_path, make_study, write_store):
    write_store(tmp_path, make_study(provenance={"synthetic": True}))
    assert "Leaderboard on synthetic data" == gather(tmp_path).title
    path, _ = write_page(tmp_path, tmp_path / "out")
    assert "<title>Leaderboard on synthetic data" in path.read_text()


def test_real_and_synthetic_data_together_are_told_apart(tmp_path, make_study, write_store):
    write_store(tmp_path, make_study(provenance={"synthetic": True}))
    write_store(tmp_path, make_study(boards=[("geokr-2021/potsdam", "potsdam", "resnet18")]))
    content = gather(tmp_path)
    assert "some" == content.synthetic
    assert [True, False] == [board.synthetic for board in content.boards]


def test_a_method_that_failed_everywhere_still_has_a_row_that_says_so(store):
    add_failure(store, failure())
    content = gather(store)
    row = next(row for row in content.boards[0].rows if row.variant == "byol")
    assert ["failed (1)", "no result", "no result"] == [score.text for score in row.scores.values()]
    assert ["ValueError: loss is not finite"] == [failed.error for failed in content.failures]
    assert 3 == content.boards[0].holes


def test_a_failure_that_was_made_good_is_forgotten(store):
    key = next((store / "records").glob("*.json")).stem
    add_failure(store, failure(key=key))
    assert [] == gather(store).failures


def test_a_missing_cell_is_a_hole_and_is_counted(tmp_path, make_study, write_store):
    write_store(tmp_path, [r for r in make_study() if not (r.method == "moco" and r.fraction == 0.1)])
    content = gather(tmp_path)
    assert "1 missing" in content.facts
    row = next(row for row in content.boards[0].rows if row.variant == "moco")
    assert (None, None) == (row.scores[0.1].value, row.area)


def test_a_score_with_fewer_seeds_says_its_n(tmp_path, make_study, write_store):
    write_store(tmp_path, [r for r in make_study() if not (r.method == "moco" and r.fraction == 0.1 and r.seed == 2)])
    row = next(row for row in gather(tmp_path).boards[0].rows if row.variant == "moco")
    assert (2, 2) == (row.scores[0.1].n, len(row.scores[0.1].keys))


def test_the_page_says_what_it_left_out(store):
    (store / "records" / "torn.json").write_text("{")
    path, left_out = write_page(store, store / "out")
    assert "torn.json" in left_out[0]
    assert "torn.json" in path.read_text()


def test_the_page_is_the_same_twice(store):
    first, second = (write_page(store, store / name)[0].read_text() for name in ("a", "b"))
    assert first == second


def test_samples_of_nested_subsets_are_embedded_once(store):
    (store / "subsets").mkdir()
    names = [f"tile-{i}" for i in range(50)]
    for count in (5, 50):
        manifest = {
            "protocol": "demo/city",
            "subset_seed": 100,
            "fraction": count / 50,
            "count": count,
            "samples": names[:count],
            "hash": "h",
        }
        (store / "subsets" / f"s{count}.json").write_text(json.dumps(manifest))
    data = gather(store).data
    assert [names] == data["chains"]
    assert {"s5": 5, "s50": 50} == {name: value["count"] for name, value in data["subsets"].items()}


def test_an_empty_store_has_no_page(tmp_path):
    (tmp_path / "records").mkdir()
    with pytest.raises(StoreError, match="no usable record"):
        write_page(tmp_path, tmp_path / "out")


def test_the_command_writes_the_page(store, run_bench, tmp_path):
    done = run_bench("leaderboard", "page", "--store", str(store), "--out", str(tmp_path / "out"))
    assert 0 == done.returncode
    assert (tmp_path / "out" / "index.html").is_file()
