"""The committed leaderboard: records, what they rest on, tables and page, without the weights."""

import shutil
from pathlib import Path

from bench.errors import StoreError
from bench.files import write_bytes
from results.frame import from_records, scan
from results.page import write_page
from results.tables import render, write_tables

# What is kept of a store: everything a number rests on that is small.
_KEPT = ("records/*.json", "subsets/*.json", "weights/*/card.json")


def publish(store: Path, folder: Path) -> Path:
    """Make `folder` a copy of a store's records, manifests and cards, with tables and page; return the page's path.

    What the folder held before and the store does not have is removed.

    Raises:
        StoreError: the store has a damaged or superseded record, or none.
    """
    found = scan(store)
    if found.left_out:
        raise StoreError(f"a leaderboard is made of sound records only: {found.left_out[0]}")
    wanted = {path.relative_to(store) for pattern in _KEPT for path in store.glob(pattern)}
    for pattern in _KEPT:
        for path in folder.glob(pattern):
            if path.relative_to(folder) not in wanted:
                path.unlink()
    for path in sorted(wanted):
        write_bytes(folder / path, (store / path).read_bytes())
    for path in (folder / "weights").glob("*"):
        if not any(path.iterdir()):
            shutil.rmtree(path)
    write_tables(from_records(found.records), folder)
    return write_page(folder, folder)[0]


def stale(folder: Path) -> list[str]:
    """Say whether the committed table is that of the committed records: one line if not."""
    written = folder / "table.md"
    fresh = render(from_records(scan(folder).records), "markdown")
    if written.is_file() and written.read_text() == fresh:
        return []
    return [f"{written} is not the table of the records beside it: run `bench leaderboard build` again"]
