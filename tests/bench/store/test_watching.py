"""A picture of a store says who is at what, what failed, and how long the rest takes, from files alone."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from synthetic_records import synthetic_record

from bench.core import files
from bench.store.claims import CLAIM_LEASE, HOLDER, LEASE
from bench.store.plans import PlanFile, Planned
from bench.store.store import Store
from bench.store.watching import SILENT, Lookout

CLAIMING = """
import sys, time
from pathlib import Path
from bench.store.store import Store
with Store(Path(sys.argv[1])).claim(sys.argv[2]) as ours:
    print(ours, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def store(tmp_path):
    """A store of a study of one pretraining and three cells, nothing done."""
    opened = Store(tmp_path / "store")
    opened.open_for_writing()
    jobs = [Planned(key="p0", kind="pretraining", label="pretrain geokr")]
    jobs += [Planned(key=f"c{number}", kind="cell", label=f"geokr seed {number}") for number in range(3)]
    opened.write_plan(PlanFile(study="mine", jobs=jobs))
    return opened


@pytest.fixture
def claim(store):
    """Let another process claim a job, and return it."""
    begun = []

    def start(key):
        process = subprocess.Popen([sys.executable, "-c", CLAIMING, store.root, key], stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert "True" == process.stdout.readline().strip()
        return process

    yield start
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


def finish_cell(store, key, at):
    store.write_record(synthetic_record(key=key))
    os.utime(store.root / "records" / f"{key}.json", (at, at))


def finish_pretraining(store, key, seconds):
    files.write_json(store.weights(key) / "card.json", {"steps": 10, "cost": {"train_seconds": seconds}})


def test_nothing_done_is_all_waiting_and_the_rest_is_not_known(store):
    picture = Lookout(store).look()
    assert ({"pretraining": 1, "cell": 3}, {}, 4) == (picture.total, picture.done, picture.waiting)
    assert (None, False) == (picture.left, picture.finished)


def test_a_job_that_a_living_process_holds_runs_and_one_whose_process_was_killed_does_not(store, claim):
    process = claim("p0")
    (running,) = Lookout(store).look().running
    assert ("p0", "pretrain geokr", process.pid, socket.gethostname()) == (
        running.key,
        running.label,
        running.pid,
        running.host,
    )
    process.kill()
    process.wait()
    assert (store.job("p0") / HOLDER).exists()
    assert [] == Lookout(store).look().running


def test_progress_gives_losses_and_the_time_left_of_a_job(store, claim):
    claim("p0")
    now = time.time()
    lines = [
        {"at": now + at, "done": done, "total": 100, "text": f"loss {1 / done:.3f}"} for at, done in ((1, 10), (9, 50))
    ]
    (store.job("p0") / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (running,) = Lookout(store).look().running
    assert (50, 100, [0.1, 0.02]) == (running.done, running.total, running.losses)
    assert 10.0 == pytest.approx(running.left)


def test_a_holder_on_another_machine_is_believed_while_its_lease_is_touched(store):
    folder = store.job("p0")
    files.write_json(folder / HOLDER, {"host": "elsewhere", "pid": 1, "since": time.time() - 7200})
    lease = folder / CLAIM_LEASE
    lease.touch()
    assert ["elsewhere"] == [each.host for each in Lookout(store).look().running]
    old = time.time() - LEASE - 10
    os.utime(lease, (old, old))
    assert [] == Lookout(store).look().running


def test_a_holder_on_another_machine_that_says_nothing_is_called_silent(store):
    folder = store.job("p0")
    files.write_json(folder / HOLDER, {"host": "elsewhere", "pid": 1, "since": time.time() - 7200})
    (running,) = Lookout(store).look().running
    assert not running.silent
    old = time.time() - SILENT - 10
    os.utime(folder / HOLDER, (old, old))
    (running,) = Lookout(store).look().running
    assert running.silent


def test_cells_come_at_the_pace_of_those_before_and_pretrainings_take_what_others_took(store):
    finish_pretraining(store, "p0", 100.0)
    finish_cell(store, "c0", 1000.0)
    finish_cell(store, "c1", 1030.0)
    picture = Lookout(store).look()
    assert ({"pretraining": 1, "cell": 2}, 1, 30.0) == (picture.done, picture.waiting, picture.left)
    more = [Planned(key="p1", kind="pretraining", label="pretrain moco")]
    store.write_plan(PlanFile(study="other", jobs=more))
    assert 130.0 == Lookout(store).look().left
    assert 30.0 == Lookout(store, "mine").look().left


def test_what_failed_is_told_with_its_reason_until_it_is_tried_again(store, claim):
    store.write_failure("c0", {"error": "the loss is not finite", "traceback": "..."})
    picture = Lookout(store).look()
    assert [("c0", "the loss is not finite")] == [(each.key, each.error) for each in picture.failed]
    assert 3 == picture.waiting
    claim("c0")
    picture = Lookout(store).look()
    assert ([], 1) == (picture.failed, len(picture.running))


def test_all_done_is_finished(store):
    finish_pretraining(store, "p0", 1.0)
    for number in range(3):
        finish_cell(store, f"c{number}", 1000.0 + number)
    picture = Lookout(store).look()
    assert (True, 0.0, 0) == (picture.finished, picture.left, picture.waiting)


def test_a_store_of_before_plans_were_kept_shows_what_is_done_and_who_is_at_something(claim, store):
    (store.root / "plans" / "mine.json").unlink()
    finish_cell(store, "c0", 1000.0)
    claim("c1")
    picture = Lookout(store).look()
    assert ([], {"cell": 1}, ["c1"]) == (picture.studies, picture.done, [each.key for each in picture.running])
