"""Claims on file systems with locks and on those without, over processes and machines."""

import errno
import fcntl
import multiprocessing
import os
import signal
import socket
import time

import pytest

from bench.store import claims
from bench.store.claims import claim, has_flock, holder_of

LEASE = 1.5


def without_flock(*_arguments):
    raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Neither leases nor what is known of folders outlive a test."""
    monkeypatch.setattr(claims, "_leases", {})
    has_flock.cache_clear()
    yield
    has_flock.cache_clear()


@pytest.fixture(params=["flock", "lease"])
def kind(request, monkeypatch):
    """Both kinds of file system; on the second a lease expires within a test."""
    if request.param == "lease":
        monkeypatch.setattr(fcntl, "flock", without_flock)
        monkeypatch.setattr(claims, "LEASE", LEASE)
    return request.param


def hold(folder, kind, host, ready):
    """A process of a machine of this name that claims a job and does not end."""
    if kind == "lease":
        fcntl.flock = without_flock
        claims.LEASE = LEASE
    if host:
        socket.gethostname = lambda: host
    with claim(folder) as ours:
        ready.send(ours)
        signal.pause()


@pytest.fixture
def start(tmp_path, kind):
    """Function that starts a holder of the job's claim, on this machine or on another."""
    context = multiprocessing.get_context("spawn")
    started = []

    def begin(host=None):
        here, there = context.Pipe()
        process = context.Process(target=hold, args=(tmp_path, kind, host, there), daemon=True)
        process.start()
        started.append(process)
        assert here.recv() is True
        return process

    yield begin
    for process in started:
        process.kill()
        process.join()


def ours(folder):
    with claim(folder) as found:
        return found


def kill(process):
    process.kill()
    process.join()


def test_a_claim_is_refused_to_others_and_to_its_own_process_until_it_is_given_back(tmp_path, kind):
    with claim(tmp_path) as first:
        assert (True, False) == (first, ours(tmp_path))
    assert ours(tmp_path)
    assert (tmp_path / "claim.lease").exists() is False
    assert (tmp_path / "claim").exists() is (kind == "flock")


def test_a_dead_process_of_this_machine_holds_nothing(tmp_path, start):
    owner = start()
    assert not ours(tmp_path)
    kill(owner)
    assert ours(tmp_path)


def test_who_holds_a_claim_is_said_with_its_age(tmp_path, start):
    assert holder_of(tmp_path) is None
    owner = start("node7")
    holder = holder_of(tmp_path)
    assert ("node7", owner.pid) == (holder.host, holder.pid)
    assert f"process {owner.pid} on node7, for 0 min" == str(holder)
    assert not ours(tmp_path)


@pytest.mark.parametrize("kind", ["lease"], indirect=True)
def test_a_machine_that_died_loses_its_claim_after_the_lease_and_not_before(tmp_path, start):
    owner = start("node7")
    assert not ours(tmp_path)
    kill(owner)
    seen = time.monotonic()
    while not ours(tmp_path):
        assert time.monotonic() - seen < 20 * LEASE, "the claim stays"
        time.sleep(0.1)
    assert time.monotonic() - seen > LEASE / 2


@pytest.mark.parametrize("kind", ["lease"], indirect=True)
def test_a_machine_that_works_keeps_its_claim_beyond_the_lease(tmp_path, start):
    start("node7")
    end = time.monotonic() + 3 * LEASE
    while time.monotonic() < end:
        assert not ours(tmp_path)
        time.sleep(0.1)


def test_an_error_that_is_no_lack_of_locks_is_not_hidden(tmp_path, monkeypatch):
    def broken(*_arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        ours(tmp_path)
