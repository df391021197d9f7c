"""Hashes of images that look alike differ in few bits, of others in many."""

import io

import numpy as np
import pytest
from PIL import Image

from bench.studies.perceptual_hash import near, perceptual_hashes

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
HASHES = perceptual_hashes(IMAGES)


def bits_apart(change):
    return np.bitwise_count(HASHES ^ perceptual_hashes(np.stack([change(image) for image in IMAGES])))


@pytest.mark.parametrize(
    "change",
    [
        compress,
        scale,
        lambda image: np.clip(image.astype(int) + 25, 0, 255),
        lambda image: image * 0.8,
        lambda image: image.astype(np.uint16) * 257 / 257,
    ],
    ids=["compressed", "scaled", "brighter", "less contrast", "other type"],
)
def test_a_copy_that_looks_alike_keeps_nearly_all_bits(change):
    assert bits_apart(change).max() <= 6


@pytest.mark.parametrize("change", [lambda image: image[:, ::-1], np.rot90], ids=["flipped", "turned"])
def test_a_copy_that_was_flipped_or_turned_is_another_image(change):
    assert bits_apart(change).min() > 6


def test_images_of_16_bits_have_the_hashes_of_their_copies_in_8():
    assert np.array_equal(HASHES, perceptual_hashes(IMAGES.astype(np.uint16) * 257, 65535))


def test_half_of_the_bits_are_set():
    assert {32} == set(np.bitwise_count(HASHES).tolist())


def test_a_flat_image_is_near_to_nothing_and_not_even_to_itself():
    noise = np.random.default_rng(0).normal(200, 0.4, (3, SIDE, SIDE, 3)).round()
    flat = perceptual_hashes(np.concatenate([np.zeros((1, SIDE, SIDE, 3)), noise]))
    assert [0] * 4 == flat.tolist()
    assert not np.concatenate(near(flat, flat, 64)).any()


def test_near_finds_each_pair_on_both_sides_across_blocks():
    """More hashes than are compared at once, held against all distances one by one."""
    generator = np.random.default_rng(1)
    some = generator.integers(1, 2**63, 700, dtype=np.uint64)
    others = generator.integers(1, 2**63, 9000, dtype=np.uint64)
    others[[3, 8500]] = some[[600, 2]] ^ np.uint64(0b10101)
    found, found_others = near(some, others, 3)
    assert [2, 600] == np.flatnonzero(found).tolist()
    assert [3, 8500] == np.flatnonzero(found_others).tolist()
    assert not near(some, others, 2)[0].any()
