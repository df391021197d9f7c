"""What augmentations draw: ranges, edge cases, and that a seed says all."""

import pytest
import torch

from bench.pretraining.views import JitterStrength
from methods.augment import draws


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_uniform_numbers_fill_their_range_and_stay_in_it():
    found = draws.uniform(-2.0, 3.0, (1000, 2), generator())
    assert (1000, 2) == tuple(found.shape)
    assert -2.0 <= found.min() < -1.9
    assert 2.9 < found.max() < 3.0
    assert torch.equal(found, draws.uniform(-2.0, 3.0, (1000, 2), generator()))


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_never_is_never_and_always_is_always(probability):
    assert [bool(probability)] * 500 == draws.chance(probability, 500, generator()).tolist()


def test_a_chance_of_a_quarter_is_taken_about_as_often():
    assert 0.25 == pytest.approx(draws.chance(0.25, 8000, generator()).float().mean().item(), abs=0.02)


def test_a_crop_of_the_whole_area_of_a_square_is_whole_where_its_shape_allows_no_other():
    """Every other aspect would be wider or higher than the image, and the whole image is taken."""
    boxes = draws.crop_boxes(200, 8, 8, (1.0, 1.0), generator())
    whole = (boxes == torch.tensor([0, 0, 8, 8])).all(dim=1)
    # Of 64 pixels a crop of 8 x 8 is left by rounding too.
    assert whole.all()


def test_crops_of_an_image_too_narrow_for_any_aspect_are_the_whole_image():
    assert [[0, 0, 100, 2]] * 20 == draws.crop_boxes(20, 100, 2, (1.0, 1.0), generator()).tolist()


def test_a_crop_of_a_pixel_is_never_empty():
    boxes = draws.crop_boxes(500, 10, 10, (0.001, 0.002), generator())
    assert boxes[:, 2:].min() >= 1


def test_crops_reach_every_border():
    top, left, height, width = draws.crop_boxes(3000, 12, 20, (0.2, 0.5), generator()).unbind(1)
    assert (0, 0) == (int(top.min()), int(left.min()))
    assert (12, 20) == (int((top + height).max()), int((left + width).max()))


def test_the_area_of_crops_lies_in_its_range_up_to_rounding():
    """Of 64 x 64 pixels, a fifth to a half."""
    area = draws.crop_boxes(2000, 64, 64, (0.2, 0.5), generator())[:, 2:].prod(dim=1) / 64**2
    assert 0.18 < area.min()
    assert area.max() < 0.53


def test_a_jitter_never_makes_a_factor_negative():
    """A strength of 1.5 would reach down to -0.5."""
    drawn = draws.jitter(2000, JitterStrength(1.5, 0.5, 0.0, 0.25), 0.5, generator())
    brightness, contrast, saturation, hue = drawn.factors.unbind(1)
    assert (0 <= brightness.min() < 0.02, 2.45 < brightness.max() <= 2.5) == (True, True)
    assert (0.5 <= contrast.min() < 0.51, 1.49 < contrast.max() <= 1.5) == (True, True)
    assert {1.0} == set(saturation.tolist())
    assert (-0.25 <= hue.min() < -0.24, 0.24 < hue.max() <= 0.25) == (True, True)
    assert [[0, 1, 2, 3]] * 2000 == drawn.order.sort(dim=1).values.tolist()
