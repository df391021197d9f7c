"""Colours as the environment asks, bars on terminals alone, --quiet and --verbose, and last lines that say how to go on."""

import contextlib
import io
import os
import pty
import select
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from rich.console import Console
from running import COMMAND

from bench.api.progress import RunProgress, draws_bars
from bench.cli import again, loudness
from bench.core.stopping import Terminated
from bench.store.store import Store
from bench.studies.runner import Outcome

ESCAPE = "\x1b"
PLAIN = {name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "FORCE_COLOR"}}


def piped(*arguments, **variables):
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], env=PLAIN | variables, capture_output=True, text=True, check=False
    ).stdout


def on_a_terminal(*arguments, **variables):
    """What a command writes to a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *arguments],
        env=PLAIN | {"TERM": "xterm-256color", "COLUMNS": "200"} | variables,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
    )
    os.close(theirs)
    written = b""
    while select.select([ours], [], [], 300)[0]:
        try:
            block = os.read(ours, 1 << 16)
        except OSError:  # the other end is closed
            break
        if not block:
            break
        written += block
    process.wait()
    os.close(ours)
    return written.decode()


def test_pipes_get_no_escape_codes_unless_they_are_asked_for(store):
    engines = ("engines",)
    assert ESCAPE not in piped(*engines)
    assert ESCAPE in piped(*engines, FORCE_COLOR="1")
    assert ESCAPE not in piped(*engines, FORCE_COLOR="1", NO_COLOR="1")
    assert ESCAPE not in piped("stats", "--store", str(store))


def test_terminals_get_them_unless_no_color_is_set():
    assert ESCAPE in on_a_terminal("engines")
    assert ESCAPE not in on_a_terminal("engines", NO_COLOR="1")


def test_force_color_draws_no_bars_into_a_file(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    console = Console(file=io.StringIO())
    assert console.is_terminal
    assert not draws_bars(console)


@click.command()
@loudness.loudness
def work():
    loudness.note("a note")
    with loudness.bar("working") as advance:
        for done in range(41):
            advance(done, 40)
    click.echo("the result")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], ["a note"]),
        (["-q"], []),
        (["--verbose"], ["a note", *(f"working: {done} of 40" for done in range(0, 41, 4))]),
    ],
)
def test_quiet_leaves_results_and_verbose_says_each_part(arguments, said):
    done = CliRunner().invoke(work, arguments)
    assert ("the result\n", said) == (done.stdout, done.stderr.splitlines())


def test_quiet_and_verbose_exclude_each_other():
    done = CliRunner().invoke(work, ["-q", "-v"])
    assert 2 == done.exit_code
    assert "--quiet and --verbose exclude each other: leave one of them out" in done.stderr


@pytest.mark.parametrize(
    "command", ["run", "pretrain", "tune", "corpus build", "corpus fetch", "data download", "data prepare"]
)
def test_commands_that_take_long_have_both(command, run_bench):
    text = run_bench(*command.split(), "--help").stdout
    assert "--quiet" in text
    assert "--verbose" in text


def job(key="0123456789abcdef"):
    return SimpleNamespace(key=key, label=f"pretrain {key[:4]}")


def view(store, *, verbose=False, quiet=False):
    stream = io.StringIO()
    return RunProgress(Console(file=stream, quiet=quiet), 2, store, verbose=verbose), stream


def test_verbose_names_the_log_of_each_job(tmp_path):
    progress, stream = view(Store(tmp_path), verbose=True)
    with progress:
        progress.begin(job())
        progress.end(job(), None)
    log = tmp_path / "jobs" / job().key / "log.txt"
    assert [f"begun: pretrain 0123 (log: {log})", f"[1/2] pretrain 0123 (log: {log})"] == stream.getvalue().splitlines()


def test_quiet_says_nothing_of_jobs(tmp_path):
    progress, stream = view(Store(tmp_path), quiet=True)
    with progress:
        progress.begin(job())
        progress.end(job(), None)
    assert "" == stream.getvalue()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Terminated])
def test_what_was_under_way_when_a_run_was_stopped_is_named_with_its_log(stop, tmp_path):
    progress, stream = view(Store(tmp_path))
    with contextlib.suppress(stop), progress:
        progress.begin(job("aaaa"))
        progress.begin(job("bbbb"))
        progress.end(job("aaaa"), None)
        raise stop
    assert (
        f"broken off: pretrain bbbb (log: {tmp_path / 'jobs' / 'bbbb' / 'log.txt'})"
        == stream.getvalue().splitlines()[-1]
    )
    assert "broken off: pretrain aaaa" not in stream.getvalue()


def test_the_last_lines_of_a_failed_run_give_the_log_and_the_command(tmp_path, monkeypatch, capsys):
    store = Store(tmp_path / "a store")
    (store.job("aaaa")).mkdir(parents=True)
    (store.job("aaaa") / "log.txt").write_text("out of memory\n")
    monkeypatch.setattr(sys, "argv", ["/somewhere/bench", "run", "--methods", "geokr", "--store", str(store.root)])
    again.say_failures(Outcome([(job("aaaa"), "killed")]), store)
    failed, last = capsys.readouterr().err.splitlines()
    assert f"failed: pretrain aaaa: killed (log: {store.job('aaaa') / 'log.txt'})" == failed
    assert f"try again: bench run --methods geokr --store '{store.root}'" == last


def test_what_diverged_is_tried_again_by_an_option(tmp_path, monkeypatch, capsys):
    store = Store(tmp_path)
    store.job("aaaa").mkdir(parents=True)
    store.write_failure("aaaa", {"job": {}, "error": "loss is nan", "diverged": True})
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py", "run"])
    again.say_failures(Outcome([(job("aaaa"), "loss is nan")]), store)
    assert "try again: python -m bench run --retry-failed" == capsys.readouterr().err.splitlines()[-1]
