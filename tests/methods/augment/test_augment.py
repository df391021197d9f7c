"""Batched augmentation draws and paints what lightly's transforms do, sample by sample."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from lightly.transforms import (
    BYOLTransform,
    DINOTransform,
    MoCoV1Transform,
    MoCoV2Transform,
    SimCLRTransform,
    VICRegTransform,
)
from PIL import Image, ImageFilter
from scipy import stats
from torchvision import transforms
from torchvision.transforms import functional

from bench.pretraining.views import JitterStrength, Recipe
from methods.augment import blur, colour, draws, geometric, noise, recipes, views

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiles(count: int, size: int, seed: int = 0) -> np.ndarray:
    """Smooth coloured pictures, so that resizing and blurring have something to keep; uint8, B x H x W x 3."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 8, 8, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(c).resize((size, size), Image.Resampling.BICUBIC)) for c in coarse])


def as_batch(pictures: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)


def as_float(pictures: np.ndarray) -> torch.Tensor:
    return as_batch(pictures).float() / 255


def test_crop_boxes_are_distributed_as_torchvisions():
    """Area, aspect and position of 4000 boxes by each, compared by the two-sample Kolmogorov-Smirnov test."""
    ours = draws.crop_boxes(4000, 60, 80, (0.2, 1.0), generator())
    torch.manual_seed(0)
    blank = torch.zeros(3, 60, 80)
    theirs = torch.tensor(
        [transforms.RandomResizedCrop.get_params(blank, [0.2, 1.0], [3 / 4, 4 / 3]) for _ in range(4000)]
    )
    for fact in (
        lambda box: box[:, 2] * box[:, 3],
        lambda box: box[:, 3] / box[:, 2],
        lambda box: box[:, 0],
        lambda box: box[:, 1],
    ):
        assert stats.ks_2samp(fact(ours).numpy(), fact(theirs).numpy()).pvalue > 0.001


def test_crop_boxes_lie_inside_the_image_and_none_is_empty():
    top, left, height, width = draws.crop_boxes(2000, 17, 33, (0.08, 1.0), generator()).unbind(1)
    assert int(height.min()) > 0 < int(width.min())
    assert int((top + height).max()) <= 17
    assert int((left + width).max()) <= 33


def test_colour_jitter_is_drawn_as_torchvisions():
    """Factors are uniform around one (hue around zero), applied with their probability, in every order equally often."""
    drawn = draws.jitter(6000, JitterStrength(0.4, 1.2, 0.2, 0.1), 0.8, generator())
    for column, (low, high) in enumerate(((0.6, 1.4), (0.0, 2.2), (0.8, 1.2), (-0.1, 0.1))):
        values = drawn.factors[:, column].numpy()
        assert stats.kstest(values, "uniform", args=(low, high - low)).pvalue > 0.001
    assert drawn.applied.float().mean().item() == pytest.approx(0.8, abs=0.02)
    orders = np.unique(drawn.order.numpy(), axis=0, return_counts=True)
    assert len(orders[0]) == 24
    assert stats.chisquare(orders[1]).pvalue > 0.001


@pytest.mark.parametrize("size", [24, 64])
def test_a_crop_is_resized_as_pillow_resizes_it(size):
    pictures = tiles(6, 48)
    boxes = draws.crop_boxes(6, 48, 48, (0.2, 1.0), generator())
    ours = geometric.crop_resize(as_batch(pictures), boxes, size)
    for picture, (top, left, height, width), mine in zip(pictures, boxes.tolist(), ours, strict=True):
        pillow = functional.resized_crop(Image.fromarray(picture), top, left, height, width, [size, size])
        assert np.abs(np.asarray(pillow, int) - mine.permute(1, 2, 0).numpy()).max() <= 1


