"""Land cover with a learned correction: the matrix, its penalties and the loss by hand."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.landcover_correction import LandCoverCorrection, change, corrected, near_identity, roughness
from methods.options.landcover import CorrectionOptions


def build(corpus, **options) -> LandCoverCorrection:
    torch.manual_seed(0)
    values = CorrectionOptions.model_validate({"batch": 8, "size": 32, **options})
    return LandCoverCorrection(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5)).train()


def test_the_correction_starts_with_what_is_kept_and_spreads_the_rest():
    expected = torch.tensor([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]])
    torch.testing.assert_close(expected, near_identity(3, 0.9).softmax(dim=1))


def test_a_map_that_calls_half_of_the_forest_water_is_corrected_for():
    """Rows are what the map calls a class: forest (1/2, 1/2), water (0, 1)."""
    correction = torch.tensor([[0.5, 0.5], [1e-30, 1.0]]).log()
    torch.testing.assert_close(torch.tensor([[0.4, 0.6]]), corrected(torch.tensor([[0.8, 0.2]]), correction))


def test_what_is_changed_costs_minus_the_mean_log_of_what_is_kept():
    assert (
        pytest.approx(-(math.log(0.5) + math.log(0.8)) / 2)
        == change(torch.tensor([[0.5, 0.5], [0.2, 0.8]]).log()).item()
    )


def test_neighbours_that_are_told_apart_cost_their_squared_difference():
    """One row of three positions: forest, forest, water: squared differences of 0 and 2."""
    classes = torch.tensor([[[[1.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]]]])
    assert 1.0 == roughness(classes).item()
    assert 0.0 == roughness(classes[..., :1]).item()


def test_the_loss_is_the_cross_entropy_of_the_corrected_mean_by_hand(corpus):
    """A head that says classes 1/2, 1/4, 1/4 everywhere; a correction that keeps 0.8."""
    model = build(corpus, kept=0.8, minor=2.0, balance=False)
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.copy_(torch.tensor([2.0, 1.0, 1.0, *[1e-20] * 5]).log())
    images = torch.from_numpy(corpus.tiles(np.arange(8))).permute(0, 3, 1, 2)
    landcover = torch.tensor([[1.0, 0.0, 0.0, *[0.0] * 5], [0.0, 0.5, 0.5, *[0.0] * 5]]).repeat(4, 1)
    losses = model(Batch(images, landcover, torch.Generator().manual_seed(1)))
    # Of eight classes each of the seven others gets 0.2 / 7 of what a class loses.
    first, other = 0.5 * 0.8 + 0.5 * 0.2 / 7, 0.25 * 0.8 + 0.75 * 0.2 / 7
    assert pytest.approx(-(math.log(first) + math.log(other)) / 2, rel=1e-5) == losses["landcover"].item()
    assert pytest.approx(-2 * math.log(0.8), rel=1e-5) == losses["change"].item()
    assert pytest.approx(0.0, abs=1e-9) == losses["roughness"].item()


def test_the_correction_is_learned_with_the_network(corpus):
    model = build(corpus)
    optimiser, _ = model.configure()
    assert any(each is model.correction for group in optimiser.param_groups for each in group["params"])


@pytest.mark.parametrize("values", [{"kept": 1.0}, {"kept": 0}, {"minor": -1}, {"aggregation": -1}, {"alpha": 0.5}])
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        CorrectionOptions.model_validate(values)
