"""A study small enough to run for real in half a minute: two scenes, a small city, three steps of fine-tuning."""

import os
from pathlib import Path

import pytest
import yaml
from running import bench

from bench.core import files
from bench.corpus.build.pipeline import build_corpus
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world
from tasks import datasets
from tasks.protocols import Slices, load_protocol


@pytest.fixture(scope="session")
def study(tmp_path_factory) -> Path:
    """A study file with a corpus, a data set and a protocol of its own."""
    root = tmp_path_factory.mktemp("world")
    world = ensure_world(root, spec=WorldSpec(sites=SITES[:2], scene_size=200, city_images=3, city_size=192))
    corpus = build_corpus(world.scenes, world.landcover, "globeland30", root / "corpus", size=64)
    city = root / "city"
    with files.new_folder(city) as work:
        datasets.get("demo-city").prepare(world.city, work, Slices(size=64), lambda _done, _total: None)
    protocol = load_protocol("demo/city").model_dump(mode="json", exclude_unset=True)
    protocol |= {"id": "tests/city", "slices": {"size": 64, "overlap": 0.0}}
    protocol["schedule"] |= {"total": 3, "look_every": 2, "batch": 4}
    (root / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    values = {
        "name": "small",
        "corpus": str(corpus.path),
        "data": {"demo-city": str(city)},
        "methods": ["geokr", "moco"],
        "backbones": ["timm:test_resnet"],
        "tasks": ["seg"],
        "protocols": {"seg": [str(root / "protocol.yaml")]},
        "fractions": [0.2, 1.0],
        "seeds": 2,
        "budget": "paper",
        "pretrain": {"epochs": 2, "batch": 8, "size": 64},
        "options": {"geokr": {"teacher_updates": 2}, "moco": {"queue": 8}},
        "engine": {"workers": 2, "device": "cpu"},
    }
    (root / "study.yaml").write_text(yaml.safe_dump(values))
    return root / "study.yaml"


@pytest.fixture(scope="session")
def finished(study, tmp_path_factory):
    """The store of an uninterrupted run, and what the run printed."""
    store = tmp_path_factory.mktemp("stores") / "whole"
    done = bench("run", "--study", study, "--store", store, env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 0, done.stderr
    return store, done.stdout
