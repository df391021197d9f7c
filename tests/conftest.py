"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The real images described in CONTRIBUTING.md; tests that need them are skipped where they are absent."""
    folder = Path(os.environ.get("BENCH_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set BENCH_REAL_DATA to run this test")
    return folder
