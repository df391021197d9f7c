"""Two ranks train what one process trains on the whole batch: the same losses and weights, to rounding."""

from datetime import timedelta
from pathlib import Path

import pytest
import torch
from networks import network_of
from torch import distributed, multiprocessing

import methods
from bench import backbones
from bench.core import determinism
from bench.core.context import Context
from bench.corpus.storage.reader import Corpus
from bench.pretraining import loop, ranks

# At a high rate the last digits of a first step are seen in the second one's loss.
OPTIONS = {
    "geokr": {"teacher_updates": 1},
    "geokr-student": {"teacher_updates": 1, "teacher_buffers": "ema"},
    "geokr-representation": {},
    "geokr-classification": {},
    "moco": {"queue": 96, "dim": 16, "shuffle": 4},
    "simclr": {"hidden": 16, "dim": 8, "lr": 0.01},
    "byol": {"hidden": 16, "dim": 8},
    "softcon": {"hidden": 16, "dim": 8},
    "dino": {"out_dim": 32, "hidden": 16, "bottleneck": 8},
    "vicreg": {"hidden": 16, "dim": 8},
    "barlowtwins": {"hidden": 16, "dim": 8, "lr": 0.01},
    "simsiam": {"hidden": 16, "dim": 8, "bottleneck": 4},
    "landcover-correction": {},
}
COMMON = {"steps": 2, "batch": 64, "size": 32, "precision": "fp32"}


def train(name: str, corpus: Corpus, folder: Path, **more) -> dict[str, torch.Tensor]:
    """A few steps of a method: by how much its exported weights moved, as one vector, and its losses."""
    determinism.make_deterministic(7, 1)
    spec = methods.get(name)
    options = spec.options.model_validate({**spec.defaults, **COMMON, **OPTIONS[name], **more})
    backbone = backbones.build(network_of(name, "timm:test_resnet"))
    method = spec.load()(backbone, options, corpus, options.length(len(corpus)))
    begun = vector(method.export())
    trained = loop.train(method, corpus, Context(torch.device("cpu"), folder, 7, lambda *_: None))
    return {"moved": vector(method.export()) - begun, "losses": torch.tensor(list(trained.losses.values()))}


def vector(weights: dict[str, torch.Tensor]) -> torch.Tensor:
    return torch.cat([value.detach().double().flatten() for value in weights.values() if value.is_floating_point()])


def rank(number: int, corpus: Path, folder: Path) -> None:
    """One of two: train every method and keep what the first rank has; then begin a training that another ends."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=number, world_size=2, timeout=timedelta(seconds=60)
    )
    tiles = Corpus.open(corpus)
    for name in OPTIONS:
        weights = train(name, tiles, folder / name)
        if number == 0:
            torch.save(weights, folder / f"{name}.pt")
    # A stop after the first step: every rank hears of it from the other.
    loop.stopping._Word.asked = number == 1
    with pytest.raises(loop.stopping.StoppedError):
        train("byol", tiles, folder / "stopped")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def by_two(corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ranks")
    multiprocessing.spawn(rank, (corpus.path, folder), nprocs=2)
    return folder


def apart(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> tuple[float, float]:
    """How far two trainings lie apart: their weights as a share of the way that they went, and their losses."""
    way = float((first["moved"] - second["moved"]).norm() / first["moved"].norm())
    return way, float((first["losses"] - second["losses"]).abs().max())


@pytest.mark.parametrize("name", OPTIONS)
def test_two_ranks_of_half_a_batch_train_what_one_process_trains_on_all_of_it(name, corpus, by_two, tmp_path):
    alone = train(name, corpus, tmp_path)
    weights, losses = apart(alone, torch.load(by_two / f"{name}.pt", weights_only=True))
    print(name, weights, losses)
    # Adam divides a gradient that is nothing but rounding by its own size.
    assert weights < 5e-3
    assert losses < 5e-4


def test_a_training_of_another_batch_is_far_away(corpus, tmp_path):
    weights, losses = apart(
        train("simclr", corpus, tmp_path / "64"), train("simclr", corpus, tmp_path / "32", batch=32)
    )
    print(weights, losses)
    assert weights > 0.1
    assert losses > 0.1


def test_a_training_that_two_ranks_began_is_ended_by_one(corpus, by_two, tmp_path):
    """What reaches the second rank stops both, and the checkpoint says nothing of how many there were."""
    assert (by_two / "stopped" / loop.CHECKPOINT).exists()
    alone, ended = train("byol", corpus, tmp_path), train("byol", corpus, by_two / "stopped")
    assert float((alone["losses"] - ended["losses"]).abs().max()) < 1e-4


def test_every_method_that_can_be_shared_is_here():
    assert set(OPTIONS) == {name for name, spec in methods.registry.all().items() if spec.parallel}


def test_without_a_group_there_is_one_rank_and_nothing_moves():
    values = torch.rand(4, 3)
    assert ranks.gathered(values) is values
    assert (1, 0) == (ranks.count(), ranks.number())
    assert slice(0, 4) == ranks.part(4)
