import json
import multiprocessing
import os
import signal

import pytest

from bench.core.errors import StoreError
from bench.store.store import Store


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
