"""A run that cannot have worked leaves no result, stops nothing else, and is tried again only when asked."""

import json
import shutil
from pathlib import Path

import pytest
import yaml
from running import WIDE, bench, records


@pytest.fixture(scope="module")
def diverging(study, tmp_path_factory):
    """The small study with one method whose learning rate no training survives, and the store of a first run of it."""
    folder = tmp_path_factory.mktemp("diverging")
    values = yaml.safe_load(study.read_text())
    values["methods"] = ["moco", {"geokr": {"as": "wild", "lr": 1e30, "precision": "fp32"}}]
    values |= {"references": [], "fractions": [1.0], "seeds": 1}
    (folder / "study.yaml").write_text(yaml.safe_dump(values))
    first = bench("run", "--study", folder / "study.yaml", "--store", folder / "store", env=WIDE)
    return folder / "study.yaml", folder / "store", first


@pytest.fixture
def of_its_own(diverging, tmp_path):
    """A copy of study and store, for a test that changes them."""
    study, store, _ = diverging
    shutil.copy(study, tmp_path)
    return tmp_path / study.name, Path(shutil.copytree(store, tmp_path / "store"))


def methods(store):
    return [record["method"] for record in records(store).values()]


def test_what_diverges_has_no_record_and_no_weights_and_the_rest_goes_on(diverging):
    _, store, first = diverging
    assert 1 == first.returncode, first.stderr
    assert ["moco"] == methods(store)
    cards = [json.loads(path.read_text()) for path in store.glob("weights/*/card.json")]
    assert ["moco"] == [card["method"] for card in cards]
    lines = [line for line in first.stderr.splitlines() if line.startswith("failed: ")]
    assert lines[0].startswith("failed: pretrain wild timm:test_resnet: ")
    assert "not finite" in lines[0]
    assert "lower the learning rate (lr is 1e+30)" in lines[0]
    assert "its pretraining failed: " in lines[1]
    assert not list(store.glob("jobs/*/checkpoint.pt"))


def test_the_last_lines_give_the_log_and_the_command_that_tries_again(diverging):
    study, store, first = diverging
    *_, failed, last = first.stderr.splitlines()
    assert failed.startswith("failed: ")
    assert f"try again: bench run --study {study} --store {store} --retry-failed" == last
    named = [Path(line.partition("(log: ")[2].rstrip(")")) for line in first.stderr.splitlines() if "(log: " in line]
    assert named
    assert all(path.is_file() and store in path.parents for path in named)


def test_quiet_leaves_results_and_failures_alone(diverging):
    study, store, _ = diverging
    again = bench("run", "--quiet", "--study", study, "--store", store, env=WIDE)
    assert {"failed", "try again"} == {line.partition(":")[0] for line in again.stderr.splitlines()}
    assert "moco" in again.stdout


def test_a_plan_lists_what_failed_with_its_reason(diverging):
    study, store, _ = diverging
    plan = bench("plan", "--study", study, "--store", store, env=WIDE).stdout
    assert "failed: pretrain wild timm:test_resnet: " in plan
    assert "0 of 2 cells to do, 1 failed (tried again with --retry-failed)" in plan


def test_the_next_run_leaves_it_alone_and_still_ends_with_1(diverging):
    study, store, _ = diverging
    again = bench("run", "--study", study, "--store", store, env=WIDE)
    assert 1 == again.returncode
    assert "nothing is left to do" in again.stderr
    assert "failed: pretrain wild timm:test_resnet: " in again.stderr
    assert "moco" in again.stdout


def test_it_is_tried_again_when_asked_and_when_its_options_change(of_its_own):
    study, store = of_its_own
    (failure,) = [path for path in store.glob("jobs/*/failure.json") if json.loads(path.read_text()).get("diverged")]
    before = failure.stat().st_mtime_ns
    asked = bench("run", "--study", study, "--store", store, "--retry-failed", env=WIDE)
    assert 1 == asked.returncode
    assert failure.stat().st_mtime_ns > before
    values = yaml.safe_load(study.read_text())
    values["methods"][1]["geokr"]["lr"] = 1e-3
    mended = study.with_name("mended.yaml")
    mended.write_text(yaml.safe_dump(values))
    done = bench("run", "--study", mended, "--store", store, env=WIDE)
    assert 0 == done.returncode, done.stderr
    assert ["geokr", "moco"] == sorted(methods(store))
    assert "wild" in done.stdout


