"""Folders of labelled images are read as torchvision reads them, but for what would be wrong without a word."""

import cv2
import numpy as np
import pytest
from PIL import Image

from bench.core.errors import DataError
from bench.pretraining.labelled import list_images


@pytest.fixture
def root(tmp_path):
    for name in ("bird", "cat"):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new("RGB", (12, 10), (60 * number, 90, 120)).save(tmp_path / name / f"{number}.png")
    return tmp_path


def test_what_systems_and_tools_leave_behind_is_no_class_and_no_image(root):
    clean = list_images(root)
    for folder in ("__MACOSX/bird", ".ipynb_checkpoints", "bird/@eaDir/0.png"):
        (root / folder).mkdir(parents=True)
    for stray in (
        "__MACOSX/bird/._0.png",
        ".ipynb_checkpoints/0-checkpoint.png",
        "bird/@eaDir/0.png/THUMB.jpg",
        "cat/._1.png",
    ):
        (root / stray).write_bytes(b"?")
    assert clean == list_images(root)
    assert ("bird", "cat") == clean.classes


def test_grey_of_sixteen_bits_is_refused_and_not_read_as_white(root):
    Image.fromarray(np.full((10, 12), 20000, np.uint16)).save(root / "bird" / "0.png")
    with pytest.raises(DataError, match=r"bird/0\.png is a picture of mode I;16 of more than 8 bits"):
        list_images(root).read(0, 8)


def test_colour_of_sixteen_bits_is_refused_and_not_read_as_nearly_black(root):
    cv2.imwrite(str(root / "bird" / "0.png"), np.full((10, 12, 3), 1000, np.uint16))
    with pytest.raises(DataError, match=r"bird/0\.png is a picture of mode RGB of more than 8 bits"):
        list_images(root).read(0, 8)


def test_cmyk_as_in_imagenet_is_converted(root):
    Image.new("CMYK", (12, 10), (0, 255, 255, 0)).save(root / "bird" / "0.jpg", quality=100)
    images = list_images(root)
    red = images.read(images.files.index("bird/0.jpg"), 8)
    assert np.abs(red.astype(int) - (255, 0, 0)).max() <= 3


def test_a_broken_picture_is_named(root):
    path = root / "cat" / "1.png"
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"cat/1\.png is not a readable picture .*: replace or remove it"):
        list_images(root).read(3, 8)
