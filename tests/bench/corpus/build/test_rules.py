import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from skimage.exposure import is_low_contrast as reference

from bench.core.bands import Bands
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


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 40), st.integers(0, 255))
def test_16_bit_tiles_are_judged_as_8_bit_ones_of_the_same_brightness(seed, spread, level):
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(level, spread, (16, 16, 3)), 0, 255).astype(np.uint8)
    # 255 * 257 is 65535, so the share of the range is the same.
    deep = pixels.astype(np.uint16) * 257
    assert reject_pixels(Rules(), pixels) == reject_pixels(Rules(), deep, Bands(values="uint16"))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1, 25), st.integers(20, 220))
def test_contrast_is_that_of_the_colours_where_the_bands_have_them(seed, spread, level):
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(level, spread, (16, 16, 3)), 0, 255).astype(np.uint8)
    lively = rng.integers(0, 256, (16, 16, 1), dtype=np.uint8)
    among = np.concatenate([lively, pixels[..., ::-1]], axis=2)
    bands = Bands(("nir", "blue", "green", "red"))
    assert is_low_contrast(pixels) == is_low_contrast(among, bands=bands)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1, 25), st.integers(20, 220))
def test_contrast_is_that_of_the_mean_of_all_bands_where_a_colour_is_missing(seed, spread, level):
    rng = np.random.default_rng(seed)
    pixels = np.clip(rng.normal(level, spread, (16, 16, 2)), 0, 255).astype(np.uint8)
    low, high = np.percentile(pixels.mean(axis=2) / 255, (1, 99))
    assume(abs(high - low - 0.1) > 1e-6)
    assert bool(high - low < 0.1) == is_low_contrast(pixels, bands=Bands(("nir", "red")))


def test_a_pixel_is_white_or_dark_only_in_all_bands():
    bands = Bands(("red", "green", "blue", "nir"))
    white = np.full((20, 20, 4), 240, dtype=np.uint8)
    assert 1.0 == cloud_share(white, bands=bands)
    white[..., 3] = 230
    assert 0.0 == cloud_share(white, bands=bands)
    dark = np.full((20, 20, 4), 9, dtype=np.uint8)
    assert "dark" == reject_pixels(Rules(), dark, bands)
    dark[..., 3] = 10
    assert "dark" != reject_pixels(Rules(), dark, bands)
