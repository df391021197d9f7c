"""A pretraining that was interrupted ends with the same weights, bit for bit, as one that was not."""

import os
import random
import re
from pathlib import Path

import pytest
import torch
from networks import network_of

import methods
from bench import backbones
from bench.core import determinism
from bench.core.context import Context
from bench.core.errors import CorpusError, WeightsError
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop as pretraining

SMALL = {"epochs": 2, "batch": 32, "size": 32, "precision": "fp32"}
OPTIONS = {
    "geokr": {"teacher_updates": 5},
    "geokr-student": {"teacher_updates": 3, "teacher_init": "independent", "teacher_buffers": "ema"},
    "geokr-classification": {},
    "geokr-representation": {},
    "moco": {"queue": 48, "dim": 16},
    "simclr": {"hidden": 16, "dim": 8},
    "byol": {"hidden": 16, "dim": 8},
    "cmid": {"queue": 48, "dim": 16, "hidden": 16, "prototypes": 8, "cell": 16},
    "mae": {"decoder_dim": 16, "decoder_depth": 1, "decoder_heads": 2},
    "ijepa": {"predictor_dim": 16, "predictor_depth": 1, "predictor_heads": 2},
    "gersp": {"queue": 48, "dim": 16},
    "supervised": {},
    "softcon": {"hidden": 16, "dim": 8},
    "dino": {"out_dim": 32, "hidden": 16, "bottleneck": 8},
    "vicreg": {"hidden": 16, "dim": 8},
    "barlowtwins": {"hidden": 16, "dim": 8},
    "simsiam": {"hidden": 16, "dim": 8, "bottleneck": 4},
    "densecl": {"queue": 48, "dim": 8, "hidden": 16},
    "landcover-correction": {"size": 64},
    "landcover-segmentation": {"hidden": 8},
}


class KilledError(Exception):
    pass


def pretrain(
    name, corpus: Corpus, folder: Path, labelled: Path, monkeypatch, stop_after: int | None = None, seed=7, **chosen
):
    """Train a few steps; with `stop_after`, die right after the checkpoint of that step."""
    save = pretraining._save

    def save_and_die(parts, position, path):
        if position.batch == stop_after:
            save(parts, position, path)
            raise KilledError

    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0 if stop_after else 1e9)
    monkeypatch.setattr(pretraining, "_save", save_and_die)
    determinism.make_deterministic(7, 1)
    more = {"labelled": str(labelled)} if "labelled" in methods.get(name).needs else {}
    options = methods.get(name).options.model_validate(
        {**methods.get(name).defaults, **SMALL, **OPTIONS[name], **more, **chosen}
    )
    options.check(corpus)
    corpus = options.supervise(corpus, seed)
    backbone = backbones.build(network_of(name, "timm:test_resnet"))
    method = methods.get(name).load()(backbone, options, corpus, options.length(len(corpus)))
    context = Context(torch.device("cpu"), folder, seed, lambda *_: None)
    try:
        trained = pretraining.train(method, corpus, context)
    except KilledError:
        return None
    finally:
        monkeypatch.undo()
    return trained, method.state_dict()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_killed_and_resumed_pretraining_gives_the_same_weights(name, corpus, labelled, tmp_path, monkeypatch):
    """The queue, the teacher, the optimiser and every generator are in the checkpoint; any of the steps may be the last.

    What the losses and features said on the way is there too, so that losses, warnings and spreads are the same.
    """
    expected, whole = pretrain(name, corpus, tmp_path / "whole", labelled, monkeypatch)
    # Drawn anew in every run of the tests, whose seed pytest-randomly prints.
    step = random.randint(1, 5)
    assert pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=step) is None
    actual, resumed = pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch)
    assert expected == actual
    assert all(value > 0 or name in {"byol", "simsiam"} for value in expected.losses.values())
    assert {"start", "end"} == expected.features.keys()
    assert whole.keys() == resumed.keys()
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), (key, step)


@pytest.mark.parametrize("name", ["geokr", "geokr-classification"])
def test_a_pretraining_on_shuffled_land_cover_is_resumed_on_the_same_shuffle(
    name, corpus, labelled, tmp_path, monkeypatch
):
    step = random.randint(1, 5)
    shuffled = {"land_cover": "shuffled"}
    losses, whole = pretrain(name, corpus, tmp_path / "whole", labelled, monkeypatch, **shuffled)
    assert pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=step, **shuffled) is None
    resumed_losses, resumed = pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch, **shuffled)
    assert losses == resumed_losses
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), (key, step)
    own_losses, _ = pretrain(name, corpus, tmp_path / "own", labelled, monkeypatch)
    assert losses != own_losses


def test_a_checkpoint_of_another_order_of_tiles_is_refused(corpus, labelled, tmp_path, monkeypatch):
    pretrain("simclr", corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=1)
    with pytest.raises(CorpusError, match="the checkpoint was made with seed"):
        pretrain("simclr", corpus, tmp_path / "killed", labelled, monkeypatch, seed=8)


def test_every_method_that_trains_is_resumed_here():
    assert set(OPTIONS) == {name for name, spec in methods.registry.all().items() if spec.trains}


class Payload:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("content", ["payload", "noise", "list"])
def test_a_checkpoint_that_is_none_is_refused_before_the_first_step_and_not_run(
    content, corpus, labelled, tmp_path, monkeypatch
):
    path = tmp_path / "checkpoint.pt"
    if content == "noise":
        path.write_bytes(b"noise" * 100)
    else:
        torch.save({"method": Payload(tmp_path / "payload-ran")} if content == "payload" else [1], path)
    with pytest.raises(
        WeightsError, match=f"checkpoint {re.escape(str(path))} cannot be taken up .*delete it to start over"
    ):
        pretrain("simclr", corpus, tmp_path, labelled, monkeypatch)
    assert not (tmp_path / "payload-ran").exists()


@pytest.mark.parametrize("step", [1, 3, 5])
def test_a_resumed_pretraining_warns_as_an_uninterrupted_one(step, corpus, labelled, tmp_path, monkeypatch):
    """A learning rate of ten explodes in the second step, before or after the interruption."""
    more = {"lr": 10.0}
    expected, _ = pretrain("geokr", corpus, tmp_path / "whole", labelled, monkeypatch, **more)
    assert pretrain("geokr", corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=step, **more) is None
    actual, _ = pretrain("geokr", corpus, tmp_path / "killed", labelled, monkeypatch, **more)
    assert "loss-exploded" in expected.warnings
    assert expected == actual
