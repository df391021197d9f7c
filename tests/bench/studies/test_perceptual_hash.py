"""Hashes of images that look alike differ in few bits, of others in many."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy import fft

from bench.studies.perceptual_hash import BITS, hashes, low_frequencies, near

COUNT, SIDE = 40, 96


def draw(count, side, seed):
    """Images of smooth colour, N x side x side x 3."""
    coarse = np.random.default_rng(seed).integers(30, 220, (count, 8, 8, 3), dtype=np.uint8)
    return np.stack([np.asarray(Image.fromarray(one).resize((side, side), Image.Resampling.BICUBIC)) for one in coarse])


def compress(image, quality=75):
    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=quality)
    return np.asarray(Image.open(stream))


def scale(image, side=64):
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX))


IMAGES = draw(COUNT, SIDE, 0)
ORIGINALS = low_frequencies(IMAGES)


def copies(change):
    return low_frequencies(np.stack([change(image) for image in IMAGES]))


@pytest.mark.parametrize(
    "change",
    [
        compress,
        lambda image: compress(image, 40),
        scale,
        lambda image: np.clip(image.astype(int) + 25, 0, 255),
        lambda image: image * 0.7,
        lambda image: np.roll(image, 1, axis=0),
    ],
    ids=["compressed", "compressed much", "scaled", "brighter", "less contrast", "shifted by a pixel"],
)
def test_a_copy_that_looks_alike_is_found_and_no_other_image_with_it(change):
    changed = copies(change)
    assert np.bitwise_count(hashes(ORIGINALS) ^ hashes(changed)).max() <= BITS
    for at in range(COUNT):
        found, (of_copy,) = near(ORIGINALS, changed[[at]])
        assert [at] == np.flatnonzero(found).tolist()
        assert of_copy


@pytest.mark.parametrize("change", [lambda image: image[:, ::-1], np.rot90], ids=["flipped", "turned"])
def test_a_copy_that_was_flipped_or_turned_is_another_image(change):
    assert not near(ORIGINALS, copies(change))[0].any()


def test_images_of_16_bits_have_the_frequencies_of_their_copies_in_8():
    assert np.allclose(ORIGINALS, low_frequencies(IMAGES.astype(np.uint16) * 257, 65535), rtol=2e-3, atol=1e-2)


def test_frequencies_are_those_of_the_scaled_image():
    """Held against scipy's transform of the whole image at 32 pixels."""
    small = np.stack([scale(image, 32) for image in IMAGES]).mean(axis=-1)
    whole = fft.dctn(small, axes=(1, 2), norm="ortho")[:, :8, :8].reshape(COUNT, 64)
    assert np.abs(whole - ORIGINALS).max() < 8  # a quarter of a grey level times 32: Pillow rounds to whole levels


def test_half_of_the_bits_are_set():
    assert {32} == set(np.bitwise_count(hashes(ORIGINALS)).tolist())


def test_a_flat_image_is_near_to_nothing_and_not_even_to_itself():
    noise = np.random.default_rng(0).normal(200, 0.4, (3, SIDE, SIDE, 3)).round()
    flat = low_frequencies(np.concatenate([np.zeros((1, SIDE, SIDE, 3)), noise]))
    assert not np.concatenate(near(flat, flat)).any()


def test_near_finds_each_pair_on_both_sides_across_blocks():
    """More images than are compared at once, and two copies at places that are known."""
    generator = np.random.default_rng(1)
    some = generator.normal(0, 100, (700, 64)).astype(np.float16)
    others = generator.normal(0, 100, (9000, 64)).astype(np.float16)
    others[[3, 8500]] = some[[600, 2]] + generator.normal(0, 5, (2, 64)).astype(np.float16)
    found, found_others = near(some, others)
    assert [2, 600] == np.flatnonzero(found).tolist()
    assert [3, 8500] == np.flatnonzero(found_others).tolist()
