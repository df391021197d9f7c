"""Finding the public layout in what a user has: the folder itself, one above it, or one made by unpacking."""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from bench.errors import DataError

# Folders below the one the user named that are looked into.
DEPTH = 3


def find_folder(source: Path, wanted: str, fits: Callable[[Path], bool]) -> Path:
    """Find the nearest folder at or below `source` that fits.

    Args:
        source: what the user named.
        wanted: what fits, for the message.
        fits: whether a folder is the one.

    Raises:
        DataError: none fits.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder: give the unpacked data set, or its archive, as --source")
    queue = deque([(source, 0)])
    while queue:
        folder, depth = queue.popleft()
        if fits(folder):
            return folder
        if depth < DEPTH:
            queue.extend((child, depth + 1) for child in sorted(folder.iterdir()) if child.is_dir())
    raise DataError(f"{source} has no {wanted}: give the folder that holds it as --source")


def child(folder: Path, *names: str) -> Path | None:
    """The first sub-folder with one of some names, whatever their case; None where there is none."""
    lower = {entry.name.lower(): entry for entry in sorted(folder.iterdir()) if entry.is_dir()}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)
