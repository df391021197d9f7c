"""Slices cover every pixel as the overlap says, and reassemble to the image."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.datasets.cutting import cut, windows
from tasks.protocol_parts import Slices

SIDES = st.integers(1, 90)


@given(SIDES, SIDES, st.integers(4, 40))
def test_without_overlap_every_pixel_is_in_exactly_one_slice(height, width, size):
    covered = np.zeros((height, width), dtype=int)
    for window in windows(height, width, Slices(size=size)):
        covered[window.y : window.y + size, window.x : window.x + size] += 1
    assert (covered == 1).all()


@given(SIDES, SIDES, st.integers(4, 40), st.sampled_from([0.0, 0.2, 0.5]))
def test_slices_reassemble_to_the_image_and_what_lies_beyond_is_filled(height, width, size, overlap):
    image = np.random.default_rng(0).integers(1, 255, (height, width, 3), dtype=np.uint8)
    whole = np.zeros((height + size, width + size, 3), dtype=np.uint8)
    for window, part in cut(image, Slices(size=size, overlap=overlap), fill=0):
        assert part.shape == (size, size, 3)
        target = whole[window.y : window.y + size, window.x : window.x + size]
        assert ((target == part) | (target == 0)).all()
        target[:] = part
    assert (whole[:height, :width] == image).all()
    assert not whole[height:].any()
    assert not whole[:, width:].any()


@given(SIDES, st.integers(4, 40), st.sampled_from([0.2, 0.5]))
def test_neighbours_overlap_as_asked(width, size, overlap):
    lefts = [window.x for window in windows(size, width, Slices(size=size, overlap=overlap))]
    assert {after - before for before, after in pairwise(lefts)} <= {round(size * (1 - overlap))}
