"""What a command's exit code says when it is told to stop."""

import sys

import pytest

from bench import cli
from bench.core.stopping import Terminated


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
