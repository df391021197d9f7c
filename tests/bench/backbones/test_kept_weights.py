"""Weights in a store are read as they were written, or not at all."""

import json

import pytest
import torch

from bench.backbones import weights
from bench.core.errors import WeightsError

INPUT = {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}


@pytest.fixture
def kept(tmp_path):
    weights.save(tmp_path / "w1", {"a": torch.arange(4.0)}, {"key": "w1", "input": INPUT})
    return tmp_path / "w1"


def test_weights_that_were_saved_are_loaded_with_their_input(kept):
    found = weights.load(kept)
    assert ([0.0, 1.0, 2.0, 3.0], (0.5, 0.5, 0.5)) == (found.state["a"].tolist(), found.input.mean)


def test_weights_of_which_one_bit_has_changed_are_refused(kept):
    file = kept / weights.FILE
    content = bytearray(file.read_bytes())
    content[-1] ^= 1  # in the numbers: the file is a valid one
    file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"are not what was trained \(their hash is another\): delete"):
        weights.load(kept)


def test_a_card_of_before_has_no_hash_and_its_weights_are_loaded(kept):
    (kept / weights.CARD).write_text(json.dumps({"key": "w1", "input": INPUT}))
    assert [0.0, 1.0, 2.0, 3.0] == weights.load(kept).state["a"].tolist()


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", '{"input": 3}', "{}"])
def test_a_card_that_is_none_is_refused_in_a_line(kept, content):
    (kept / weights.CARD).write_text(content)
    with pytest.raises(WeightsError, match="w1"):
        weights.load(kept)
