"""VICReg: its three terms by hand."""

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from bench import backbones
from bench.pretraining.method import Batch, Length
from methods.options.vicreg import VICRegOptions
from methods.vicreg import VICReg


def build(corpus, **options) -> VICReg:
    torch.manual_seed(0)
    values = VICRegOptions.model_validate({"batch": 4, "size": 32, "hidden": 8, "dim": 2, **options})
    return VICReg(backbones.build("timm:test_resnet"), values, corpus, Length(10, 5)).train()


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        # The views differ by 1 in one of two numbers.
        ({"invariance": 2.0, "variance": 0.0, "covariance": 0.0}, 2 * 0.5),
        # Variances 1/3 and 4/3 of both views: the hinge of the second is 0. Its code has half of each view's.
        (
            {"invariance": 0.0, "variance": 3.0, "covariance": 0.0},
            3 * (1 - math.sqrt(1 / 3 + 1e-4)) / 2,
        ),
        # The covariance of the two numbers is 2/3 in both views: twice its square over two numbers, of each view.
        ({"invariance": 0.0, "variance": 0.0, "covariance": 5.0}, 5 * 2 * (2 / 3) ** 2),
    ],
)
def test_each_term_by_hand(corpus, weights, expected):
    """Four tiles: numbers (0, 0), (0, 0), (1, 2), (1, 2), and the same with the first number one more."""
    first = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 2.0], [1.0, 2.0]])
    second = first + torch.tensor([1.0, 0.0])
    assert pytest.approx(expected) == build(corpus, **weights).loss(first, second).item()


def test_both_views_go_through_the_network_each_with_its_own_batch_norm(corpus):
    model = build(corpus)
    seen = []
    model.backbone.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0].clone()))
    images = torch.from_numpy(corpus.tiles(np.arange(4))).permute(0, 3, 1, 2)
    assert model(Batch(images, None, torch.Generator().manual_seed(1)))["vicreg"].isfinite()
    assert [4, 4] == [len(each) for each in seen]
    assert not torch.equal(*seen)


def test_the_rate_scales_with_the_batch(corpus):
    optimiser, _ = build(corpus, lr=0.64, warmup_epochs=0).configure()
    assert pytest.approx(0.01) == optimiser.param_groups[0]["lr"]


@pytest.mark.parametrize("values", [{"dim": 1}, {"variance": -1}, {"covariance": -1}, {"lr": 0}, {"temperature": 1}])
def test_options_that_mean_nothing_are_refused(values):
    with pytest.raises(ValidationError, match=next(iter(values))):
        VICRegOptions.model_validate(values)
