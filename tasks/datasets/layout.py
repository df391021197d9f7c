"""Finding the public layout in what a user has: the folder itself, one above it, or one made by unpacking."""

from collections.abc import Callable
from pathlib import Path

from bench.core.errors import DataError
from bench.core.files import is_stray
from bench.core.suggest import file_meant

# Folders below the one the user named that are looked into.
DEPTH = 3


def find_folder(source: Path, wanted: str, fits: Callable[[Path], bool]) -> Path:
    """Find the nearest folder at or below `source` that fits.

    Args:
        source: what the user named.
        wanted: what fits, for the message.
        fits: whether a folder is the one.

    Raises:
        DataError: none fits, or several do at the same depth: the first by name would be an arbitrary choice.
    """
    found = find_folders(source, fits)
    if not found:
        raise DataError(f"{source} has no {wanted}{file_meant(source)}: give the folder that holds it as --source")
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise DataError(f"{source} has several of what is wanted ({wanted}): give one of {listed} as --source")
    return found[0]


def find_folders(source: Path, fits: Callable[[Path], bool]) -> list[Path]:
    """All folders that fit at the least depth at which one does; what systems left there is not looked into.

    Raises:
        DataError: `source` is no folder.
    """
    if not source.is_dir():
        raise DataError(f"{source} is not a folder: give the unpacked data set, or its archive, as --source")
    level = [source]
    for _ in range(DEPTH + 1):
        if found := [folder for folder in level if fits(folder)]:
            return found
        level = [child for folder in level for child in folders(folder)]
    return []


def folders(folder: Path) -> list[Path]:
    """Sub-folders by name, without those that systems and tools left."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and not is_stray(each.name))


def child(folder: Path, *names: str) -> Path | None:
    """The first sub-folder with one of some names, whatever their case; None where there is none."""
    lower = {entry.name.lower(): entry for entry in folders(folder)}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)
