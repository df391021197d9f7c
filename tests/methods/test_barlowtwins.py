"""Barlow Twins: its loss by hand."""

import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.pretraining.method import Length
from methods.barlowtwins import BarlowTwins
from methods.options.barlowtwins import BarlowTwinsOptions


def build(corpus, **options) -> BarlowTwins:
    torch.manual_seed(0)
    values = BarlowTwinsOptions.model_validate({"batch": 4, "size": 32, "hidden": 8, "dim": 2, **options})
    return BarlowTwins(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5)).train()


def test_the_loss_is_the_distance_of_the_correlations_from_the_identity_by_hand(corpus):
    """Correlations of (1, 1, -1, -1) and (1, -1, 1, -1) with the same but one sign: 1, -1, and none off the diagonal."""
    first = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    loss = build(corpus, redundancy=0.5).loss
    assert pytest.approx(0.0, abs=1e-4) == loss(first, first).item()
    assert pytest.approx(4.0, rel=1e-3) == loss(first, first * torch.tensor([1.0, -1.0])).item()
    # Both numbers the same: two correlations of 1 off the diagonal.
    assert pytest.approx(0.5 * 2, rel=1e-3) == loss(first[:, :1].repeat(1, 2), first[:, :1].repeat(1, 2)).item()


def test_equal_features_score_one_for_each_number(corpus):
    model = build(corpus)
    assert {"correlation": 2.0} == model.constant_losses()
    assert pytest.approx(2.0) == model.loss(torch.ones(4, 2), torch.ones(4, 2)).item()


@pytest.mark.parametrize("values", [{"dim": 1}, {"redundancy": -1}, {"lr": 0}, {"temperature": 1}])
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        BarlowTwinsOptions.model_validate(values)
