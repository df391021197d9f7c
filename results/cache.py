"""An optional Parquet copy of a store's frame, for stores with very many records."""

import hashlib
import importlib.util
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from bench.core.errors import StoreError
from results.frame import COLUMNS, load

_FOLDER = ".cache"


def load_cached(store: Path | str, on_problem: Callable[[str], object] = warnings.warn) -> pd.DataFrame:
    """As `results.load`, from a Parquet file where no record came, went or changed since it was written.

    The copy lies in the store's `.cache` folder, which may be deleted. A store with a damaged record is never cached,
    so that the damage is named every time.

    Raises:
        StoreError: there is no store, or Parquet cannot be read and written here.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise StoreError("a Parquet cache needs pyarrow: install geokr-bench[parquet], or use results.load")
    store = Path(store)
    fingerprint = _fingerprint(store)
    path = store / _FOLDER / f"frame-{fingerprint}.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    problems: list[str] = []
    frame = load(store, on_problem=problems.append)
    for problem in problems:
        on_problem(problem)
    if not problems:
        _write(frame, path)
    return frame


def _fingerprint(store: Path) -> str:
    """Hash of names, sizes and times of the records, and of the frame's columns."""
    digest = hashlib.sha256(",".join(COLUMNS).encode())
    folder = store / "records"
    if folder.is_dir():
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            state = entry.stat()
            digest.update(f"{entry.name}:{state.st_size}:{state.st_mtime_ns};".encode())
    return digest.hexdigest()[:16]


def _write(frame: pd.DataFrame, path: Path) -> None:
    """Write whole or not at all, and forget older copies."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    frame.to_parquet(name)
    Path(name).replace(path)
    for other in path.parent.glob("frame-*.parquet"):
        if other != path:
            other.unlink(missing_ok=True)
