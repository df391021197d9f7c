"""Footprints against each other, with areas and shares worked out by hand on a sphere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus.scenes.overlap import EARTH_KM, areas, boxes, covered, known, near

DEGREE = math.pi / 180 * EARTH_KM


def box(west, south, east, north):
    return boxes(np.array([[west, south, east, north]]))


def test_a_box_at_the_equator_and_one_at_60_degrees_have_the_areas_of_the_sphere():
    assert (0.1 * DEGREE) ** 2 == pytest.approx(areas(box(0, -0.05, 0.1, 0.05))[0], rel=1e-3)
    assert (0.1 * DEGREE) ** 2 / 2 == pytest.approx(areas(box(10, 59.95, 10.1, 60.05))[0], rel=1e-3)


def test_two_others_that_overlap_cover_what_they_cover_together():
    """The left half, and the middle half: three quarters in all."""
    others = boxes(np.array([[0.0, 45.0, 0.05, 45.1], [0.025, 45.0, 0.075, 45.1]]))
    assert 0.75 == pytest.approx(covered(box(0, 45, 0.1, 45.1), others)[0], abs=0.01)
    assert [0.0] == covered(box(2, 45, 2.1, 45.1), others).tolist()
    assert [] == covered(np.empty((0, 4, 2)), others).tolist()


def test_small_tiles_in_a_large_area_are_not_missed():
    """A tile of a hundredth of a side, in the area of a town."""
    assert 1e-4 == pytest.approx(covered(box(0, 45, 1, 46), box(0.301, 45.301, 0.311, 45.311))[0], rel=0.3)


def test_footprints_across_the_antimeridian_meet():
    assert 0.5 == pytest.approx(covered(box(179.9, 0, -179.9, 0.2), box(-180, 0, -179.8, 0.2))[0], abs=0.01)


def test_what_lies_nearer_than_so_many_kilometres_is_found_from_an_edge_and_not_from_the_middle():
    """A tile 5.56 km (0.05 degrees) north of a box of 111 km; half the tile's diagonal is 0.79 km."""
    large, tile = box(0, 0, 1, 1), box(0.5, 1.05, 0.51, 1.06)
    assert (False, True) == (near(tile, large, 5.0)[0], near(tile, large, 6.0)[0])
    assert near(box(0.5, 0.5, 0.51, 0.51), large, 0.0)[0]


def test_a_place_that_is_no_number_is_not_known():
    both = np.concatenate([box(0, 0, 1, 1), np.full((1, 4, 2), np.nan)])
    assert [True, False] == known(both).tolist()


@given(st.floats(-170, 170), st.floats(-70, 70), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_shares_of_shifted_squares_are_those_of_their_sides(lon, lat, east, north):
    share = covered(
        box(lon, lat, lon + 0.1, lat + 0.1), box(lon + east, lat + north, lon + east + 0.1, lat + north + 0.1)
    )
    expected = max(0, 1 - abs(east) / 0.1) * max(0, 1 - abs(north) / 0.1)
    assert expected == pytest.approx(share[0], abs=0.07)
