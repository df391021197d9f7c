"""What the README shows to those who add a method or a task works as it stands there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop as pretraining
from tasks.prepared import Prepared
from tasks.protocols import load_protocol
from tasks.task import Start

README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


@pytest.fixture
def examples(tmp_path, monkeypatch):
    """The README's Python blocks as the files that their first lines name."""
    for block in re.findall(r"```python\n(# my_.*?)```", README, re.DOTALL):
        path = tmp_path / re.match(r"# (\S+\.py)", block)[1]
        path.parent.mkdir(exist_ok=True)
        path.write_text(block)
        (path.parent / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith(("my_methods", "my_tasks"))]:
        del sys.modules[name]


@pytest.fixture
def parts_of_the_study(study):
    values = yaml.safe_load(study.read_text())
    return Corpus.open(Path(values["corpus"])), Prepared.open(Path(values["data"]["demo-city"]))


@pytest.mark.usefixtures("examples")
def test_the_method_of_the_readme_trains(parts_of_the_study, tmp_path):
    from my_methods import rotation

    corpus, _ = parts_of_the_study
    options = rotation.options(epochs=1, batch=8, size=64)
    length = options.length(len(corpus))
    method = rotation.load()(backbones.build("resnet18"), options, corpus, length)
    before = {name: value.clone() for name, value in method.export().items()}
    context = Context(torch.device("cpu"), tmp_path, 0, lambda *_: None)
    losses = pretraining.train(method, corpus, context).losses
    assert losses["rotation"] > 0
    assert not torch.equal(before["conv1.weight"], method.export()["conv1.weight"])


@pytest.mark.usefixtures("examples")
def test_the_backbone_of_the_readme_is_found_in_an_installed_package_and_suits_every_method(tmp_path):
    """A package is what an installer leaves: its files, and its entry points beside them."""
    info = tmp_path / "my_backbones-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my_backbones\nVersion: 1.0\n")
    (entry,) = re.findall(r'"geokr_bench\.backbones"\] (plain = ".*?")', README)
    plain = entry.replace('"', "")
    (info / "entry_points.txt").write_text(f"[geokr_bench.backbones]\n{plain}\n")
    code = """
import torch, methods
from bench import backbones
backbone = backbones.build("plain", 4)
maps = backbone(torch.rand(2, 4, 64, 64))
print([tuple(each.shape[1:]) for each in maps])
for spec in methods.registry.all().values():
    spec.options().check_backbone(backbone.spec)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=_path(tmp_path)
    )
    assert done.stdout == "[(16, 16, 16), (32, 8, 8), (64, 4, 4), (128, 2, 2)]\n", done.stderr
    command = [sys.executable, "-m", "bench", "backbones"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, env=_path(tmp_path)).stdout
    assert "plain: Four strided convolutions." in listed


def _path(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder)}


@pytest.mark.usefixtures("examples")
def test_the_task_of_the_readme_scores(parts_of_the_study, tmp_path):
    from my_tasks.linear import LinearProbe

    _, data = parts_of_the_study
    task = LinearProbe(load_protocol("demo/city"), data)
    parts = task.parts()
    start = Start("resnet18", backbones.build("resnet18").state_dict(), IMAGENET)
    result = task.run(start, parts.train, parts, Context(torch.device("cpu"), tmp_path, 0, lambda *_: None))
    assert 0 <= result.metrics["accuracy"] <= 1
