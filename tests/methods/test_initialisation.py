"""Random networks: as initialised, and with batch norm's statistics taken from tiles of the corpus."""

import numpy as np
import pytest
import torch

import methods
from bench import backbones
from bench.backbones.normalisation import IMAGENET
from bench.core.context import Context
from bench.core.determinism import make_deterministic
from bench.core.seeding import derive
from bench.pretraining import batch_norm
from bench.pretraining.facts import Length
from methods.options.initial import CALIBRATION_TILES, RandomOptions


def made(tmp_path, corpus, backbone="resnet18", seed=5):
    """What a worker exports of a random network under a seed, given a corpus or none."""
    make_deterministic(seed, 1)
    network = backbones.build(backbone)
    options = RandomOptions(calibrate="none" if corpus is None else "corpus")
    method = methods.get("random").load()(network, options, corpus, Length(0, 0))
    method.fit(Context(torch.device("cpu"), tmp_path, seed, lambda *_: None))
    return method.export()


def test_calibrated_statistics_are_those_of_the_tiles(tmp_path, corpus):
    """Mean and unbiased variance of the first convolution's answers on all 96 tiles, by hand; they are one batch."""
    state = made(tmp_path, corpus)
    stored = corpus.tiles(np.arange(len(corpus))).transpose(0, 3, 1, 2) / 255
    mean, std = (np.array(values).reshape(1, 3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    tiles = torch.from_numpy((stored - mean) / std)
    answers = torch.nn.functional.conv2d(tiles, state["conv1.weight"].double(), stride=2, padding=3)
    assert torch.allclose(answers.mean(dim=(0, 2, 3)), state["bn1.running_mean"].double(), atol=1e-5)
    assert torch.allclose(answers.var(dim=(0, 2, 3)), state["bn1.running_var"].double(), rtol=1e-4)
    assert 1 == state["bn1.num_batches_tracked"]


def test_calibration_moves_no_weight(tmp_path, corpus):
    raw, calibrated = made(tmp_path, None), made(tmp_path, corpus)
    buffers = ("running_mean", "running_var", "num_batches_tracked")
    moved = {name for name, value in raw.items() if not torch.equal(value, calibrated[name])}
    assert {name for name in raw if name.endswith(buffers)} == moved
    assert torch.equal(torch.zeros(64), raw["bn1.running_mean"])
    assert torch.equal(torch.ones(64), raw["bn1.running_var"])


def test_the_seed_draws_the_tiles_and_the_weights(tmp_path, corpus):
    first, again, other = (made(tmp_path, corpus, seed=seed) for seed in (5, 5, 6))
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_of_a_large_corpus_as_many_tiles_calibrate_as_the_facts_say():
    drawn = np.concatenate(batch_norm.draw(5000, derive(1, "calibration")))
    assert CALIBRATION_TILES == len(set(drawn.tolist())) == RandomOptions().facts(5000).values["calibration_tiles"]
    assert RandomOptions().facts(96).values == {"calibration_tiles": 96}
    assert RandomOptions().facts(0).values == {"calibration_tiles": 0}


@pytest.mark.parametrize("calibrate", ["none", "corpus"])
def test_the_key_of_random_names_a_calibration_only_where_a_corpus_was_read(calibrate, corpus):
    options = RandomOptions(calibrate=calibrate)
    assert {} == options.identity()
    assert (calibrate == "corpus") == options.reads_corpus(backbones.get("resnet18"))
    assert not options.reads_corpus(backbones.get("vgg16"))
    assert {"calibrate": calibrate} == options.content_of(corpus)


def test_random_raw_takes_no_option_and_is_what_its_constructor_made(tmp_path, corpus):
    spec = methods.get("random-raw")
    assert {} == dict(spec.options.model_fields)
    make_deterministic(5, 1)
    method = spec.load()(backbones.build("resnet18"), spec.options(), corpus, Length(0, 0))
    method.fit(Context(torch.device("cpu"), tmp_path, 5, lambda *_: None))
    expected = made(tmp_path, None)
    assert all(torch.equal(expected[name], value) for name, value in method.export().items())
