"""The revision of the code that runs."""

import subprocess
from functools import cache
from pathlib import Path


@cache
def revision() -> str:
    """The checkout's commit, with `+` when files differ from it; empty outside a checkout."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    # Without `--no-optional-locks` git rewrites its index as it looks; killed with the run, it would leave a lock there.
    status = ["git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no"]
    commands = (["git", "rev-parse", "--short=12", "HEAD"], status)
    try:
        head, changes = (
            subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - fixed words
            for command in commands
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head + ("+" if changes else "")