def test_the_crop_by_matrices_that_a_gpu_uses_equals_the_crop_by_samples():
    batch = as_batch(tiles(6, 48))
    boxes = draws.crop_boxes(6, 48, 48, (0.2, 1.0), generator())
    by_sample = geometric.crop_resize(batch, boxes, 40).int()
    assert (geometric._crop_resize_by_matrix(batch, boxes, 40).int() - by_sample).abs().max().item() <= 1


def test_flips_and_quarter_turns_move_only_the_chosen_samples():
    """A 2 x 2 picture 01/23: mirrored 10/32, upside down 23/01, a quarter turn counter-clockwise 13/02."""
    picture = torch.tensor([[0, 1], [2, 3]], dtype=torch.uint8).expand(4, 3, 2, 2).contiguous()
    left_right, up_down = torch.tensor([False, True, False, False]), torch.tensor([False, False, True, False])
    moved = picture.clone()
    geometric.flip(moved, left_right, up_down)
    geometric.quarter_turns(moved, torch.tensor([0, 0, 0, 1]))
    expected = [[[0, 1], [2, 3]], [[1, 0], [3, 2]], [[2, 3], [0, 1]], [[1, 3], [0, 2]]]
    assert moved[:, 0].tolist() == expected


@pytest.mark.parametrize(
    ("ours", "theirs", "value"),
    [
        (colour.brightness, functional.adjust_brightness, 1.3),
        (colour.contrast, functional.adjust_contrast, 0.6),
        (colour.contrast, functional.adjust_contrast, 1.4),
        (colour.saturation, functional.adjust_saturation, 1.7),
        (colour.saturation, functional.adjust_saturation, 0.2),
        (colour.hue, functional.adjust_hue, 0.2),
        (colour.hue, functional.adjust_hue, -0.37),
    ],
)
def test_each_colour_operation_equals_torchvisions_on_floats(ours, theirs, value):
    images = as_float(tiles(3, 32))
    expected = theirs(images, value) if ours is not colour.contrast else torch.stack([theirs(i, value) for i in images])
    changed = ours(images.clone(), torch.full((3, 1, 1, 1), value), (0, 1, 2))
    assert (changed - expected).abs().max().item() < 2e-3


def test_hue_leaves_grey_alone_and_a_full_turn_changes_nothing():
    grey = torch.full((1, 3, 2, 2), 0.4)
    assert torch.allclose(colour.hue(grey.clone(), torch.tensor([0.3]).view(1, 1, 1, 1), (0, 1, 2)), grey)
    images = as_float(tiles(2, 16))
    assert torch.allclose(colour.hue(images.clone(), torch.ones(2, 1, 1, 1), (0, 1, 2)), images, atol=1e-5)


def test_jitter_applies_each_samples_operations_in_its_own_order():
    """Against torchvision's functions called one by one."""
    images = as_float(tiles(8, 24))
    drawn = draws.jitter(8, JitterStrength(0.4, 0.4, 0.4, 0.2), 0.7, generator(3))
    changed = images.clone()
    colour.apply_jitter(changed, drawn, (0, 1, 2))
    steps = (
        functional.adjust_brightness,
        functional.adjust_contrast,
        functional.adjust_saturation,
        functional.adjust_hue,
    )
    for index, image in enumerate(images):
        expected = image
        if drawn.applied[index]:
            for number in drawn.order[index].tolist():
                expected = steps[number](expected, float(drawn.factors[index, number]))
        assert (changed[index] - expected).abs().max().item() < 4e-3


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.0])
def test_blur_is_close_to_pillows(sigma):
    """Pillow approximates the Gaussian by boxes and rounds: a few grey levels, somewhat more at the edge."""
    pictures = tiles(2, 32)
    ours = as_float(pictures)
    blur.gaussian_blur(ours, torch.ones(2, dtype=torch.bool), torch.full((2,), sigma))
    for picture, mine in zip(pictures, ours, strict=True):
        pillow = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(sigma)), dtype=float)
        difference = np.abs(pillow - mine.permute(1, 2, 0).numpy() * 255)
        assert difference.mean() < 1.5
        assert difference.max() < 12


