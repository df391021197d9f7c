import json
import multiprocessing
import os
import signal

import pytest
import torch
from synthetic_records import synthetic_record

from bench.backbones.weights import save
from bench.core.errors import StoreError
from bench.core.keys import unbroken
from bench.store.store import Store
from results.verify import verify


def hold(root, ready):
    with Store(root).claim("job") as ours:
        ready.send(ours)
        signal.pause()


def test_a_claim_is_refused_to_others_and_ends_with_its_owner(tmp_path):
    Store(tmp_path).open_for_writing()
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    owner = context.Process(target=hold, args=(tmp_path, there), daemon=True)
    owner.start()
    assert here.recv() is True
    store = Store(tmp_path)
    with store.claim("job") as ours:
        assert not ours
    with store.claim("other") as ours:
        assert ours
    os.kill(owner.pid, signal.SIGKILL)
    owner.join()
    with store.claim("job") as ours:
        assert ours


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"schema": 99}, "has schema 99, this version reads up to 1: upgrade"),
        ([], "store.json must hold keys and values: restore it"),
        ({}, "has schema None, this version reads from 1 on: restore it"),
        ({"schema": "1"}, "has schema '1'"),
    ],
)
def test_a_store_this_version_cannot_read_is_refused(tmp_path, content, message):
    (tmp_path / "store.json").write_text(json.dumps(content))
    with pytest.raises(StoreError, match=message):
        Store(tmp_path)


def test_a_folder_of_something_else_is_not_taken_for_a_store(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match="holds other files"):
        Store(tmp_path)
    with pytest.raises(StoreError, match="is a file"):
        Store(tmp_path / "thesis.tex")


def test_a_new_store_is_made_when_it_is_written(tmp_path):
    store = Store(tmp_path / "runs")
    assert not store.root.exists()
    assert not list(store.records())
    store.open_for_writing()
    assert json.loads((store.root / "store.json").read_text()) == {"schema": 1}


def test_a_failure_is_kept_beside_the_job_and_is_not_a_record(tmp_path):
    store = Store(tmp_path)
    path = store.write_failure("key", {"error": "boom"})
    assert json.loads(path.read_text()) == {"error": "boom"}
    assert not store.has_record("key")


def test_a_record_is_done_and_forgets_the_failure_before_it(tmp_path):
    store = Store(tmp_path)
    record = synthetic_record(key="key")
    store.write_failure("key", {"error": "out of memory"})
    store.write_record(record)
    assert store.has_record("key")
    assert record == store.read_record("key")
    assert [record] == list(store.records())
    assert not (store.job("key") / "failure.json").exists()


def test_records_come_by_key_and_a_damaged_one_is_not_passed_over(tmp_path):
    store = Store(tmp_path)
    for key in ("b", "a", "c"):
        store.write_record(synthetic_record(key=key))
    assert ["a", "b", "c"] == [record.key for record in store.records()]
    (tmp_path / "records" / "b.json").write_text("{")
    with pytest.raises(StoreError, match=r"b\.json cannot be read"):
        list(store.records())


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        ({"error": "loss is nan at step 3", "diverged": True}, "loss is nan at step 3"),
        ({"error": "killed", "diverged": False}, None),
        ({"error": "killed"}, None),
        ({"diverged": True}, None),
    ],
)
def test_only_what_diverged_is_not_tried_again(tmp_path, failure, why):
    store = Store(tmp_path)
    store.write_failure("key", failure)
    assert why == store.diverged("key")


@pytest.mark.parametrize("content", ["", "{", "[]", "3"])
def test_a_failure_that_is_half_written_is_tried_again(tmp_path, content):
    store = Store(tmp_path)
    store.write_failure("key", {}).write_text(content)
    assert store.diverged("key") is None
    assert store.diverged("never tried") is None


def test_forgetting_what_never_failed_is_no_error(tmp_path):
    Store(tmp_path).forget_failure("key")
    assert [] == list(tmp_path.iterdir())


