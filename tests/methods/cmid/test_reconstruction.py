"""Painting pixels from a feature map, and what a wrong one costs."""

import math

import pytest
import torch

from methods.cmid.reconstruction import PixelHead, fit, focal_frequency, focal_l1


def test_a_feature_map_becomes_three_channels_at_full_size():
    assert (2, 3, 12, 20) == tuple(PixelHead(5, 4, 3)(torch.rand(2, 5, 3, 5)).shape)


def test_a_feature_map_becomes_as_many_bands_as_the_images_have():
    assert (2, 4, 12, 20) == tuple(PixelHead(5, 4, 4)(torch.rand(2, 5, 3, 5)).shape)


def test_each_position_paints_its_own_square_of_pixels():
    """Every weight is one: the second of two positions paints its 7."""
    head = PixelHead(1, 2, 3)
    with torch.no_grad():
        head[0].weight.fill_(1.0)
        head[0].bias.zero_()
    painted = head(torch.tensor([[[[0.0, 7.0]]]]))
    assert [[[0, 0, 7, 7]] * 2] * 3 == painted[0].tolist()


def test_a_painting_of_the_right_size_is_kept_and_a_smaller_one_is_spread():
    painting = torch.rand(1, 3, 4, 4)
    assert painting is fit(painting, 4)
    spread = fit(torch.tensor([[[[0.0, 4.0], [0.0, 4.0]]]]), 4)
    assert [[[0, 1, 3, 4]] * 4] == spread[0].tolist()


def test_the_focal_loss_is_a_mean_over_masked_pixels_and_all_channels():
    """An error of 10 at one of two masked pixels, in one of three channels: a sixth of its cost."""
    prediction = torch.zeros(1, 3, 1, 4)
    prediction[0, 1, 0, 0] = -10.0
    prediction[0, 2, 0, 3] = 50.0
    mask = torch.tensor([1.0, 1.0, 0.0, 0.0]).view(1, 1, 1, 4)
    cost = 10 * (2 / (1 + math.exp(-2)) - 1)
    assert cost / 6 == pytest.approx(focal_l1(prediction, torch.zeros(1, 3, 1, 4), mask).item())


def test_an_error_of_one_frequency_costs_its_square():
    """All pixels masked and off by 3: only frequency zero of the 4 x 4 image, of 12, with the weight one."""
    prediction, target = torch.full((1, 1, 4, 4), 5.0), torch.full((1, 1, 4, 4), 2.0)
    loss = focal_frequency(prediction, target, torch.ones(1, 1, 4, 4))
    assert 12**2 / 16 == pytest.approx(loss.item(), rel=1e-5)


def test_visible_pixels_are_half_of_what_they_are_off():
    """Nothing is masked: prediction and target are mixed, 3 becomes 1.5 and its square a quarter, up to a thousandth."""
    prediction, target = torch.full((1, 1, 4, 4), 5.0), torch.full((1, 1, 4, 4), 2.0)
    loss = focal_frequency(prediction, target, torch.zeros(1, 1, 4, 4))
    off = 0.001 * 3 + 0.999 * 1.5
    assert (4 * off) ** 2 / 16 == pytest.approx(loss.item(), rel=1e-5)


def test_the_weight_of_a_frequency_takes_no_gradient():
    """With one frequency its weight is one, and the loss e^2 of a constant error e = 3: 2 e / 16 at each of 16 pixels."""
    prediction = torch.full((1, 1, 4, 4), 5.0, requires_grad=True)
    focal_frequency(prediction, torch.full((1, 1, 4, 4), 2.0), torch.ones(1, 1, 4, 4)).backward()
    assert [2 * 3 / 16] * 16 == pytest.approx(prediction.grad.flatten().tolist(), rel=1e-5)
