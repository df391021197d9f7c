"""Weights that cut and resize a line of pixels, by hand."""

import pytest
import torch

from methods.augment import blur, geometric


def weights(start: int, length: int, source: int, size: int) -> torch.Tensor:
    return geometric.resize_matrix(torch.tensor([start]), torch.tensor([length]), source, size)[0]


def test_a_cut_of_the_same_size_takes_its_pixels_as_they_are():
    assert [[0, 1, 0, 0], [0, 0, 1, 0]] == weights(1, 2, 4, 2).tolist()


def test_enlarging_by_two_takes_three_quarters_of_the_nearer_pixel():
    """Centres at 0.25, 0.75, 1.25 and 1.75 of two pixels at 0.5 and 1.5; at the ends there is one pixel alone."""
    assert [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]] == weights(0, 2, 2, 4).tolist()


def test_halving_weighs_by_a_triangle_that_is_cut_off_at_the_ends():
    """Of four pixels at 0.5 to 3.5 the first result's centre is 1: 0.75, 0.75 and 0.25, and the one beyond is left out."""
    expected = [[3 / 7, 3 / 7, 1 / 7, 0], [0, 1 / 7, 3 / 7, 3 / 7]]
    for row, found in zip(expected, weights(0, 4, 4, 2).tolist(), strict=True):
        assert row == pytest.approx(found)


def test_nothing_comes_from_outside_the_cut():
    found = weights(3, 4, 10, 3)
    assert 0 == found[:, :3].abs().sum() == found[:, 7:].abs().sum()
    assert torch.allclose(torch.ones(3), found.sum(dim=1))


def test_a_blur_repeats_the_last_pixel_beyond_the_edge():
    """A kernel of three pixels with a wide Gaussian is a mean of three, and the first pixel counts twice at the edge."""
    found = blur.blur_matrix(torch.tensor([1e4]), 4, torch.tensor([1]))[0]
    expected = [[2, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 1, 2]]
    assert torch.allclose(torch.tensor(expected) / 3, found, atol=1e-5)


def test_each_sample_has_the_reach_of_its_own_kernel():
    near, far = blur.blur_matrix(torch.tensor([1e4, 1e4]), 7, torch.tensor([1, 3]))
    assert 3 == int((near[3] > 0).sum())
    assert 7 == int((far[3] > 0).sum())


def test_a_narrow_gaussian_blurs_nothing():
    assert torch.allclose(torch.eye(5), blur.blur_matrix(torch.tensor([0.1]), 5)[0], atol=1e-6)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turns_are_counter_clockwise_quarters(turns):
    images = torch.arange(8, dtype=torch.uint8).view(2, 1, 2, 2).expand(2, 3, 2, 2).contiguous()
    expected = torch.stack([images[0], images[1].rot90(turns, (1, 2))])
    geometric.quarter_turns(images, torch.tensor([0, turns]))
    assert torch.equal(expected, images)


def test_a_crop_is_cut_at_its_box():
    image = torch.arange(16, dtype=torch.uint8).view(1, 1, 4, 4).expand(1, 3, 4, 4)
    cut = geometric.crop_resize(image, torch.tensor([[1, 2, 2, 2]]), 2)
    assert [[6, 7], [10, 11]] == cut[0, 0].tolist()
