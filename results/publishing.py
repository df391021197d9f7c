"""The committed leaderboard: records, what they rest on, tables and page, without the weights."""

import io
import re
import shutil
from pathlib import Path

import pandas as pd

from bench.core.errors import StoreError
from bench.core.files import write_bytes, write_text
from results.answers import answers
from results.check import Block
from results.frame import from_records, scan
from results.kept import KEPT, weights_of_block
from results.page import PAGE, render_page
from results.page.content import gather
from results.tables import SUFFIX, render, write_tables

# Part of the page that is made from pictures, which are not committed beside it.
_PICTURES = re.compile(r' <a href="#predictions">.*?</a>|<section id="predictions".*?</section>\n', re.DOTALL)
# Two machines may round the last bit of a standard deviation differently.
_RELATIVE = 1e-9


def publish(store: Path, folder: Path, weights_of: Block | None = None) -> Path:
    """Make `folder` a copy of a store's small files, with tables and page; return the page's path.

    These are records, outcomes, manifests, cards and design sheets, and the pretrained weights of one repeat where it is
    given.
    What the folder held before and the store does not have is removed. Saved predictions stand in the page alone.

    Raises:
        StoreError: the store has a damaged or superseded record, or none, or no weights of that repeat.
    """
    found = scan(store)
    if found.left_out:
        raise StoreError(f"a leaderboard is made of sound records only: {found.left_out[0]}")
    if not found.records:
        raise StoreError(f"{store} holds no record: run a study first with `bench run`")
    wanted = {path.relative_to(store) for pattern in KEPT for path in store.glob(pattern)}
    if weights_of is not None:
        wanted |= weights_of_block(store, found.records, weights_of)
    for pattern in (*KEPT, "weights/*/*.safetensors"):
        for path in folder.glob(pattern):
            if path.relative_to(folder) not in wanted:
                path.unlink()
    for path in sorted(wanted):
        write_bytes(folder / path, (store / path).read_bytes())
    for path in (folder / "weights").glob("*"):
        if not any(path.iterdir()):
            shutil.rmtree(path)
    frame = from_records(found.records)
    write_tables(frame, folder, answers(store, frame).comparisons)
    page = folder / PAGE
    write_text(page, render_page(gather(folder, store)))
    return page


def stale(folder: Path) -> list[str]:
    """Name the committed tables and page that are not those of the committed records, one line each."""
    frame = from_records(scan(folder).records)
    comparisons = answers(folder, frame).comparisons
    fresh = {f"table.{suffix}": render(frame, form, comparisons=comparisons) for form, suffix in SUFFIX.items()}
    fresh[PAGE] = render_page(gather(folder))
    return [
        f"{folder / name} is not made of the records beside it: run `bench leaderboard build` again"
        for name, text in fresh.items()
        if not _same(folder / name, text)
    ]


def _same(path: Path, fresh: str) -> bool:
    if not path.is_file():
        return False
    written = path.read_text()
    if path.suffix == ".csv":
        return _same_numbers(written, fresh)
    return _PICTURES.sub("", written) == fresh


def _same_numbers(written: str, fresh: str) -> bool:
    try:
        left, right = (pd.read_csv(io.StringIO(text)) for text in (written, fresh))
        pd.testing.assert_frame_equal(left, right, rtol=_RELATIVE, atol=_RELATIVE)
    except (AssertionError, ValueError):
        return False
    return True
