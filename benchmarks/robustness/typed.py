"""Commands as a user types them, run in this process, and whether they ended as they should."""

import io
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from benchmarks.robustness.injections import check_terminal


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def bench(*words: object, folder: Path) -> Done:
    """Run a command in a folder, in this process, from its arguments to its exit code."""
    from bench.cli import main as run

    said, complained = io.StringIO(), io.StringIO()
    before, arguments = Path.cwd(), sys.argv
    os.chdir(folder)
    sys.argv = ["bench", *map(str, words)]
    try:
        with redirect_stdout(said), redirect_stderr(complained):
            run()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except Exception:  # noqa: BLE001 - a traceback is what is looked for
        code = 1
        complained.write(traceback.format_exc())
    finally:
        os.chdir(before)
        sys.argv = arguments
    return Done(code, said.getvalue(), complained.getvalue())


def ended(done: Done) -> list[str]:
    text = done.stderr + done.stdout
    if "Traceback" in text:
        return [f"a traceback: {text.strip().splitlines()[-1][:200]}"]
    return [] if done.returncode in {0, 1, 2} else [f"exit code {done.returncode}"]


def refused(done: Done) -> list[str]:
    said = done.stderr
    problems = [*ended(done), *check_terminal(said)]
    return problems if done.returncode == 2 else [*problems, f"exit code {done.returncode}, not a refusal"]
