"""What the README shows to those who add a method or a task works as it stands there."""

import re
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
def test_the_task_of_the_readme_scores(parts_of_the_study, tmp_path):
    from my_tasks.linear import LinearProbe

    _, data = parts_of_the_study
    task = LinearProbe(load_protocol("demo/city"), data)
    parts = task.parts()
    start = Start("resnet18", backbones.build("resnet18").state_dict(), IMAGENET)
    result = task.run(start, parts.train, parts, Context(torch.device("cpu"), tmp_path, 0, lambda *_: None))
    assert 0 <= result.metrics["accuracy"] <= 1
