"""Tiny data sets in their public layouts, and a way to prepare them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from bench.core import files
from tasks import datasets
from tasks.prepared import Prepared
from tasks.protocol_parts import Slices

GENERATORS = Path(__file__).resolve().parent.parent / "data"


def load_generator(name: str) -> ModuleType:
    """A module of `tests/data` by name; that folder is no package."""
    spec = importlib.util.spec_from_file_location(f"generator_{name}", GENERATORS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def prepare(
    name: str, source: Path, out: Path, size: int, overlap: float = 0.0, labels: str | None = None, **options: str
) -> Prepared:
    """Prepare a public layout as the command does, complete or not at all."""
    slices = Slices(size=size, overlap=overlap, labels=labels)
    with files.new_folder(out) as work:
        datasets.get(name).prepare(source, work, slices, lambda *_: None, options)
    return Prepared.open(out)


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Sums are split by thread, and threads that wait for each other make tiny networks slow."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def generators():
    return load_generator


@pytest.fixture(scope="session")
def prepared():
    return prepare
