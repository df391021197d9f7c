import numpy as np
import pytest

from bench.core.bands import RGB, Bands


def test_colours_are_found_by_their_names_wherever_they_lie():
    assert (3, 2, 1) == Bands(("nir", "blue", "green", "red"), "uint16").colours
    assert Bands(("red", "green", "nir")).colours is None
    assert (0, 1, 2) == RGB.colours


def test_values_are_little_endian_and_scaled_by_the_largest_of_their_type():
    deep = Bands(("red",), "uint16")
    assert (np.dtype("<u2"), 65535) == (deep.dtype, deep.highest)
    assert (np.dtype("u1"), 255) == (RGB.dtype, RGB.highest)


def test_a_picture_of_8_bit_colours_is_the_image_itself():
    image = np.random.default_rng(0).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    assert np.array_equal(image, RGB.picture(image))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("nir", "blue", "green", "red"), (3, 2, 1)),
        (("nir", "red", "green", "swir"), (0, 1, 2)),
        (("nir", "red"), (0, 0, 0)),
    ],
)
def test_a_picture_of_other_bands_shows_colours_or_the_first_bands_stretched(names, shown):
    """Each band is dim but for a column of its own, by which it is known again."""
    image = np.full((6, 8, len(names)), 500, dtype=np.uint16)
    for band in range(len(names)):
        image[:, band, band] = 900 + band
    picture = Bands(names, "uint16").picture(image)
    assert (6, 8, 3) == picture.shape
    assert shown == tuple(picture[0].argmax(axis=0).tolist())
    assert [0, 255] == np.unique(picture).tolist()
