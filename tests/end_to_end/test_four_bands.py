"""From scenes of four bands in 16 bits to records, by the command line alone."""

import importlib.util
import json
import math
from pathlib import Path

import pytest
import yaml
from running import bench, records

from bench.core.bands import RGB, Bands
from bench.corpus.storage.reader import Corpus
from tasks.protocols import load_protocol

NAMES = ("red", "green", "blue", "nir")
DEEP = Bands(NAMES, "uint16")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Folder of a corpus built by the command line, data sets of four bands and of three, and a protocol."""
    path = Path(__file__).resolve().parents[1] / "data" / "multispectral.py"
    spec = importlib.util.spec_from_file_location("multispectral", path)
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    root = generator.write_scenes(tmp_path_factory.mktemp("four-bands"))
    folders = ["--scenes", root / "scenes", "--landcover", root / "landcover", "--out", root / "corpus"]
    kept = ["--bands", "1,2,3,4", "--names", ",".join(NAMES), "--values", "uint16", "--stretch", "0:10000"]
    rules = ["--rule", "contrast=0.01", "--rule", "dark_level=0"]
    arguments = [*folders, *kept, *rules, "--product", "globeland30", "--size", 32, "--overlap", 0, "--synthetic"]
    built = bench("corpus", "build", *arguments)
    assert 0 == built.returncode, built.stderr
    generator.write_prepared(root / "four", DEEP)
    generator.write_prepared(root / "three", RGB)
    protocol = load_protocol("eurosat/random-80-20").model_dump(mode="json", exclude_unset=True)
    protocol |= {"id": "tests/four-bands", "slices": {"size": 32}}
    protocol["schedule"] |= {"total": 2, "look_every": 0, "batch": 8}
    protocol["selection"] = "last"
    (root / "protocol.yaml").write_text(yaml.safe_dump(protocol))
    return root


def study(world, name, **values):
    """A study file of one fine-tuning for each method."""
    content = {
        "name": name,
        "backbones": ["resnet18"],
        "tasks": ["cls"],
        "protocols": {"cls": [str(world / "protocol.yaml")]},
        "data": {"eurosat": str(world / "four")},
        "fractions": [1.0],
        "seeds": 1,
        "budget": "paper",
        "pretrain": {"epochs": 1, "batch": 16, "size": 32},
        "engine": {"workers": 1, "device": "cpu"},
        **values,
    }
    path = world / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def card(store, key):
    return json.loads((store / "weights" / key / "card.json").read_text())


def test_four_bands_of_16_bits_go_from_scenes_to_records(world, tmp_path):
    options = {"geokr": {"teacher_updates": 2}, "moco": {"queue": 16}}
    path = study(world, "deep", corpus=str(world / "corpus"), methods=["moco", "geokr", "random"], options=options)
    done = bench("run", "--study", path, "--store", tmp_path / "store")
    assert 0 == done.returncode, done.stderr + done.stdout
    found = {record["method"]: record for record in records(tmp_path / "store").values()}
    assert {"moco", "geokr", "random"} == found.keys()
    corpus = Corpus.open(world / "corpus")
    for record in found.values():
        assert math.isfinite(record["metrics"]["overall_accuracy"])
        fed = card(tmp_path / "store", record["weights"])["input"]
        assert list(NAMES) == fed["channels"]
        assert ([*corpus.mean], "the corpus' own") == (fed["mean"], fed["source"])
    again = bench("plan", "--study", path, "--store", tmp_path / "store")
    assert "0 of 3 cells to do" in " ".join(again.stdout.split())


def test_without_a_corpus_a_random_start_is_fed_with_the_data_sets_own_statistics(world, tmp_path):
    done = bench("run", "--study", study(world, "random", methods=["random"]), "--store", tmp_path / "store")
    assert 0 == done.returncode, done.stderr + done.stdout
    (record,) = records(tmp_path / "store").values()
    fed = card(tmp_path / "store", record["weights"])["input"]
    assert (list(NAMES), "the data set's own") == (fed["channels"], fed["source"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"corpus": "corpus", "methods": ["moco"], "data": "three", "options": {"moco": {"queue": 16}}},
            ("three has red, green, blue (uint8)", "corpus has red, green, blue, nir (uint16)"),
        ),
        ({"methods": ["imagenet"]}, ("ImageNet's weights take red, green and blue",)),
        (
            {"corpus": "corpus", "methods": ["moco"], "options": {"moco": {"queue": 16, "init": "imagenet"}}},
            ("ImageNet's weights take red, green and blue",),
        ),
    ],
)
def test_other_bands_are_refused_before_anything_runs(world, tmp_path, values, said):
    values = dict(values)
    values |= {"corpus": str(world / values["corpus"])} if "corpus" in values else {}
    values |= {"data": {"eurosat": str(world / values["data"])}} if "data" in values else {}
    done = bench("run", "--study", study(world, tmp_path.name, **values), "--store", tmp_path / "store")
    assert 2 == done.returncode, done.stdout
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("bench:")]
    assert all(part in line for part in said), line
    assert not list((tmp_path / "store").rglob("*.safetensors"))
