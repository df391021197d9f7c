import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.exposure import is_low_contrast as reference

from bench.corpus.build.rules import Rules, cloud_share, is_low_contrast, reject_land_cover, reject_pixels


def tile(share, bright=(240, 240, 240), dim=(60, 120, 90)):
    """A 20 x 20 tile whose first `share` of pixels is `bright`."""
    pixels = np.tile(np.array(dim, dtype=np.uint8), (400, 1))
    pixels[: round(share * 400)] = bright
    return pixels.reshape(20, 20, 3)


def test_the_cloud_share_is_the_share_of_pixels_above_230_in_all_bands():
    assert 0.25 == cloud_share(tile(0.25))
    assert 0.0 == cloud_share(tile(0.25, bright=(255, 255, 230)))
    assert 0.25 == cloud_share(tile(0.25, bright=(231, 231, 231)))


@pytest.mark.parametrize(("share", "reason"), [(0.5, None), (0.5025, "cloud")])
def test_a_tile_is_cloud_when_more_than_half_of_it_is_white(share, reason):
    assert reason == reject_pixels(Rules(), tile(share))


def test_a_tile_of_one_colour_is_low_contrast():
    assert "low contrast" == reject_pixels(Rules(), tile(0.0))


def test_a_black_tile_is_dark():
    assert "dark" == reject_pixels(Rules(), tile(0.6, bright=(9, 9, 9)))
    assert reject_pixels(Rules(), tile(0.6, bright=(9, 9, 10))) is None


def test_a_tile_without_any_of_the_eight_classes_or_with_too_little_map_is_left_out():
    assert "no land cover" == reject_land_cover(Rules(), 0.0, 0.0)
    assert "no-data" == reject_land_cover(Rules(), 10.0, 0.51)
    assert reject_land_cover(Rules(), 10.0, 0.5) is None


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["normal", "two levels", "ramp"]),
    st.floats(1, 25),
    st.integers(20, 220),
)
def test_the_low_contrast_rule_decides_as_scikit_image_does(seed, kind, spread, level):
    rng = np.random.default_rng(seed)
    if kind == "normal":
        grey = rng.normal(level, spread, (16, 16, 1)) + rng.normal(0, 2, (16, 16, 3))
    elif kind == "two levels":
        grey = rng.choice([level, level + 2 * spread], size=(16, 16, 1), p=[0.99, 0.01]).repeat(3, axis=2)
    else:
        grey = np.linspace(level, level + 2 * spread, 256).reshape(16, 16, 1).repeat(3, axis=2)
    pixels = np.clip(grey, 0, 255).astype(np.uint8)
    assert bool(reference(pixels)) == is_low_contrast(pixels)