def test_what_was_killed_or_met_a_full_disk_is_tried_again_by_the_same_command(of_its_own, tmp_path):
    """Its note says that it failed, and not that it diverged."""
    study, store = of_its_own
    values = yaml.safe_load(study.read_text())
    values["methods"] = ["moco"]
    only = tmp_path / "only.yaml"
    only.write_text(yaml.safe_dump(values))
    (key,) = [path.stem for path in (store / "records").glob("*.json") if "moco" in path.read_text()]
    (store / "records" / f"{key}.json").unlink()
    note = {"job": {}, "error": "OSError: [Errno 28] No space left on device", "traceback": "", "user": False}
    (store / "jobs" / key).mkdir(parents=True, exist_ok=True)
    (store / "jobs" / key / "failure.json").write_text(json.dumps(note))
    assert "1 of 1 cells to do" in bench("plan", "--study", only, "--store", store, env=WIDE).stdout
    again = bench("run", "--study", only, "--store", store, env=WIDE)
    assert 0 == again.returncode, again.stderr
    assert not (store / "jobs" / key / "failure.json").exists()


def test_geokr_with_its_own_defaults_is_refused_where_its_teacher_would_never_move(study, tmp_path):
    values = yaml.safe_load(study.read_text())
    del values["options"]["geokr"]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    for command in ("run", "plan", "pretrain"):
        done = bench(command, "--study", tmp_path / "study.yaml", "--store", tmp_path / "store", env=WIDE)
        assert 2 == done.returncode
        line = done.stderr.splitlines()[-1]
        assert line.startswith("bench: geokr: the teacher never moves, 0 updates with update_interval=3000 fall into")
        assert "set option teacher_updates" in line
    assert not (tmp_path / "store").exists()


def test_rows_of_one_method_are_rivals_and_an_oracle_is_the_ceiling(study, tmp_path):
    """An A/A pair of `random` starts from different draws; the oracle's weights are made once for the protocol."""
    values = yaml.safe_load(study.read_text())
    values["methods"] = [{"random": {"as": "random-b", "repeat_from": 1}}, "oracle"]
    values |= {"fractions": [1.0], "seeds": 1}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    done = bench("run", "--study", tmp_path / "study.yaml", "--store", tmp_path / "store", env=WIDE)
    assert 0 == done.returncode, done.stderr
    found = list(records(tmp_path / "store").values())
    assert ["oracle", "random", "random-b"] == sorted(record["row"] or record["method"] for record in found)
    draws = {(record["row"] or record["method"]): record["seeds"]["pretrain"] for record in found}
    assert 3 == len(set(draws.values()))
    for name in ("random", "random-b", "oracle"):
        assert name in done.stdout
    (card,) = [
        card
        for path in (tmp_path / "store").glob("weights/*/card.json")
        if (card := json.loads(path.read_text()))["method"] == "oracle"
    ]
    assert ("tests/scenes", 3) == (card["protocol"], card["steps"])
    (own,) = [record for record in found if record["method"] == "oracle"]
    assert (
        own["provenance"]["precision"] == card["provenance"]["precision"] == own["provenance"]["weights"]["precision"]
    )
    used = {record["seeds"][kind] for record in found for kind in ("train", "subset")}
    assert card["seed"] not in used


def test_a_fine_tuning_that_diverges_has_no_record_and_is_told_by_the_plan(study, tmp_path):
    values = yaml.safe_load(study.read_text())
    protocol = yaml.safe_load(Path(values["protocols"]["cls"][0]).read_text())
    protocol["optimiser"]["lr"] = 1e30
    (tmp_path / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    values |= {"methods": ["random"], "fractions": [1.0], "seeds": 1}
    values["protocols"] = {"cls": [str(tmp_path / "protocol.yaml")]}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(values))
    asked = ["--study", tmp_path / "study.yaml", "--store", tmp_path / "store"]
    done = bench("run", *asked, env=WIDE)
    assert 1 == done.returncode, done.stderr
    assert {} == records(tmp_path / "store")
    plan = bench("plan", *asked, env=WIDE).stdout
    (line,) = [line for line in plan.splitlines() if line.startswith("failed: ")]
    assert line.startswith("failed: random timm:test_resnet tests/scenes 1 seed 0: ")
    assert "lower the protocol's optimiser.lr (1e+30)" in line
