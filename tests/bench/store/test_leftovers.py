"""What nothing needs any more is found and deleted; what something needs, and every record, stays."""

import json
import os
import time

import pytest
from synthetic_records import synthetic_record

from bench.core.errors import StoreError
from bench.store.contents import contents
from bench.store.leftovers import KINDS, delete, leftovers
from bench.store.store import Store

LONG_AGO = time.time() - 100 * 86400


def put(path, text="x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def store(tmp_path):
    """A record on `used`, weights that nothing rests on, old and new jobs, and what killed processes left."""
    store = Store(tmp_path / "store")
    store.open_for_writing()
    store.write_record(synthetic_record(key="cell", weights="used", schema=6))
    root = store.root
    for key in ("used", "unused"):
        put(root / "weights" / key / "card.json", "{}")
        put(root / "weights" / key / "backbone.safetensors", "numbers")
    put(root / "jobs" / "dead" / "checkpoint.pt")
    put(root / "jobs" / "hopeless" / "failure.json", json.dumps({"error": "loss is nan", "diverged": True}))
    put(root / "features" / "f1" / "values.npy")
    put(root / "outcomes" / "cell.npz")
    put(root / "outcomes" / "lone.npz")
    put(root / "records" / ".cell.json.abc.part")
    put(root / "weights" / ".torn.xyz.part" / "backbone.safetensors")
    return store


def grow_old(root):
    for path in (*root.rglob("*"), root):
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def names(found):
    return {(each.kind, each.path.name) for each in found}


def test_all_that_is_old_and_that_nothing_needs_is_found(store):
    grow_old(store.root)
    assert {
        ("weights", "unused"),
        ("jobs", "dead"),
        ("features", "f1"),
        ("outcomes", "lone.npz"),
        ("temporary", ".cell.json.abc.part"),
        ("temporary", ".torn.xyz.part"),
    } == names(leftovers(store.root, days=30))


def test_what_is_young_stays_but_for_features(store):
    assert {("features", "f1")} == names(leftovers(store.root, days=30))


def test_what_a_study_still_needs_and_kinds_that_are_kept_stay(store):
    grow_old(store.root)
    assert ("weights", "unused") not in names(leftovers(store.root, 30, needed={"unused"}))
    assert [] == leftovers(store.root, 30, keep=KINDS)


def test_a_job_of_which_one_file_was_just_touched_is_not_old(store):
    grow_old(store.root)
    os.utime(store.root / "jobs" / "dead" / "checkpoint.pt")
    assert ("jobs", "dead") not in names(leftovers(store.root, 30))


def test_a_job_that_somebody_holds_is_no_leftover_and_nothing_is_deleted_beside_it(store):
    with store.claim("dead") as ours:
        assert ours
        grow_old(store.root)
        found = leftovers(store.root, 30)
        assert ("jobs", "dead") not in names(found)
        with pytest.raises(StoreError, match=rf"is in use \(process {os.getpid()} on .*\): delete when nothing runs"):
            delete(store.root, found)
    assert (store.root / "weights" / "unused" / "card.json").is_file()


def test_deleting_leaves_what_is_needed_and_says_how_much_went(store):
    grow_old(store.root)
    found = leftovers(store.root, 30)
    before = sum(each.bytes for each in contents(store.root))
    gone = delete(store.root, found)
    assert [] == leftovers(store.root, 0)
    assert (gone, True) == (sum(each.bytes for each in found), 0 < gone < before)
    left = {str(path.relative_to(store.root)) for path in store.root.rglob("*") if path.is_file()}
    assert {
        "store.json",
        "records/cell.json",
        "outcomes/cell.npz",
        "weights/used/card.json",
        "weights/used/backbone.safetensors",
        "jobs/hopeless/failure.json",
    } == left


def test_while_a_record_cannot_be_read_no_weights_are_offered(store):
    (store.root / "records" / "cell.json").write_text("{")
    grow_old(store.root)
    with pytest.raises(
        StoreError, match="nobody knows which weights it rests on: mend that first, or add --keep weights"
    ):
        leftovers(store.root, 30)
    assert ("jobs", "dead") in names(leftovers(store.root, 30, keep=["weights"]))


def test_links_to_elsewhere_are_never_followed(store, tmp_path):
    elsewhere = put(tmp_path / "elsewhere" / "weights" / "card.json").parent
    (store.root / "weights" / "linked").symlink_to(elsewhere)
    (store.root / "weights" / ".linked.part").symlink_to(elsewhere)
    grow_old(store.root)
    os.utime(store.root / "weights" / ".linked.part", (LONG_AGO, LONG_AGO), follow_symlinks=False)
    found = leftovers(store.root, 30)
    assert ("weights", "linked") not in names(found)
    delete(store.root, found)
    assert (elsewhere / "card.json").is_file()


def test_contents_are_counted_by_kind(store):
    found = {each.name: each.entries for each in contents(store.root)}
    assert {"records": 1, "outcomes": 2, "weights": 2, "features": 1, "jobs": 2, "temporary": 2} == found


@pytest.mark.parametrize("look", [contents, lambda root: leftovers(root, 0)])
def test_a_folder_that_is_no_store_is_refused(tmp_path, look):
    with pytest.raises(StoreError, match="is no store"):
        look(tmp_path)
