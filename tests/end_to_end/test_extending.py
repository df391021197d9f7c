"""The example packages of docs/extending.md are installed as they stand there, and one study runs on all but the head."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import yaml
from PIL import Image
from rasterio.transform import from_origin
from running import ROOT, bench

GUIDE = (ROOT / "docs" / "extending.md").read_text()
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
ENTRY = re.compile(r'Entry point: `geokr_bench\.(\w+)`, `(\w+ = "(\w+):\w+")`\.')
TEMPLATE = next(text for language, text in BLOCK.findall(GUIDE) if language == "toml")
KINDS = {kind: (line, package) for kind, line, package in ENTRY.findall(GUIDE)}
# By the file that its first line names.
FILES = {
    re.match(r"# ([\w/.-]+\.(?:py|yaml))", text)[1]: text for _, text in BLOCK.findall(GUIDE) if text.startswith("# ")
}


def test_every_door_has_an_example_of_less_than_forty_lines():
    assert {"methods", "tasks", "heads", "backbones", "data", "products", "engines"} == set(KINDS)
    lengths = {
        package: sum(text.count("\n") for file, text in FILES.items() if file.startswith(f"{package}/"))
        for _, package in KINDS.values()
    }
    assert all(0 < length < 40 for length in lengths.values()), lengths


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the packages, put there by pip."""
    work = tmp_path_factory.mktemp("packages")
    for kind, (line, package) in KINDS.items():
        source = work / package
        for file, text in FILES.items():
            if file.startswith(f"{package}/"):
                (source / file).parent.mkdir(parents=True, exist_ok=True)
                (source / file).write_text(text)
        project = TEMPLATE.replace('rotation = "my_method:rotation"', line).replace(
            "geokr_bench.methods", f"geokr_bench.{kind}"
        )
        (source / "pyproject.toml").write_text(project.replace("my-method", package.replace("_", "-")))
    sources = [str(work / package) for _, package in KINDS.values()]
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", str(work / "site"), *sources], check=True, capture_output=True)
    return work / "site"


@pytest.fixture
def run(installed, tmp_path):
    """Run the command line with the packages installed."""
    paths = os.pathsep.join(filter(None, [str(installed), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": paths, "BENCH_DATA": str(tmp_path / "home")}

    def call(*arguments):
        done = bench(*arguments, env=environment, cwd=tmp_path)
        assert 0 == done.returncode, done.stderr
        return done

    return call


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (("methods",), "rotation"),
        (("tasks",), "linear"),
        (("heads",), "two-layers"),
        (("backbones",), "tiny"),
        (("data", "list"), "my-photos"),
        (("products",), "water-mask"),
        (("engines",), "inline"),
    ],
)
def test_an_installed_example_is_listed(run, command, name):
    assert name in json.loads(run(*command, "--json").stdout)


def write_scene(folder: Path, name: str, bands: np.ndarray, metres: float) -> None:
    folder.mkdir(exist_ok=True)
    place = {"crs": "EPSG:32650", "transform": from_origin(500_000, 4_000_000, metres, metres)}
    shape = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": "uint8"}
    with rasterio.open(folder / name, "w", driver="GTiff", **place, **shape) as raster:
        raster.write(bands)


def write_photos(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(1)
    rows = ["file,class"]
    for number in range(40):
        bright = number % 2
        pixels = rng.integers(100 * bright, 100 * bright + 100, size=(64, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append(f"{number}.png,{'day' if bright else 'night'}")
    (folder / "labels.csv").write_text("\n".join(rows) + "\n")


def test_one_study_runs_on_the_six_examples(run, tmp_path):
    rng = np.random.default_rng(0)
    write_scene(tmp_path / "scenes", "scene.tif", rng.integers(20, 200, size=(3, 512, 512), dtype=np.uint8), 10)
    write_scene(tmp_path / "cover", "cover.tif", rng.integers(1, 3, size=(1, 512, 512), dtype=np.uint8), 10)
    write_photos(tmp_path / "photos")
    (tmp_path / "linear.yaml").write_text(FILES["linear.yaml"])
    study = {
        "name": "mine",
        "corpus": "corpus",
        "methods": ["rotation"],
        "backbones": ["tiny"],
        "tasks": ["linear"],
        "protocols": {"linear": ["linear.yaml"]},
        "engine": {"kind": "inline"},
        "seeds": 1,
        "budget": "paper",
        "pretrain": {"epochs": 1, "batch": 8, "size": 64},
        "store": "store",
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    build = ("--scenes", "scenes", "--landcover", "cover", "--product", "water-mask", "--out", "corpus", "--size", "64")
    run("corpus", "build", *build)
    run("data", "prepare", "my-photos", "--source", "photos", "--protocol", "linear.yaml")
    run("run", "--study", "study.yaml")
    records = [json.loads(path.read_text()) for path in (tmp_path / "store" / "records").glob("*.json")]
    assert 4 == len(records)
    assert {"random", "rotation"} == {record["method"] for record in records}
    assert {"tiny"} == {record["backbone"] for record in records}
    # Day and night differ in brightness: any features tell them apart.
    assert {1.0} == {record["metrics"]["accuracy"] for record in records if record["fraction"] == 1.0}
