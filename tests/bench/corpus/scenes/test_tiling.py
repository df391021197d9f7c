import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from bench.core.errors import CorpusError
from bench.corpus.scenes.tiling import stride_of, windows_of


def test_tiles_of_256_that_overlap_by_a_fifth_start_205_pixels_apart():
    assert 205 == stride_of(256, 0.2)


def test_windows_start_at_the_first_corner_in_raster_order():
    windows = windows_of(20, 30, 10, 0.5)
    assert (0, 5, 10) == windows.rows
    assert (0, 5, 10, 15, 20) == windows.columns
    assert [[0, 0], [0, 5]] == windows.origins()[:2].tolist()
    assert 15 == len(windows)


@given(st.integers(1, 400), st.integers(1, 400), st.integers(8, 64), st.floats(0, 0.9))
def test_every_window_lies_inside_the_scene_and_less_than_a_stride_is_left(height, width, size, overlap):
    windows = windows_of(height, width, size, overlap)
    assert all(row + size <= height for row in windows.rows)
    if height >= size:
        assert height - (windows.rows[-1] + size) < stride_of(size, overlap)


def test_a_footprint_is_the_windows_corners_in_the_scenes_coordinates():
    footprint = windows_of(8, 8, 8, 0).footprints(Affine(2, 0, 100, 0, -2, 500))
    assert [[100, 500], [116, 500], [116, 484], [100, 484]] == footprint[0].tolist()


@pytest.mark.parametrize(("size", "overlap"), [(4, 0.2), (256, 1.0), (256, -0.1)])
def test_a_size_or_an_overlap_without_sense_is_refused(size, overlap):
    with pytest.raises(CorpusError, match=r"tile size|overlap"):
        stride_of(size, overlap)


def test_a_scene_smaller_than_a_tile_has_no_windows():
    windows = windows_of(100, 300, 256, 0.2)
    assert 0 == len(windows)
    assert (0, 4, 2) == windows.footprints(Affine.identity()).shape
    assert np.array_equal(np.empty((0, 2)), windows.origins())
