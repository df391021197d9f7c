"""A pretraining that was interrupted ends with the same weights, bit for bit, as one that was not."""

from pathlib import Path

import pytest
import torch

import methods
from bench import backbones, determinism, pretraining
from bench.corpus.reader import Corpus
from bench.errors import CorpusError

SMALL = {"epochs": 2, "batch": 32, "size": 32, "precision": "fp32"}
OPTIONS = {
    "geokr": {"teacher_updates": 5},
    "geokr-classification": {},
    "geokr-representation": {},
    "moco": {"queue": 48, "dim": 16},
    "simclr": {"hidden": 16, "dim": 8},
    "byol": {"hidden": 16, "dim": 8},
    "cmid": {"queue": 48, "dim": 16, "hidden": 16, "prototypes": 8, "cell": 16},
    "gersp": {"queue": 48, "dim": 16},
}


class KilledError(Exception):
    pass


def pretrain(
    name, corpus: Corpus, checkpoint: Path, labelled: Path, monkeypatch, stop_after: int | None = None, seed=7
):
    """Train a few steps; with `stop_after`, die right after the checkpoint of that step."""
    save = pretraining._save

    def save_and_die(parts, position, tail, path):
        if position.batch == stop_after:
            save(parts, position, tail, path)
            raise KilledError

    monkeypatch.setattr(pretraining, "CHECKPOINT_SECONDS", -1.0 if stop_after else 1e9)
    monkeypatch.setattr(pretraining, "_save", save_and_die)
    determinism.make_deterministic(7, 1)
    more = {"labelled": str(labelled)} if "labelled" in methods.get(name).needs else {}
    options = methods.get(name).options.model_validate({**methods.get(name).defaults, **SMALL, **OPTIONS[name], **more})
    options.check(corpus)
    method = methods.get(name).load()(
        backbones.build("resnet18"), options, corpus, pretraining.length_of(corpus, options)
    )
    place = pretraining.Place(torch.device("cpu"), checkpoint, lambda *_: None)
    try:
        losses = pretraining.train(method, corpus, seed, place)
    except KilledError:
        return None
    finally:
        monkeypatch.undo()
    return losses, method.export()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_killed_and_resumed_pretraining_gives_the_same_weights(name, corpus, labelled, tmp_path, monkeypatch):
    """The queue, the teacher, the optimiser and every generator are in the checkpoint."""
    losses, whole = pretrain(name, corpus, tmp_path / "whole", labelled, monkeypatch)
    assert pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=4) is None
    resumed_losses, resumed = pretrain(name, corpus, tmp_path / "killed", labelled, monkeypatch)
    assert losses == resumed_losses
    assert all(value > 0 or name == "byol" for value in losses.values())
    assert whole.keys() == resumed.keys()
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), key


def test_a_checkpoint_of_another_order_of_tiles_is_refused(corpus, labelled, tmp_path, monkeypatch):
    pretrain("simclr", corpus, tmp_path / "killed", labelled, monkeypatch, stop_after=1)
    with pytest.raises(CorpusError, match="the checkpoint was made with seed"):
        pretrain("simclr", corpus, tmp_path / "killed", labelled, monkeypatch, seed=8)
