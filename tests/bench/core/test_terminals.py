"""A terminal that is closed while something is printed on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are of POSIX systems")

PRINTS = """
import sys
from pathlib import Path
from bench.core import terminals

terminals.outlive()
for number in range(2):
    print(number, 'as ever: \\u00b1')
    print(number, 'an error', file=sys.stderr, flush=True)
    sys.stdin.readline()
Path(sys.argv[1]).write_text(f'{sys.stdout.name} {sys.stderr.name} {sys.stdout.encoding}')
"""


def test_what_is_printed_reaches_a_terminal_and_goes_nowhere_once_it_is_closed(tmp_path):
    hand, terminal = os.openpty()
    command = [sys.executable, "-c", PRINTS, str(tmp_path / "end")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=terminal, stderr=terminal) as printing:
        os.close(terminal)
        said = b""
        while b"an error" not in said:
            said += os.read(hand, 4096)
        os.close(hand)
        printing.communicate(b"\n\n")
    assert "0 as ever: ±\r\n0 an error" == said.decode().strip()
    assert (0, "<stdout> <stderr> utf-8") == (printing.returncode, (tmp_path / "end").read_text())


def test_another_error_is_told(tmp_path):
    """A full disk behind a redirected stream is no terminal that is gone."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", PRINTS, str(tmp_path / "end")]
        printing = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=full, stderr=full, check=False)
    assert 0 != printing.returncode
    assert not (tmp_path / "end").exists()
