import json

import pytest

from bench.keys import content_hash
from results.verify import verify


def manifest(samples):
    return {"protocol": "demo/city", "samples": samples, "hash": content_hash(samples)}


@pytest.fixture
def full_store(store):
    (store / "subsets").mkdir()
    (store / "subsets" / "s1.json").write_text(json.dumps(manifest(["a", "b"])))
    (store / "weights" / "w1").mkdir(parents=True)
    (store / "weights" / "w1" / "card.json").write_text(json.dumps({"key": "w1"}))
    return store


def test_a_sound_store_has_no_problems(full_store):
    assert [] == verify(full_store)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("records/torn.json", "{"),
        ("records/newer.json", '{"schema": 99}'),
        ("records/foreign.json", '{"hello": "world"}'),
        ("subsets/s1.json", '{"samples": ["a"]'),
        ("subsets/s1.json", json.dumps(manifest(["a", "b"]) | {"samples": ["a", "c"]})),
        ("subsets/s1.json", "[]"),
        ("weights/w1/card.json", '{"key": "w2"}'),
    ],
)
def test_each_damage_is_one_line_that_names_the_file_and_exits_1(full_store, run_bench, file, text):
    (full_store / file).write_text(text)
    (problem,) = verify(full_store)
    assert file in problem
    done = run_bench("verify", "--store", str(full_store))
    assert (1, True) == (done.returncode, file in done.stdout)


def test_the_command_says_ok_and_exits_0(full_store, run_bench):
    done = run_bench("verify", "--store", str(full_store))
    assert (0, "27 records") == (done.returncode, done.stdout[:10])
