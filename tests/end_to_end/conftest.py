"""A study small enough to run for real in half a minute: two scenes, 64 labelled pictures, three steps of fine-tuning."""

import os
import shutil
from pathlib import Path

import pytest
import yaml
from filelock import FileLock
from running import WIDE, bench

from bench.core import files
from bench.corpus.build.pipeline import build_corpus
from bench.demo.sets import ensure_scene_classes
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world
from tasks import datasets
from tasks.protocol_parts import Slices
from tasks.protocols import load_protocol


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Fill a folder once for all processes that share the tests."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def filled(name, fill) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with FileLock(shared / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        return folder

    return filled


@pytest.fixture(scope="session")
def study(once) -> Path:
    """A study file with a corpus, a data set and a protocol of its own."""
    return once("world", _write_study) / "study.yaml"


def _write_study(root: Path) -> None:
    world = ensure_world(root, spec=WorldSpec(sites=SITES[:2], scene_size=200, city_images=1, city_size=64))
    corpus = build_corpus(world.scenes, world.landcover, "globeland30", root / "corpus", size=64)
    pictures = root / "pictures"
    with files.new_folder(pictures) as work:
        drawn = ensure_scene_classes(root, per_class=8)
        datasets.get("demo-scenes").prepare(drawn, work, Slices(size=64), lambda _done, _total: None)
    protocol = load_protocol("demo/scenes").model_dump(mode="json", exclude_unset=True)
    protocol |= {"id": "tests/scenes", "slices": {"size": 64, "overlap": 0.0}}
    protocol["schedule"] |= {"total": 3, "look_every": 2, "batch": 4}
    (root / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    values = {
        "name": "small",
        "corpus": str(corpus.path),
        "data": {"demo-scenes": str(pictures)},
        "methods": ["geokr", "moco"],
        "backbones": ["timm:test_resnet"],
        "tasks": ["cls"],
        "protocols": {"cls": [str(root / "protocol.yaml")]},
        "fractions": [0.2, 1.0],
        "seeds": 2,
        "budget": "paper",
        "pretrain": {"epochs": 2, "batch": 8, "size": 64},
        "options": {"geokr": {"teacher_updates": 2}, "moco": {"queue": 8}},
        "engine": {"workers": 1, "device": "cpu"},
    }
    (root / "study.yaml").write_text(yaml.safe_dump(values))


@pytest.fixture(scope="session")
def finished(once, study):
    """The store of an uninterrupted run, and what the run printed."""

    def run(folder: Path) -> None:
        done = bench("run", "--study", study, "--store", folder / "whole", env=WIDE)
        assert done.returncode == 0, done.stderr
        (folder / "printed.txt").write_text(done.stdout)

    folder = once("finished", run)
    return folder / "whole", (folder / "printed.txt").read_text()
