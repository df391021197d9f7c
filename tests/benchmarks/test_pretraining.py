"""The measurements run and say what they promise; nothing here depends on how fast."""

import os
import shutil

import pytest
import torch

from bench import backbones
from bench.core.errors import StudyError
from bench.pretraining import loop as pretraining
from bench.pretraining.method import Batch, Length
from benchmarks import augmentation as augment
from benchmarks import pretraining as pretrain
from methods.options.contrastive import SimCLROptions
from methods.simclr import SimCLR


def test_views_are_measured_at_both_sizes():
    figures = augment.measure(rounds=1, batch=2)
    for size in (64, 224):
        assert figures[f"ratio_lightly_{size}"] == figures[f"ours_{size}"] / figures[f"lightly_{size}"] > 0


@pytest.mark.parametrize("name", pretrain.METHODS)
def test_training_steps_of_both_are_measured(name):
    figures = pretrain.measure((name,), rounds=1, batch=4, size=32, arithmetic="fp32", cores=1)
    assert figures["ratio_lightly"][name] == figures[f"ours_{name}"] / figures[f"lightly_{name}"] > 0
    assert figures["precision"] == "fp32"


def compilable() -> SimCLR:
    return SimCLR(backbones.build("resnet18"), SimCLROptions(batch=4, size=32), None, Length(4, 2))


def test_compiling_keeps_the_names_of_the_weights(monkeypatch):
    monkeypatch.setattr(pretraining.shutil, "which", lambda name: f"/usr/bin/{name}")
    model = compilable()
    before = list(model.state_dict())
    pretraining.compile_backbones(model, torch.device("cpu"))
    assert before == list(model.state_dict())


@pytest.mark.nightly
@pytest.mark.skipif(
    not (shutil.which(os.environ.get("CXX", "g++")) or shutil.which("clang++")), reason="no C++ compiler"
)
def test_a_compiled_network_trains_as_the_uncompiled_one():
    """Three steps in full precision; a compiler may round otherwise."""
    images = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = []
    for compiled in (False, True):
        torch.manual_seed(0)
        model = SimCLR(backbones.build("timm:test_resnet"), SimCLROptions(batch=4, size=32), None, Length(4, 2)).train()
        names = list(model.state_dict())
        if compiled:
            pretraining.compile_backbones(model, torch.device("cpu"))
        optimiser = torch.optim.SGD(model.parameters(), lr=0.01)
        losses = []
        for step in range(3):
            loss = model(Batch(images, None, torch.Generator().manual_seed(step)))["contrast"]
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        assert list(model.state_dict()) == names
        found.append((losses, model.export()))
    (losses, weights), (compiled_losses, compiled_weights) = found
    assert compiled_losses == pytest.approx(losses, rel=1e-3)
    assert weights.keys() == compiled_weights.keys()
    for name, value in weights.items():
        assert torch.allclose(value, compiled_weights[name], atol=1e-4), name


def test_compiling_without_a_compiler_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(StudyError, match="C\\+\\+ compiler"):
        pretraining.compile_backbones(compilable(), torch.device("cpu"))