@pytest.mark.parametrize("radius", [1, 2, 3])
def test_a_blur_by_a_kernel_of_limited_reach_is_opencvs_with_repeated_edges(radius):
    """Its neighbours in the batch have kernels of other sizes."""
    pictures = tiles(3, 32)
    ours = as_float(pictures)
    blur.gaussian_blur(ours, torch.ones(3, dtype=torch.bool), torch.full((3,), 1.7), torch.tensor([1, 3, radius]))
    size = (2 * radius + 1, 2 * radius + 1)
    theirs = cv2.GaussianBlur(np.float32(pictures[2]) / 255, size, 1.7, borderType=cv2.BORDER_REPLICATE)
    assert np.abs(theirs - ours[2].permute(1, 2, 0).numpy()).max() < 1e-5


def test_a_kernel_of_three_pixels_by_hand():
    """At a sigma of 1 / sqrt(2 ln 2) a neighbour weighs half as much as the centre: 1/4, 1/2, 1/4 each way."""
    images = torch.zeros(1, 3, 5, 5)
    images[..., 2, 2] = 16.0
    sigma = torch.tensor([1 / math.sqrt(2 * math.log(2))])
    blur.gaussian_blur(images, torch.tensor([True]), sigma, torch.tensor([1]))
    expected = [[0, 0, 0, 0, 0], [0, 1, 2, 1, 0], [0, 2, 4, 2, 0], [0, 1, 2, 1, 0], [0, 0, 0, 0, 0]]
    assert torch.allclose(torch.tensor(expected, dtype=torch.float32), images[0, 0], atol=1e-5)


def test_blur_keeps_a_constant_image_and_the_samples_that_were_not_chosen():
    images = torch.rand(2, 3, 16, 16, generator=generator())
    images[0] = 0.3
    changed = images.clone()
    blur.gaussian_blur(changed, torch.tensor([True, False]), torch.tensor([2.0, 2.0]))
    assert torch.allclose(changed[0], images[0], atol=1e-6)
    assert torch.equal(changed[1], images[1])


def test_solarise_inverts_the_upper_half_as_pillow_does():
    levels = torch.tensor([0, 127, 128, 255]).view(1, 1, 1, 4).expand(1, 3, 1, 4) / 255
    changed = colour.solarise(levels)
    assert (changed[0, 0, 0] * 255).round().tolist() == [0, 127, 127, 0]


def test_noise_has_the_asked_spread_and_belongs_to_its_sample():
    images = torch.full((3, 3, 64, 64), 0.5)
    seeds = torch.tensor([1, 2, 1])
    changed = images.clone()
    noise.add_noise(changed, torch.tensor([True, False, True]), seeds, torch.tensor([0.05, 0.05, 0.01]))
    assert (changed[0] - 0.5).std().item() == pytest.approx(0.05, rel=0.03)
    assert torch.equal(changed[1], images[1])
    assert torch.allclose((changed[0] - 0.5) / 5, changed[2] - 0.5, atol=1e-6)


def test_every_strong_view_of_cmid_is_blurred_by_a_kernel_of_three_five_or_seven_pixels():
    drawn = views.draw(recipes.CMID_STRONG, 3000, 32, 32, generator())
    assert drawn.blur.all()
    found, counts = drawn.radius.unique(return_counts=True)
    assert [1, 2, 3] == found.tolist()
    assert stats.chisquare(counts).pvalue > 0.001
    assert stats.kstest(drawn.sigma.numpy(), "uniform", args=(0.1, 1.9)).pvalue > 0.001