def test_weights_are_done_with_their_card_and_not_before(tmp_path):
    store = Store(tmp_path)
    folder = store.weights("key")
    folder.mkdir(parents=True)
    (folder / "backbone.safetensors").write_bytes(b"half")
    assert not store.has_weights("key")
    assert [] == list(store.cards())
    (folder / "card.json").write_text('{"key": "key", "method": "moco", "backbone": "b", "seed": 0, "steps": 3}')
    assert store.has_weights("key")
    assert {"key": "key", "method": "moco", "backbone": "b", "seed": 0, "steps": 3} == store.card("key")
    assert [{"key": "key", "method": "moco", "backbone": "b", "seed": 0, "steps": 3}] == list(store.cards())


def test_a_card_that_cannot_be_read_says_what_to_delete(tmp_path):
    store = Store(tmp_path)
    store.weights("key").mkdir(parents=True)
    (store.weights("key") / "card.json").write_text("{")
    for read in (lambda: store.card("key"), lambda: list(store.cards())):
        with pytest.raises(
            StoreError, match=rf"card\.json cannot be read .*: delete {store.weights('key')} and run again"
        ):
            read()


@pytest.mark.parametrize("lacks", ["key", "method", "backbone", "seed", "steps"])
def test_a_card_that_leaves_out_what_commands_show_is_refused_in_a_line(tmp_path, lacks):
    store = Store(tmp_path)
    card = {"key": "key", "method": "moco", "backbone": "b", "seed": 0, "steps": 3}
    card.pop(lacks)
    store.weights("key").mkdir(parents=True)
    (store.weights("key") / "card.json").write_text(json.dumps(card))
    with pytest.raises(StoreError, match=rf"^[^\n]*card\.json is not a card of weights[^\n]*{lacks}[^\n]*$"):
        list(store.cards())


def test_a_card_that_has_lost_its_digest_was_changed(tmp_path):
    store = Store(tmp_path)
    card = {"key": "key", "method": "moco", "backbone": "b", "seed": 0, "steps": 3}
    save(store.weights("key"), {"a": torch.zeros(2)}, card)
    assert "moco" == store.card("key")["method"]
    path = store.weights("key") / "card.json"
    path.write_text(path.read_text().replace('"digest"', '"digestx"'))
    with pytest.raises(StoreError, match="was changed after it was written"):
        store.card("key")
    (tmp_path / "records").mkdir()
    assert any("was changed after it was written" in line for line in verify(tmp_path))


def test_a_subset_once_written_stays(tmp_path):
    store = Store(tmp_path)
    store.write_subset("key", {"samples": [1, 2]})
    store.write_subset("key", {"samples": [3]})
    kept = json.loads((tmp_path / "subsets" / "key.json").read_text())
    assert [1, 2] == kept["samples"]
    assert unbroken(kept)


def test_a_store_that_cannot_be_made_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written \(.+\): choose another --store"):
        Store(tmp_path / "file" / "runs").open_for_writing()


def test_an_empty_folder_may_become_a_store_and_its_schema_is_noted_once(tmp_path):
    store = Store(tmp_path)
    store.open_for_writing()
    before = (tmp_path / "store.json").stat().st_mtime_ns
    store.open_for_writing()
    assert before == (tmp_path / "store.json").stat().st_mtime_ns


def test_two_claims_of_one_process_exclude_each_other_and_a_released_one_is_free(tmp_path):
    first, second = Store(tmp_path), Store(tmp_path)
    with first.claim("job") as ours, second.claim("job") as theirs:
        assert (True, False) == (ours, theirs)
    with second.claim("job") as ours:
        assert ours


def test_a_claim_is_given_back_when_its_work_fails(tmp_path):
    store = Store(tmp_path)

    def work():
        with store.claim("job"):
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        work()
    with store.claim("job") as ours:
        assert ours
