"""Folders the harness keeps outside a store: the demo world and prepared data sets."""

import os
from pathlib import Path


def data_home() -> Path:
    """The data folder: `$BENCH_DATA`, else `$XDG_CACHE_HOME/geokr-bench`, else `~/.cache/geokr-bench`."""
    named = os.environ.get("BENCH_DATA")
    if named:
        return Path(named).expanduser().resolve()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "geokr-bench"
