"""What a process does when it is told to stop, and what a command's exit code says then."""

import errno
import os
import signal
import sys
import time
import weakref

import pytest

from bench import cli
from bench.core.stopping import Terminated, interrupted_once, terminable


@pytest.fixture(autouse=True)
def signals_as_before():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_scheduler_and_a_terminal_that_closes_are_heeded_alike(number):
    with pytest.raises(Terminated), terminable():
        os.kill(os.getpid(), number)
    assert signal.SIG_DFL == signal.getsignal(signal.SIGHUP)


def test_a_process_that_nohup_has_started_outlives_its_terminal():
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with terminable():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.SIG_IGN == signal.getsignal(signal.SIGHUP)


def test_a_second_ctrl_c_does_not_break_off_what_heeds_the_first():
    tidied = []

    def work():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            tidied.append("all")

    with pytest.raises(KeyboardInterrupt), interrupted_once():
        work()
    assert ["all"] == tidied
    assert signal.SIG_IGN == signal.getsignal(signal.SIGINT), "a key still pressed would kill the process as it ends"


def test_ctrl_c_where_nothing_can_be_raised_is_heard_a_moment_later(capsys):
    """Else it is printed and forgotten: pydantic, interrupted as it made a pattern, then took no record for sound."""

    class Thing:
        pass

    def lost(_reference):
        os.kill(os.getpid(), signal.SIGINT)

    gone_on = []

    def work():
        thing = Thing()
        reference = weakref.ref(thing, lost)
        del thing
        gone_on.append(reference())
        time.sleep(60)

    hook = sys.unraisablehook
    with pytest.raises(KeyboardInterrupt), interrupted_once():
        work()
    assert ([None], "") == (gone_on, capsys.readouterr().err)
    assert hook is sys.unraisablehook


def test_a_job_of_a_shell_that_is_deaf_to_ctrl_c_stays_so_and_a_command_that_ends_well_leaves_it_as_it_was():
    with interrupted_once():
        pass
    assert signal.default_int_handler is signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupted_once():
        os.kill(os.getpid(), signal.SIGINT)


def test_a_full_disk_is_one_line_and_exit_code_2_and_a_bug_is_none(monkeypatch, capsys):
    def met(number):
        def main(**_options):
            raise OSError(number, os.strerror(number), "runs/records/a.json")

        monkeypatch.setattr(cli.cli, "main", main)

    met(errno.ENOSPC)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = "bench: runs/records/a.json: no space left on the disk: free some and run the same command again\n"
    assert (2, said) == (ended.value.code, capsys.readouterr().err)
    met(errno.ENOENT)
    with pytest.raises(FileNotFoundError):
        cli.main()


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["run"], 0),
        (["pretrain"], 0),
        (["leaderboard", "check"], 143),
        (["leaderboard", "build"], 143),
        (["tune"], 143),
    ],
)
def test_a_run_goes_on_another_time_and_a_check_that_was_cut_short_has_failed(monkeypatch, capsys, command, code):
    def told(**_options):
        raise Terminated

    monkeypatch.setattr(cli.cli, "main", told)
    monkeypatch.setattr(sys, "argv", ["bench", *command])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert (code, True) == (ended.value.code, "told to stop" in capsys.readouterr().err)
