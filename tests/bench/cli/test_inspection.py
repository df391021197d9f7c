"""`bench weights inspect` says what a checkpoint holds, and what a backbone would take of it."""

import foreign_checkpoints as made
import pytest
import torch
from click.testing import CliRunner

from bench.cli.weights import weights
from bench.core.errors import WeightsError

STATE = made.state_of()


def inspect(*arguments):
    return CliRunner().invoke(weights, ["inspect", *map(str, arguments)], catch_exceptions=False)


def test_form_places_and_what_is_taken_are_said(tmp_path):
    done = inspect(made.moco(STATE, tmp_path), "--backbone", made.NETWORK)
    assert 0 == done.exit_code
    for said in (
        "torch, zip",
        "made inert, never imported: argparse.Namespace",
        f"fits {made.NETWORK}: 100.0% of its parameters from state_dict.module.encoder_q",
        f"taken: {len(STATE)} tensors",
        "left over: fc (3)",
        "missing: nothing",
        "fits as well: state_dict.module.encoder_k",
        "first layer: 3 channels",
        "assumed: checkpoint_0199.pth.tar does not say its own",
    ):
        assert said in done.output


def test_without_a_backbone_those_that_fit_are_named(tmp_path):
    assert f"fits: {made.NETWORK}\n" in inspect(made.dino(STATE, tmp_path)).output
    torch.save({"w": torch.ones(3)}, tmp_path / "other.pth")
    assert "fits: none of the built-in backbones" in inspect(tmp_path / "other.pth").output


def test_a_first_layer_of_other_bands_is_said(tmp_path):
    done = inspect(made.thirteen_bands(tmp_path)[1], "--backbone", made.NETWORK)
    assert "first layer: 13 channels; state `bands` and `channels`" in done.output


def test_another_network_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="does not fit resnet18"):
        inspect(made.dino(STATE, tmp_path), "--backbone", "resnet18")