def test_the_noise_of_cmids_strong_views_has_a_variance_of_10_to_50_grey_levels_of_255():
    """Drawn for each image: sigma between sqrt(10) / 255 = .0124 and sqrt(50) / 255 = .0277, the variance evenly."""
    drawn = views.draw(recipes.CMID_STRONG, 3000, 32, 32, generator())
    sigma = drawn.noise_sigma
    assert 0.0124 <= sigma.min().item() < 0.0126
    assert 0.0275 < sigma.max().item() <= 0.0278
    assert stats.kstest((sigma * 255).square().numpy(), "uniform", args=(10, 40)).pvalue > 0.001
    assert drawn.noise.float().mean().item() == pytest.approx(0.6, abs=0.04)
    assert drawn.grey.float().mean().item() == pytest.approx(0.2, abs=0.03)
    assert drawn.solarise.float().mean().item() == pytest.approx(0.2, abs=0.03)


def test_a_noisy_view_has_the_drawn_spread_in_its_pixels():
    """Noise alone, on mid grey; every sample's spread is its own."""
    recipe = Recipe(left_right=0.0, noise=1.0, noise_variance=(10.0, 50.0))
    images = torch.full((6, 3, 64, 64), 128, dtype=torch.uint8)
    drawn = views.draw(recipe, 6, 64, 64, generator())
    made = views.View(recipe, 64, (0, 0, 0), (1, 1, 1)).apply(images, drawn)
    assert torch.allclose(drawn.noise_sigma, made.std(dim=(1, 2, 3)), rtol=0.03)


def test_gersps_views_are_mocos_first_with_the_jitter_on_every_view():
    drawn = views.draw(recipes.GERSP, 500, 32, 32, generator())
    assert drawn.jitter.applied.all()
    assert recipes.MOCO_V1 == replace(recipes.GERSP, jitter_chance=0.8)


PAIRS = {
    "moco v1": (recipes.MOCO_V1, lambda size: MoCoV1Transform(input_size=size).transforms[0]),
    "moco v2": (recipes.MOCO_V2, lambda size: MoCoV2Transform(input_size=size).transforms[0]),
    "simclr": (recipes.SIMCLR, lambda size: SimCLRTransform(input_size=size).transforms[0]),
    "byol 1": (recipes.BYOL_1, lambda _size: BYOLTransform().transforms[0]),
    "byol 2": (recipes.BYOL_2, lambda _size: BYOLTransform().transforms[1]),
    "dino 1": (recipes.DINO_1, lambda _size: DINOTransform(global_crop_scale=(0.14, 1.0)).transforms[0]),
    "dino 2": (recipes.DINO_2, lambda _size: DINOTransform(global_crop_scale=(0.14, 1.0)).transforms[1]),
    "vicreg": (recipes.VICREG, lambda size: VICRegTransform(input_size=size).transforms[0]),
}


def chain(transform) -> list:
    return transform.transform.transforms


@pytest.mark.parametrize("name", PAIRS)
def test_a_recipes_numbers_are_those_of_lightlys_transform(name):
    recipe, theirs = PAIRS[name]
    steps = {type(step).__name__: step for step in chain(theirs(32))}
    jitter = steps["RandomApply"].transforms[0]
    expected = (
        tuple(steps["RandomResizedCrop"].scale),
        steps["RandomHorizontalFlip"].p,
        steps["RandomVerticalFlip"].p,
        steps["RandomApply"].p,
        steps["RandomGrayscale"].p,
        steps["GaussianBlur"].prob,
        tuple(steps["GaussianBlur"].sigmas),
    )
    ours = (
        recipe.scale,
        recipe.left_right,
        recipe.up_down,
        recipe.jitter_chance,
        recipe.grey,
        recipe.blur,
        recipe.sigma,
    )
    assert expected == ours
    strength = recipe.jitter
    assert jitter.brightness == pytest.approx((1 - strength.brightness, 1 + strength.brightness))
    assert jitter.contrast == pytest.approx((1 - strength.contrast, 1 + strength.contrast))
    assert jitter.saturation == pytest.approx((1 - strength.saturation, 1 + strength.saturation))
    assert jitter.hue == pytest.approx((-strength.hue, strength.hue))
    assert getattr(steps.get("RandomSolarization"), "prob", 0.0) == recipe.solarise


