"""Which steps a recipe takes, and what they make of pixels whose result is known."""

import torch

from bench.pretraining.views import JitterStrength, Recipe
from methods.augment import views
from methods.augment.views import View

ZERO, ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
PLAIN = Recipe(left_right=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiles(count: int = 4, size: int = 8) -> torch.Tensor:
    return torch.randint(256, (count, 3, size, size), generator=generator(9)).to(torch.uint8)


def test_an_empty_recipe_only_scales_to_one():
    images = tiles()
    assert torch.allclose(images / 255, View(PLAIN, 8, ZERO, ONE)(images, generator()), atol=1e-7)


def test_statistics_are_taken_off_channel_by_channel():
    """(255 / 255 - 0.5) / 0.25 is 2 in red; the others stand at 1."""
    view = View(PLAIN, 2, (0.5, 0.0, 0.0), (0.25, 1.0, 1.0))
    made = view(torch.full((1, 3, 2, 2), 255, dtype=torch.uint8), generator())
    assert [2.0, 1.0, 1.0] == made[0, :, 0, 0].tolist()


def test_without_a_crop_a_tile_of_another_size_is_resized_whole():
    """Halves of 0 and 200 shrink with antialiasing: a seventh of each is the other half's."""
    images = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    images[..., 2:] = 200
    made = View(PLAIN, 2, ZERO, ONE)(images, generator())
    assert torch.allclose(torch.tensor([29 / 255, 171 / 255]).expand(3, 2, 2), made[0], atol=1e-6)


def test_a_mirror_and_a_turn_that_are_certain_are_made():
    images = tiles(1, 2)
    left_right = View(Recipe(left_right=1.0), 2, ZERO, ONE)(images, generator())
    up_down = View(Recipe(left_right=0.0, up_down=1.0), 2, ZERO, ONE)(images, generator())
    turned = View(Recipe(left_right=0.0, turns=(0.0, 1.0, 0.0, 0.0)), 2, ZERO, ONE)(images, generator())
    plain = images / 255
    assert torch.allclose(plain.flip(3), left_right)
    assert torch.allclose(plain.flip(2), up_down)
    assert torch.allclose(plain.rot90(1, (2, 3)), turned)


def test_a_grey_view_has_three_equal_channels_of_its_luma():
    """Pure red is 0.299 of white."""
    images = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    images[:, 0] = 255
    made = View(Recipe(left_right=0.0, grey=1.0), 2, ZERO, ONE)(images, generator())
    assert torch.allclose(torch.full((1, 3, 2, 2), 0.299), made)


def test_a_solarised_view_is_bright_nowhere():
    made = View(Recipe(left_right=0.0, solarise=1.0), 8, ZERO, ONE)(tiles(), generator())
    assert made.max() < 128 / 255


def test_a_recipe_without_a_jitter_draws_none_and_one_with_it_changes_colours():
    assert views.draw(PLAIN, 3, 8, 8, generator()).jitter is None
    recipe = Recipe(left_right=0.0, jitter=JitterStrength(0.5, 0.5, 0.5, 0.2))
    images = tiles()
    assert views.draw(recipe, 3, 8, 8, generator()).jitter.applied.all()
    made = View(recipe, 8, ZERO, ONE)(images, generator())
    assert all((one - plain).abs().max() > 0.02 for one, plain in zip(made, images / 255, strict=True))


def test_a_step_that_is_left_out_does_not_change_what_the_others_draw():
    """A recipe's numbers are drawn in one order; leaving out the noise leaves the crops as they are."""
    with_noise, without = (Recipe(scale=(0.2, 1.0), noise=share, noise_variance=(10.0, 50.0)) for share in (0.5, 0.0))
    one, other = (views.draw(recipe, 5, 16, 16, generator()) for recipe in (with_noise, without))
    assert torch.equal(one.boxes, other.boxes)


def test_the_view_of_a_tile_does_not_depend_on_its_company():
    recipe = Recipe(scale=(0.2, 1.0), jitter=JitterStrength(0.4, 0.4, 0.4, 0.1), blur=0.5, grey=0.2, solarise=0.2)
    images = tiles(6, 16)
    drawn = views.draw(recipe, 6, 16, 16, generator())
    view = View(recipe, 8, ZERO, ONE)
    together = view.apply(images, drawn)
    alone = torch.cat([view.apply(images[i : i + 1], views._slice(drawn, slice(i, i + 1))) for i in range(6)])
    # The reach of a blur is that of the widest of its batch, where the Gaussian has fallen to nothing.
    assert (together - alone).abs().max() < 0.01
