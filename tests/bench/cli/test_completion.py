"""Shells complete commands, options and names, by click's own protocol and in a real bash; torch is not imported."""

import os
import shutil
import subprocess
import sys

import pytest
from running import COMMAND, ROOT, bench

from bench.cli.completion import INSTALL


def complete(words, *, program=COMMAND):
    """What is offered for the last of some words, as bash asks."""
    typed = words.split(" ")
    asked = {"_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(typed) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | asked, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (0, "") == (done.returncode, done.stderr)
    return [tuple(line.split(",", 1)) for line in done.stdout.splitlines()]


def test_commands_come_from_the_table_and_import_none_of_them():
    program = (
        f"import sys, atexit; atexit.register(lambda: print('plain,' + str('bench.cli.run' in sys.modules))); {COMMAND}"
    )
    assert [("plain", name) for name in ("compare", "corpus", "completion", "False")] == complete(
        "bench co", program=program
    )


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("bench run --methods geokr,moc", "geokr,moco"),
        ("bench plan --study dem", "demo"),
        ("bench run --tasks se", "seg"),
        ("bench methods show geok", "geokr"),
        ("bench data split demo/cit", "demo/city"),
        ("bench run --retry", "--retry-failed"),
    ],
)
def test_names_are_completed_without_torch(words, offered):
    heavy = "{'torch', 'mmseg', 'mmdet'} & set(sys.modules)"
    program = f"import sys, atexit; atexit.register(lambda: print('plain,heavy:' + str(sorted({heavy})))); {COMMAND}"
    found = complete(words, program=program)
    assert ("plain", offered) in found
    assert ("plain", "heavy:[]") == found[-1]


def test_a_name_that_stands_there_already_is_not_offered_again():
    assert [] == complete("bench run --methods geokr,geokr,geokr-st")[1:]
    assert ("plain", "moco,geokr") in complete("bench run --methods moco,geok")
    assert ("plain", "geokr,geokr") not in complete("bench run --methods geokr,geok")


def test_where_a_file_may_stand_the_shell_completes_it():
    assert [("file", "studies/mi")] == complete("bench run --study studies/mi")


@pytest.mark.parametrize("shell", INSTALL)
def test_the_script_says_how_it_is_installed_and_is_one_that_the_shell_reads(shell):
    done = bench("completion", shell)
    assert (0, "") == (done.returncode, done.stderr)
    assert INSTALL[shell] in done.stdout.splitlines()[:2]
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=done.stdout, capture_output=True, text=True, check=False)
        assert (0, "") == (checked.returncode, checked.stderr)


def test_bash_completes_what_is_typed(tmp_path):
    """The function that the script defines, called as bash calls it, with `bench` on the path."""
    command = tmp_path / "bench"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{COMMAND}" "$@"\n')
    command.chmod(0o755)
    (tmp_path / "script").write_text(bench("completion", "bash").stdout)
    typed = 'COMP_WORDS=(bench run --methods geokr,moc); COMP_CWORD=3; _bench_completion bench; echo "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "--norc", "-c", f". {tmp_path / 'script'}; {typed}"],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ("geokr,moco\n", "") == (done.stdout, done.stderr)
