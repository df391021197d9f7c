import json

import pytest

from bench.core.keys import content_hash, sealed
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


WARNED = {"features-collapsed": "all alike"}


@pytest.mark.parametrize(
    ("on_record", "sound"),
    [(WARNED, True), (WARNED | {"own": "more"}, True), ({}, False), ({"features-collapsed": "other words"}, False)],
)
def test_a_record_must_bear_the_warnings_of_its_weights(full_store, make_record, write_store, on_record, sound):
    card = full_store / "weights" / "w1" / "card.json"
    card.write_text(json.dumps({"key": "w1", "warnings": WARNED}))
    write_store(full_store, [make_record(key="own", weights="w1", seed=9, warnings=on_record)])
    problems = verify(full_store)
    assert sound == (not problems)
    assert all("own.json" in line and "features-collapsed" in line and str(card) in line for line in problems)


@pytest.mark.parametrize("warnings", [["loss-constant"], {"loss-constant": 1}, "loss-constant"])
def test_a_card_whose_warnings_are_no_texts_by_name_is_damaged(full_store, make_record, write_store, warnings):
    (full_store / "weights" / "w1" / "card.json").write_text(json.dumps({"key": "w1", "warnings": warnings}))
    write_store(full_store, [make_record(key="own", weights="w1", seed=9)])
    (problem,) = verify(full_store)
    assert "weights/w1/card.json" in problem


def test_a_changed_word_of_a_sealed_manifest_or_card_is_found(full_store):
    changed = {
        "subsets/s1.json": sealed(manifest(["a", "b"]) | {"fraction": 0.5}) | {"fraction": 0.25},
        "weights/w1/card.json": sealed({"key": "w1", "steps": 30}) | {"steps": 60},
    }
    for file, value in changed.items():
        sound = (full_store / file).read_bytes()
        (full_store / file).write_text(json.dumps(value))
        (problem,) = verify(full_store)
        assert file in problem
        (full_store / file).write_bytes(sound)
    assert [] == verify(full_store)


def test_weights_of_which_a_bit_has_changed_are_found(full_store):
    from bench.core import files

    weights = full_store / "weights" / "w1" / "backbone.safetensors"
    weights.write_bytes(b"numbers")
    card = weights.with_name("card.json")
    card.write_text(json.dumps(sealed({"key": "w1", "sha256": files.sha256(weights)})))
    assert [] == verify(full_store)
    weights.write_bytes(b"nvmbers")
    (problem,) = verify(full_store)
    assert "backbone.safetensors is not what was trained" in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [("method", "moco"), ("options", {"steps": 1}), ("seed", 12), ("corpus_hash", "dddd"), ("facts", {"steps": 2.0})],
)
def test_a_record_says_of_its_weights_what_their_card_says(full_store, make_record, write_store, name, value):
    said = {"key": "w1", "method": "random", "options": {}, "seed": 11, "corpus_hash": None, "facts": {}}
    card = full_store / "weights" / "w1" / "card.json"
    write_store(full_store, [make_record(key="own", weights="w1", seed=9)])
    card.write_text(json.dumps(said))
    assert [] == verify(full_store)
    card.write_text(json.dumps(said | {name: value}))
    (problem,) = verify(full_store)
    assert f"own.json says another {name} of its weights" in problem


def test_the_command_says_how_many_records_are_of_before_digests(full_store, make_record, write_store, run_bench):
    write_store(full_store, [make_record(key="sealed", schema=6, seed=9)])
    done = run_bench("verify", "--store", str(full_store))
    assert "27 are of before records bore a digest" in done.stdout
