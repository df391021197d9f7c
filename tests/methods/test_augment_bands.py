"""Views of bands other than 8-bit red, green and blue, by the rule in `methods.augment.colour`."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.pretraining.views import JitterStrength, Recipe
from methods.augment import colour, geometric, recipes, views

ALL = {
    "moco": recipes.MOCO_V2,
    "simclr": recipes.SIMCLR,
    "byol": recipes.BYOL_2,
    "cmid": replace(recipes.CMID_STRONG, noise=0.0),
    "geokr": recipes.geokr(JitterStrength(0.3, 0.5, 0.5, 0.3)),
}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def stored(bands, count=12, size=40, dtype=np.uint8, seed=0):
    """Smooth tiles as stored, B x C x H x W."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 6, size)[:, None] * rng.uniform(0.5, 2, (count, bands, 1, 1)) + np.arange(size) / 9)
    pixels = np.clip(0.5 + 0.3 * waves + rng.normal(0, 0.05, (count, bands, size, size)), 0, 1)
    return torch.from_numpy((pixels * np.iinfo(dtype).max).round().astype(dtype))


def view(recipe, images, colours, size=32, seed=3):
    bands = images.shape[1]
    return views.View(recipe, size, (0.0,) * bands, (1.0,) * bands, colours)(images, generator(seed))


@pytest.mark.parametrize("name", ALL)
def test_red_green_and_blue_among_others_change_as_if_they_were_alone(name):
    images = stored(3)
    alone = view(ALL[name], images, (0, 1, 2))
    for order in ((0, 1, 2), (3, 1, 0), (2, 3, 1)):
        among = torch.empty(12, 4, 40, 40, dtype=torch.uint8)
        other = next(place for place in range(4) if place not in order)
        among[:, list(order)], among[:, other] = images, stored(1, seed=9)[:, 0]
        assert torch.allclose(alone, view(ALL[name], among, order)[:, list(order)], atol=1e-6)


@pytest.mark.parametrize("name", ALL)
def test_a_band_that_is_no_colour_does_not_depend_on_the_others(name):
    images = stored(4)
    other = images.clone()
    other[:, :3] = stored(3, seed=5)
    assert torch.equal(view(ALL[name], images, (0, 1, 2))[:, 3], view(ALL[name], other, (0, 1, 2))[:, 3])


@pytest.mark.parametrize("name", ALL)
def test_16_bits_give_the_views_of_8_bits_of_the_same_brightness(name):
    """8-bit crops are rounded to whole levels and 16-bit ones are not, and solarisation jumps at a level."""
    recipe = replace(ALL[name], solarise=0.0)
    images = stored(4)
    deep = torch.from_numpy(images.numpy().astype(np.uint16) * 257)
    eight, sixteen = (view(recipe, one, (0, 1, 2)) for one in (images, deep))
    assert torch.float32 == sixteen.dtype
    if recipe.jitter.hue:
        eight, sixteen = eight[:, 3], sixteen[:, 3]  # a turned hue leaps where a pixel is nearly grey
    assert (eight - sixteen).abs().max().item() < 4 / 255
    assert (eight - sixteen).abs().mean().item() < 0.6 / 255


def test_a_whole_16_bit_tile_is_scaled_by_the_largest_value_of_its_type():
    images = stored(5, dtype=np.uint16)
    plain = Recipe(left_right=0.0)
    made = view(plain, images, None, size=40)
    assert torch.allclose(images.float() / 65535, made, atol=1e-6)
    assert np.uint16 == images.numpy().dtype


def test_brightness_acts_on_all_bands_and_saturation_hue_and_grey_on_none_where_a_colour_is_missing():
    images = stored(2).float() / 255
    factor = torch.full((12, 1, 1, 1), 0.5)
    assert torch.allclose(images / 2, colour.brightness(images.clone(), factor, None))
    for operation in (colour.saturation, colour.hue):
        assert torch.equal(images, operation(images.clone(), factor, None))
    assert torch.equal(images, colour.to_grey(images.clone(), None))


def test_contrast_is_about_the_mean_grey_of_the_colours_and_the_own_mean_of_other_bands():
    images = torch.full((1, 4, 2, 2), 0.5)
    images[0, :, 0] = torch.tensor([0.1, 0.2, 0.3, 0.6])[:, None]
    made = colour.contrast(images.clone(), torch.zeros(1, 1, 1, 1), (0, 1, 2))
    grey = 0.299 * 0.3 + 0.587 * 0.35 + 0.114 * 0.4  # of the bands' means .3, .35 and .4
    assert [grey] * 3 == pytest.approx(made[0, :3, 0, 0].tolist())
    assert 0.55 == pytest.approx(made[0, 3, 0, 0].item())
    own = colour.contrast(images.clone(), torch.zeros(1, 1, 1, 1), None)
    assert [0.3, 0.35, 0.4, 0.55] == pytest.approx(own[0, :, 0, 0].tolist())


def test_grey_leaves_the_infrared():
    images = stored(4).float() / 255
    made = colour.to_grey(images.clone(), (2, 1, 0))
    assert torch.equal(made[:, 0], made[:, 2])
    assert torch.allclose(colour.grey(images[:, [2, 1, 0]])[:, 0], made[:, 1])
    assert torch.equal(images[:, 3], made[:, 3])


def test_crops_of_16_bits_are_the_same_by_both_ways_of_resizing():
    images = stored(4, dtype=np.uint16).float()
    boxes = torch.tensor([[2, 3, 30, 20]] * 12)
    one = geometric.crop_resize(images, boxes, 16)
    other = geometric._crop_resize_by_matrix(images, boxes, 16)
    assert (12, 4, 16, 16) == tuple(one.shape)
    assert (one - other).abs().max().item() < 1.0
