"""What the measurements run: a study of real methods and real cells, a second of work each, on a world of their own."""

from pathlib import Path
from typing import Any

import yaml

from bench.core import files
from bench.corpus.build.pipeline import build_corpus
from bench.demo.sets import ensure_scene_classes
from bench.demo.sites import SITES
from bench.demo.world import WorldSpec, ensure_world
from tasks import datasets
from tasks.protocol_parts import Slices
from tasks.protocols import load_protocol

# Pixels; images of each of the eight classes.
SIZE, PER_CLASS = 64, 8
# Steps of a fine-tuning.
STEPS = 3


def make_world(root: Path) -> Path:
    """Draw two scenes and 64 labelled images, cut a corpus, and write a study of them.

    Returns:
        The study: three rows, two of which pretrain, with fine-tuned and with frozen networks.
    """
    world = ensure_world(root, spec=WorldSpec(sites=SITES[:2], scene_size=200, city_images=1, city_size=SIZE))
    corpus = build_corpus(world.scenes, world.landcover, "globeland30", root / "corpus", size=SIZE)
    pictures = root / "pictures"
    with files.new_folder(pictures) as work:
        drawn = ensure_scene_classes(root, per_class=PER_CLASS)
        datasets.get("demo-scenes").prepare(drawn, work, Slices(size=SIZE), lambda _done, _total: None)
    return write_study(
        root,
        "robustness",
        {
            "corpus": str(corpus.path),
            "data": {"demo-scenes": str(pictures)},
            "methods": ["geokr", "moco"],
            "tasks": ["cls", "probe"],
            "protocols": {"cls": [_protocol(root, "scenes")], "probe": [_protocol(root, "scenes-probe")]},
            "fractions": [0.2, 1.0],
            "seeds": 2,
        },
    )


def many_cells(root: Path, seeds: int) -> Path:
    """A study of a made world without any pretraining: frozen random networks, four amounts of labels a repeat.

    Returns:
        The study, of eight cells for each of `seeds` repeats.
    """
    return write_study(
        root,
        "many",
        {
            "data": {"demo-scenes": str(root / "pictures")},
            "methods": ["random"],
            "references": [],
            "tasks": ["probe"],
            "protocols": {"probe": [_protocol(root, "scenes-probe")]},
            "fractions": [0.2, 0.4, 0.6, 0.8],
            "seeds": seeds,
        },
    )


def write_study(root: Path, name: str, values: dict[str, Any]) -> Path:
    """Write a study of cheap jobs: these values, and what all of them share."""
    shared = {
        "name": name,
        "backbones": ["timm:test_resnet"],
        "budget": "paper",
        "pretrain": {"epochs": 4, "batch": 8, "size": SIZE},
        "options": {"geokr": {"teacher_updates": 2}, "moco": {"queue": 8}},
        "engine": {"workers": 2, "device": "cpu"},
    }
    path = root / f"{name}.yaml"
    path.write_text(yaml.safe_dump(shared | values))
    return path


def _protocol(root: Path, name: str) -> str:
    """A protocol of the demo on the few images there are, with a training of `STEPS` steps."""
    protocol = load_protocol(f"demo/{name}").model_dump(mode="json", exclude_unset=True)
    protocol |= {"id": f"robustness/{name}", "slices": {"size": SIZE, "overlap": 0.0}}
    if "subsets" in protocol:
        protocol["subsets"] = 2
    else:
        protocol["schedule"] |= {"total": STEPS, "look_every": 2, "batch": 4}
    path = root / f"{name}.yaml"
    path.write_text(yaml.safe_dump(protocol))
    return str(path)
