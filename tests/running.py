"""Running the command line as a user does, for tests that need whole processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

# Of the checkout.
ROOT = Path(__file__).resolve().parent.parent
COMMAND = "from bench.cli import main; main()"
# A terminal on which lines are not broken.
WIDE = os.environ | {"COLUMNS": "300"}


def bench(*arguments, **options):
    """Run the command line as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


def records(store):
    """Records by key, without their cost, which alone may differ between repeats, and the digest that is of it too."""
    found = {}
    for path in (store / "records").glob("*.json"):
        value = json.loads(path.read_text())
        value.pop("cost"), value.pop("digest")
        found[path.stem] = value
    return found
