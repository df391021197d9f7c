"""`bench data split` lists the files of a part, so that a corpus can be built without them."""

import importlib.util
from collections import Counter
from pathlib import Path

import pytest

GENERATORS = Path(__file__).resolve().parents[2] / "data"


def _generator(name):
    spec = importlib.util.spec_from_file_location(f"generator_{name}", GENERATORS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def prepared(run_bench, tmp_path, monkeypatch):
    """Function that prepares a public layout in a data folder of its own: `prepared("eurosat", raw)`."""
    monkeypatch.setenv("BENCH_DATA", str(tmp_path / "home"))

    def prepare(name, source, *more):
        made = run_bench("data", "prepare", name, "--source", str(source), *more)
        assert 0 == made.returncode, made.stderr
        return source

    return prepare


def test_the_parts_of_a_split_are_the_files_of_the_public_layout(run_bench, prepared, tmp_path):
    raw = prepared("eurosat", _generator("eurosat").write_eurosat(tmp_path / "raw"))
    train, test = (
        run_bench("data", "split", "eurosat/random-80-20", "--part", part).stdout.splitlines()
        for part in ("train", "test")
    )
    there = {f"{file.parent.name}/{file.name}" for file in raw.rglob("*.jpg")}
    assert there == {*train, *test}
    assert {1} == set(Counter(line.split("/")[0] for line in test).values())
    assert len(there) == len(train) + len(test) == 50
    none = run_bench("data", "split", "eurosat/random-80-20", "--part", "val")
    assert (2, "") == (none.returncode, none.stdout)
    assert "has no val part" in none.stderr


def test_both_dates_of_a_pair_are_listed_of_a_folder_elsewhere(run_bench, prepared, tmp_path):
    raw = prepared("levir-cd", _generator("change_pairs").write_levir_cd(tmp_path / "raw", size=256), "--out",
                   str(tmp_path / "set"))  # fmt: skip
    listed = run_bench("data", "split", "levir-cd", "--part", "test", "--folder", str(tmp_path / "set"))
    test = {f"test/{date}/{file.name}" for date in "AB" for file in (raw / "test" / date).iterdir()}
    assert test == set(listed.stdout.splitlines()), listed.stderr
    assert 4 == len(test)


def test_images_whose_slices_are_in_two_parts_are_counted(run_bench, prepared, tmp_path):
    raw = prepared("levir", _generator("levir").write_levir(tmp_path / "raw", 2))
    listed = run_bench("data", "split", "geokr-2021/levir", "--part", "test")
    assert {file.name for file in raw.rglob("*.jpg")} == set(listed.stdout.splitlines()), listed.stderr
    assert listed.stderr.startswith("2 of these images have slices in another part too")
