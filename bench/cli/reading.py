"""How commands read a store: what cannot be used is named on stderr, the rest stands."""

from pathlib import Path

import click
import pandas as pd

from bench.api.reading import load_records
from bench.core.texts import visible


def load_store(store: Path) -> pd.DataFrame:
    """Read a store's records as a frame with at least one row.

    Raises:
        StoreError: there is no store, or it has no usable record.
    """
    return load_records(store, say_left_out)


def say_left_out(problem: str) -> None:
    """Name on stderr what a command does without."""
    click.echo(f"bench: left out: {visible(problem)}", err=True)
