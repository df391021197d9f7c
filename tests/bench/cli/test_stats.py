import json


def test_a_store_is_judged_by_the_block_model_and_its_spread_is_split(store, run_bench):
    done = run_bench("stats", "--store", str(store))
    assert 0 == done.returncode
    flat = " ".join(done.stdout.split())
    assert "Told apart: the 95% interval excludes 0, simultaneous over 6 primary questions" in flat
    assert "exploratory" in flat
    assert "subset draw + training seed" in flat
    assert "pretraining seed" in flat


def test_json_holds_every_comparison_ranks_and_the_split(store, run_bench):
    value = json.loads(run_bench("stats", "--store", str(store), "--json").stdout)
    assert 9 == len(value["pairwise"])
    assert [True, True, False] * 3 == [row["primary"] for row in value["pairwise"]]
    ranks = value["standing"]["resnet18"]["ranks"]
    assert (1.0, 3.0) == (ranks["geokr"]["estimate"], ranks["random"]["estimate"])
    assert ["pretraining seed"] == value["variance"]["not_varied"]


def test_one_seed_is_printed_without_intervals(tmp_path, make_study, write_store, run_bench):
    write_store(tmp_path, make_study(seeds=1))
    done = run_bench("stats", "--store", str(tmp_path), "--json")
    assert 0 == done.returncode
    assert all(row["low"] is None and row["q"] is None for row in json.loads(done.stdout)["pairwise"])


def test_controls_are_compared_as_rivals_and_warnings_are_printed(tmp_path, make_study, write_store, run_bench):
    records = make_study(methods=["random"])
    for seed, row in enumerate(["aa-1", "aa-2"]):
        said = {"loss-exploded": "to 1e9"} if seed else {}
        records += make_study(methods=["moco"], pretrain=seed, row=row, warnings=said)
    write_store(tmp_path, records)
    value = json.loads(run_bench("stats", "--store", str(tmp_path), "--json").stdout)
    found = {(row["a"], row["b"]): (row["warnings_a"], row["warnings_b"]) for row in value["pairwise"]}
    assert ("", "loss-exploded") == found["aa-1", "aa-2"]
    assert {"random": "", "aa-1": "", "aa-2": "loss-exploded"} == value["standing"]["resnet18"]["warnings"]
    flat = " ".join(run_bench("stats", "--store", str(tmp_path)).stdout.split())
    assert "aa-1 - aa-2 ‡" in flat
    assert "loss-exploded in records of aa-2 (9 of 9): to 1e9." in flat
    assert "Rows named by their study: aa-1 (moco); aa-2 (moco)." in flat
