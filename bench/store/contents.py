"""What a store holds, by kind, in files and bytes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISDIR

from bench.core.errors import StoreError

# Folders of a store in the order in which they are listed, and what stands in each.
KINDS = {
    "records": "records",
    "outcomes": "outcomes",
    "subsets": "manifests of subsets",
    "weights": "weights",
    "features": "features of frozen networks",
    "predictions": "pictures of test samples",
    "designs": "design sheets",
    "grids": "grids",
    "questions": "questions",
    "copied": "scores of others",
    "submissions": "accepted submissions",
    "tables": "tables",
    "jobs": "jobs: logs, failures, checkpoints",
}


@dataclass(frozen=True)
class Content:
    """One kind of thing.

    Attributes:
        name: folder of the store; `temporary` for what killed processes left, `other` for what no version of ours writes.
        text: what it is, in words.
        entries: things in it: records, folders of weights, and so on.
        bytes: of all their files.
    """

    name: str
    text: str
    entries: int
    bytes: int


def contents(root: Path) -> list[Content]:
    """What a store holds: a line each of the kinds that it has some of.

    Raises:
        StoreError: there is no store.
    """
    if not ((root / "store.json").is_file() or (root / "records").is_dir()):
        raise StoreError(f"{root} is no store: name one with --store")
    found = []
    left = [(path, size_of(path)) for path in temporary(root)]
    for name, text in KINDS.items():
        entries = [path for path in listed(root / name) if not path.name.startswith(".")]
        if entries:
            found.append(Content(name, text, len(entries), sum(map(size_of, entries))))
    if left:
        found.append(
            Content("temporary", "left by processes that were killed", len(left), sum(size for _, size in left))
        )
    others = [
        path for path in listed(root) if path.name not in {*KINDS, "store.json"} and not path.name.startswith(".")
    ]
    if others:
        found.append(Content("other", "of no kind that a store has", len(others), sum(map(size_of, others))))
    return found


def temporary(root: Path) -> Iterator[Path]:
    """What processes that were killed left, or that one is about to rename: see `bench.core.files`."""
    folders = [root, *(root / name for name in KINDS)]
    folders += [folder for name in ("tables", "weights", "jobs", "predictions") for folder in listed(root / name)]
    for folder in folders:
        for path in listed(folder):
            if path.name.startswith(".") and (path.name.endswith(".part") or (path.is_dir() and ".json." in path.name)):
                yield path


def listed(folder: Path) -> list[Path]:
    """What a folder holds, by name; nothing where it is absent, or is a link to somewhere else."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(folder.iterdir())


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; a link counts as itself."""
    return sum(found.st_size for found in _files(path) if not S_ISDIR(found.st_mode))


def last_change(path: Path) -> float:
    """When something in a file or folder changed last, in seconds since 1970."""
    return max((found.st_mtime for found in _files(path)), default=0.0)


def _files(path: Path) -> Iterator[os.stat_result]:
    """The facts of a file, or of a folder and all in it; another process may delete some meanwhile."""
    try:
        yield path.lstat()
        entries = list(os.scandir(path)) if path.is_dir() and not path.is_symlink() else []
    except FileNotFoundError:
        return
    for entry in entries:
        yield from _files(Path(entry.path))
