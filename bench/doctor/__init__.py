"""Looking at a machine before a study does: what is there, what is missing, and what to do about it.

Nothing here imports torch: a broken installation is what is looked for. What has to be imported is imported in a process
of its own (`bench.doctor.imports`), so that a crash there is a line here.
"""

from collections.abc import Iterator
from pathlib import Path

from bench.doctor import imports, installed, machine, places
from bench.doctor.finding import Finding


def look(store: Path) -> Iterator[Finding]:
    """Look at everything; what takes seconds comes last.

    Args:
        store: the folder that results are to go to; it need not be there.
    """
    yield from installed.look()
    yield from machine.look()
    yield from places.look(store)
    yield from imports.look()
