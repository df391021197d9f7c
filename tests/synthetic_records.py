"""Synthetic records, made here from a seed: they test the arithmetic and the layout, and are never committed."""

import hashlib
import json
import math
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.cli import main
from bench.core.texts import file_name
from bench.store.records import Record

# method -> (score of a tiny share of the labels, score of all)
METHODS = {"random": (0.30, 0.70), "geokr": (0.45, 0.75), "moco": (0.38, 0.72)}


def synthetic_record(**changes):
    """One valid record; keyword arguments replace fields, and `pretrain` the seed of its pretraining."""
    method = changes.get("method", "random")
    pretrain = changes.pop("pretrain", 11)
    trained = method not in {"random", "imagenet"}
    fields = {
        "schema": 2,
        "study": "synthetic",
        "method": method,
        "options": {"init": "random", "steps": 100} if trained else {},
        "backbone": "resnet18",
        "task": "seg",
        "dataset": "demo-city",
        "protocol": "demo/city",
        "protocol_hash": "aaaa1111bbbb2222",
        "fraction": 1.0,
        "seed": 0,
        "seeds": {"pretrain": pretrain, "subset": 100 + changes.get("seed", 0), "train": 200 + changes.get("seed", 0)},
        "weights": file_name(f"weights-{method}")[:100],
        "corpus": "cccc3333" if trained else None,
        "metric": "miou",
        "metrics": {"miou": 0.5},
        "counts": {"train_asked": 100, "train": 100, "train_all": 100, "val": 10, "test": 50, "steps": 300},
        "provenance": {"device": "cpu", "torch": "2.15.0", "git": "0123abc", "host": {"machine": "x86_64"}},
        "cost": {"train_seconds": 12.5, "eval_seconds": 1.5, "peak_rss_mib": 900.0},
    } | changes
    fields.setdefault("key", hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16])
    return Record.model_validate(fields)


def synthetic_study(
    *,
    methods=("random", "geokr", "moco"),
    fractions=(0.01, 0.1, 1.0),
    seeds=3,
    boards=(("demo/city", "demo-city", "resnet18"),),
    noise=0.01,
    seed=0,
    **changes,
):
    """Records of a full grid with scores that rise with log fraction, plus seeded noise."""
    draw = random.Random(seed)
    records = []
    for protocol, dataset, backbone in boards:
        for method in methods:
            low, high = METHODS.get(method, (0.35, 0.71))
            for fraction in fractions:
                for repeat in range(seeds):
                    score = low + (high - low) * (1 + math.log10(fraction) / 2) + draw.gauss(0, noise)
                    name = f"{protocol} {backbone} {method} {fraction} {repeat} {seed} {changes}"
                    records.append(
                        synthetic_record(
                            key=f"k{hashlib.sha256(name.encode()).hexdigest()[:16]}{len(records):05d}",
                            method=method,
                            fraction=fraction,
                            seed=repeat,
                            protocol=protocol,
                            dataset=dataset,
                            backbone=backbone,
                            metrics={"miou": score, "miou/road": score},
                            **changes,
                        )
                    )
    return records


def fair_study(
    *, fractions=(0.01, 0.1, 1.0), total=900, classes=6, beyond=0, used=None, labels=None, design=None, **changes
):
    """Records of schema 3: as `synthetic_study`, with labels counted and the design said.

    `beyond` labels that are not of the fraction select; `used` of n replaces what a cell used; `labels` names amounts.
    """
    said = {"selection": "within", "draw": "quota", "bn": "as-trained", "split": "image", "length": "steps"} | (
        design or {}
    )
    records = []
    for fraction in fractions:
        n = round(fraction * total)
        counts = {"train": n, "train_all": total, "val": 10, "test": 50, "steps": 300, "classes": classes}
        counts |= {"labels_used": used(n) if used else n + beyond, "selection": 0, "beyond": beyond}
        asked = {"labels": labels[fraction]} if labels else {}
        records += synthetic_study(fractions=[fraction], counts=counts, design=said, **asked, **changes)
    return records


def write_records(store: Path, records) -> Path:
    """Write records as a store's files."""
    folder = store / "records"
    folder.mkdir(parents=True, exist_ok=True)
    for record in records:
        (folder / f"{record.key}.json").write_text(json.dumps(record.to_json()))
    return store


@pytest.fixture(scope="session")
def make_record():
    return synthetic_record


@pytest.fixture(scope="session")
def make_study():
    return synthetic_study


@pytest.fixture(scope="session")
def make_fair_study():
    return fair_study


@pytest.fixture(scope="session")
def write_store():
    return write_records


@pytest.fixture
def store(tmp_path):
    """A store of three methods, three fractions, three seeds."""
    return write_records(tmp_path / "store", synthetic_study())


@pytest.fixture(scope="session")
def save_prediction():
    """Save one prediction as a task does: `masks` by part name as H x W class numbers, or `words` by part name."""
    from tasks import predictions
    from tasks.labels.label import Drawn
    from tasks.labels.mask import paint

    legend = [("water", (0, 0, 255)), ("road", (255, 255, 0))]

    def save(store, key, sample, image, masks, words=None):
        painted = {name: paint(mask, [colour for _, colour in legend]) for name, mask in masks.items()}
        context = SimpleNamespace(predictions=store / "predictions" / key)
        predictions.save(context, sample, Drawn({"image": image, **painted}, words or {}), legend)

    return save


@dataclass
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_bench(capsys, monkeypatch):
    """Run `bench` as from a shell, in this process."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return Done(stop.value.code, captured.out, captured.err)

    return run