# The others are made of the same steps with other numbers.
SAMPLED = [name for name in PAIRS if not name.startswith(("dino", "vicreg"))]


@pytest.mark.parametrize("name", SAMPLED)
def test_the_outputs_have_the_mean_and_spread_of_lightlys(name):
    """Of 600 views of one picture: mean, spread and colourfulness of each view, compared by Kolmogorov-Smirnov."""
    recipe, theirs = PAIRS[name]
    picture = tiles(1, 48, seed=4)[0]
    transform = theirs(32)
    for step in chain(transform):
        if isinstance(step, transforms.RandomResizedCrop) or type(step).__name__ == "RandomResizedCrop":
            step.size = (32, 32)
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - lightly draws from numpy's global generator
    lightlys = torch.stack([transform(Image.fromarray(picture)) for _ in range(600)])
    ours = views.View(recipe, 32, MEAN, STD)(as_batch(np.repeat(picture[None], 600, 0)), generator(1))
    for fact in (
        lambda x: x.mean(dim=(1, 2, 3)),
        lambda x: x.std(dim=(1, 2, 3)),
        lambda x: x.mean(dim=(2, 3)).std(dim=1),
        lambda x: (x[..., 1:] - x[..., :-1]).abs().mean(dim=(1, 2, 3)),
    ):
        assert stats.ks_2samp(fact(lightlys).numpy(), fact(ours).numpy()).pvalue > 0.001


def test_views_are_normalised_channels_last_and_repeat_with_their_seed():
    batch = as_batch(tiles(5, 40))
    view = views.View(recipes.SIMCLR, 32, MEAN, STD)
    first, again, other = view(batch, generator(1)), view(batch, generator(1)), view(batch, generator(2))
    assert first.shape == (5, 3, 32, 32)
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_view_does_not_depend_on_how_the_batch_is_cut_into_chunks(monkeypatch):
    batch = as_batch(tiles(7, 40))
    view = views.View(recipes.CMID_STRONG, 32, MEAN, STD)
    whole = view(batch, generator(1))
    monkeypatch.setattr(views, "CHUNK", 1)
    # A pixel at solarisation's threshold may fall on its other side, which moves it by a grey level.
    assert torch.allclose(whole, view(batch, generator(1)), atol=0.02)


def test_a_view_does_not_depend_on_the_number_of_threads_and_leaves_that_number_alone(monkeypatch):
    batch = as_batch(tiles(7, 40))
    view = views.View(recipes.CMID_STRONG, 32, MEAN, STD)
    monkeypatch.setattr(views, "CHUNK", 3 * 3 * 32 * 32)
    alone = view(batch, generator(1))
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert torch.equal(alone, view(batch, generator(1)))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_the_tiles_themselves_are_never_changed():
    batch = as_batch(tiles(4, 32))
    before = batch.clone()
    for recipe in (recipes.SIMCLR, recipes.geokr(JitterStrength(0.3, 0.5, 0.5, 0.3))):
        views.View(recipe, 32, MEAN, STD)(batch, generator())
    assert torch.equal(before, batch)


def test_geokrs_views_are_the_eight_symmetries_of_the_tile_when_colours_stay():
    """Section III-C: quarter turns and both flips, no crop."""
    tile = tiles(1, 8)[0]
    recipe = recipes.geokr(JitterStrength(0, 0, 0, 0))
    made = views.View(recipe, 8, (0, 0, 0), (1, 1, 1))(as_batch(np.repeat(tile[None], 400, 0)), generator())
    levels = (made.permute(0, 2, 3, 1) * 255).round().to(torch.uint8).numpy()
    found = {level.tobytes() for level in levels}
    turned = [np.rot90(tile, k) for k in range(4)]
    assert found == {np.ascontiguousarray(t).tobytes() for t in turned + [t[:, ::-1] for t in turned]}
