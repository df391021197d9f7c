"""Pictures become three bands of 8 bits without loss, or are refused."""

import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.core.pictures import to_rgb, upright

COLOUR = (200, 100, 50)


def saved(folder, picture, name="a.png", **options):
    picture.save(folder / name, **options)
    return folder / name


def read(path):
    with Image.open(path) as picture:
        return np.asarray(to_rgb(picture, path))


def test_colours_stay_as_they_are(tmp_path):
    assert [[list(COLOUR)]] == read(saved(tmp_path, Image.new("RGB", (1, 1), COLOUR))).tolist()


def test_grey_is_repeated(tmp_path):
    assert [[[77, 77, 77]]] == read(saved(tmp_path, Image.new("L", (1, 1), 77))).tolist()


def test_a_palette_is_looked_up(tmp_path):
    picture = Image.new("P", (2, 1))
    picture.putpalette([0, 0, 0, *COLOUR])
    picture.putpixel((1, 0), 1)
    assert [[[0, 0, 0], list(COLOUR)]] == read(saved(tmp_path, picture)).tolist()


@pytest.mark.parametrize(
    ("mode", "value", "shown"), [("RGBA", (*COLOUR, 255), list(COLOUR)), ("LA", (77, 255), [77] * 3)]
)
def test_an_alpha_channel_that_hides_nothing_is_dropped(tmp_path, mode, value, shown):
    assert [[shown]] == read(saved(tmp_path, Image.new(mode, (1, 1), value))).tolist()


@pytest.mark.parametrize(("mode", "value"), [("RGBA", (*COLOUR, 254)), ("LA", (77, 0))])
def test_a_picture_with_a_transparent_pixel_is_refused(tmp_path, mode, value):
    path = saved(tmp_path, Image.new(mode, (2, 1), value))
    with pytest.raises(DataError, match=rf"a\.png is a picture of mode {mode} with transparent pixels"):
        read(path)


def test_a_palette_with_a_transparent_colour_is_refused(tmp_path):
    path = saved(tmp_path, Image.new("P", (2, 1)), "a.gif", transparency=0)
    with pytest.raises(DataError, match=r"a\.gif is a picture of mode P, expected RGB"):
        read(path)


def test_inks_are_refused(tmp_path):
    path = saved(tmp_path, Image.new("CMYK", (1, 1)), "a.jpg")
    with pytest.raises(DataError, match=r"a\.jpg is a picture of mode CMYK"):
        read(path)


def test_grey_of_16_bits_is_refused_for_it_would_be_clipped(tmp_path):
    path = saved(tmp_path, Image.fromarray(np.full((2, 2), 1000, dtype=np.uint16)))
    with pytest.raises(DataError, match="of more than 8 bits"):
        read(path)


def test_colours_of_16_bits_are_refused_though_pillow_reads_their_upper_half(tmp_path):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), np.full((2, 2, 3), 40_000, dtype=np.uint16))
    with Image.open(tmp_path / "a.png") as picture:
        assert "RGB" == picture.mode
    with pytest.raises(DataError, match=r"a\.png is a picture of mode RGB of more than 8 bits"):
        read(tmp_path / "a.png")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_that_is_stored_turned_is_refused(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.new("RGB", (2, 1)), "a.jpg", exif=exif)
    with pytest.raises(DataError, match=rf"EXIF orientation {orientation}\): store it upright"):
        read(path)


@pytest.mark.parametrize("orientation", [0, 1, 9])
def test_an_upright_picture_is_taken_and_so_is_one_whose_orientation_means_nothing(tmp_path, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path, Image.new("RGB", (2, 1), COLOUR), "a.png", exif=exif)
    with Image.open(path) as picture:
        assert picture is upright(picture, path)
