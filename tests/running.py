"""Running the command line as a user does, for tests that need whole processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import warm
from warm import COMMAND

# Of the checkout.
ROOT = Path(__file__).resolve().parent.parent
# A terminal on which lines are not broken.
WIDE = os.environ | {"COLUMNS": "300"}


def bench(*arguments, env=None, cwd=None, anew=False):
    """Run the command line as a user does, in a process of its own; `anew`: with imports of its own too."""
    words = [*map(str, arguments)]
    if not anew and warm.fits(env):
        return warm.run(words, env, cwd)
    command = [sys.executable, "-c", COMMAND, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=cwd)


def records(store):
    """Records by key, without their cost, which alone may differ between repeats, and the digest that is of it too."""
    found = {}
    for path in (store / "records").glob("*.json"):
        value = json.loads(path.read_text())
        value.pop("cost"), value.pop("digest")
        found[path.stem] = value
    return found
