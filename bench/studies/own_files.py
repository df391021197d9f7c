"""The files of a user's own data set: its description, a protocol and a study to begin with."""

import re
from pathlib import Path
from typing import Any

import yaml

from bench.core import files
from bench.core.errors import StudyError
from bench.studies.describing import Description
from tasks import datasets

# The protocol that each task's own begin with.
BASES = {
    "cls": "eurosat/random-80-20",
    "multilabel": "ucmerced-multilabel/random-80-20",
    "seg": "geokr-2021/vaihingen-steps",
    "det": "geokr-2021/levir-steps",
    "change": "levir-cd-steps",
}
HEADS = {"seg": "upernet", "det": "faster-rcnn-fpn", "change": "upernet"}
# Passes over all labels, and the least and the most steps that they become.
EPOCHS, FEWEST, MOST = 30, 500, 10_000
BATCH = 16
# Fewer places than this cannot stand for all places.
FEWEST_PLACES = 3


def write(name: str, found: Description, source: Path) -> list[Path]:
    """Write `datasets/NAME.yaml`, `protocols/NAME.yaml` and `NAME.yaml` below the folder where the command runs.

    Raises:
        StudyError: one is there, or the name is that of a data set which the harness knows.
    """
    if not re.fullmatch(datasets.NAME, name):
        raise StudyError(f"--write {name}: a name has letters, digits, dots, dashes and underscores, at most 64")
    if name in datasets.registry.all():
        raise StudyError(f"--write {name}: the harness knows a data set of this name: choose another")
    texts = {
        datasets.OWN / f"{name}.yaml": _dump(_dataset(name, found, source)),
        Path("protocols") / f"{name}.yaml": _dump(_protocol(name, found)),
        Path(f"{name}.yaml"): _dump(_study(name, found)),
    }
    there = next((file for file in texts if file.exists()), None)
    if there:
        raise StudyError(f"{there} exists already: remove it, or choose another name with --write")
    for file, text in texts.items():
        files.write_text(file, text)
    datasets.read_own(datasets.OWN / f"{name}.yaml")
    return list(texts)


def _dump(values: dict[str, Any]) -> str:
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)


def _dataset(name: str, found: Description, source: Path) -> dict[str, Any]:
    contents = {"kind": found.kind} | found.contents.model_dump(mode="json", exclude_defaults=True)
    return {"name": name, "summary": f"{len(found.images):,} images of {len(found.classes)} classes",
            "source": str(source.resolve()), "contents": contents}  # fmt: skip


def split_of(found: Description) -> dict[str, Any]:
    """How to divide the images: as the layout does, by place where places are known, else whole images at random."""
    if {"train", "test"} <= found.parts.keys():
        return {"by": "given", "ratio": None, "seed": None}
    by = "stratum" if found.task == "cls" else "image"
    return {"by": "place" if found.places >= FEWEST_PLACES else by, "ratio": [8, 0, 2], "seed": 0}


def _protocol(name: str, found: Description) -> dict[str, Any]:
    size = found.slices.size
    per_image = 1 if found.task in {"cls", "multilabel"} else _slices_an_image(found, size)
    steps = round(EPOCHS * len(found.images) * per_image / BATCH, -2)
    total = int(min(max(steps, FEWEST), MOST))
    values: dict[str, Any] = {
        "extends": BASES[found.task],
        "id": name,
        "version": 1,
        "title": name,
        "dataset": name,
        "slices": {"size": size},
        "split": split_of(found),
        "schedule": {"length": "steps", "total": total, "batch": BATCH, "look_every": total // 10},
        "selection": "within",
        "fractions": [0.1, 1.0],
    }
    sources = dict.fromkeys(("slices", "split", "schedule", "selection", "fractions"), "ours: by bench data describe")
    if found.task in {"seg", "det", "change"}:
        values["optimiser"] = {"name": "AdamW", "lr": 3.0e-4, "momentum": 0.0, "weight_decay": 0.01, "decay": "cosine",
                               "factor": 1.0, "every": 1}  # fmt: skip
        sources["optimiser"] = "ours: by bench data describe"
    if found.task in HEADS:
        values["network"] = {"head": HEADS[found.task]}
        sources["network"] = "ours: a head that reviewers know"
    return values | {"sources": sources}


def _slices_an_image(found: Description, size: int) -> float:
    """Slices that an image gives, on average."""
    cut = {(height, width): -(-height // size) * -(-width // size) for height, width in found.sizes}
    return sum(cut[each] * count for each, count in found.sizes.items()) / found.sizes.total()


def _study(name: str, found: Description) -> dict[str, Any]:
    return {
        "name": name,
        "methods": ["random", "imagenet"],
        "references": ["random"],
        "backbones": ["resnet18"],
        "tasks": [found.task],
        "protocols": {found.task: [f"protocols/{name}.yaml"]},
        "data": {name: str(datasets.OWN / f"{name}.yaml")},
        "seeds": 3,
    }
