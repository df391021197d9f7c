"""Areas of classes under footprints, counted by every path that the code takes for speed, against plain sums."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus.landcover import counting, coverage
from bench.corpus.landcover.counting import clip, count_under
from bench.corpus.landcover.product import UNKNOWN


def field(row, column):
    """A class index for every cell of an endless raster; neighbours differ in both directions."""
    return (3 * row + 5 * column + row * column) % UNKNOWN


class Raster:
    """The endless raster, and the windows that were read of it."""

    def __init__(self):
        self.windows = []

    def __call__(self, window):
        self.windows.append(tuple(window.tolist()))
        rows, columns = np.mgrid[window[0] : window[1], window[2] : window[3]]
        return field(rows, columns).astype(np.uint8)


def plain(polygon):
    """Area of each class under one outline, from the exact weights of its cells."""
    cells = coverage.cover(np.asarray(polygon, dtype=float)[None])
    return np.bincount(field(cells.row, cells.column), weights=cells.weight, minlength=UNKNOWN)


def rectangle(left, top, right, bottom):
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=float)


def turned(angle, half, x, y):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]], dtype=float)
    return corners @ turn.T + [x, y]


def test_a_rectangle_on_cell_borders_counts_its_cells():
    """Columns 3 and 4 of rows 7 to 9."""
    expected = np.zeros(UNKNOWN)
    for row in (7, 8, 9):
        for column in (3, 4):
            expected[field(row, column)] += 1
    assert np.array_equal(expected, count_under(rectangle(3, 7, 5, 10)[None], Raster())[0])


def test_a_rectangle_across_cell_borders_counts_each_cell_by_its_share():
    """From (0.75, 0.5) to (2, 1.25): a quarter and all of a column, half and a quarter of a row."""
    expected = np.zeros(UNKNOWN)
    for row, high in ((0, 0.5), (1, 0.25)):
        for column, wide in ((0, 0.25), (1, 1.0)):
            expected[field(row, column)] += high * wide
    assert np.allclose(expected, count_under(rectangle(0.75, 0.5, 2, 1.25)[None], Raster())[0])


@pytest.mark.parametrize("side", range(4))
def test_a_rectangle_that_is_cut_at_one_side_only_is_not_counted_whole(side):
    corners = [2.0, 3.0, 9.0, 8.0]
    corners[side] += (0.25, 0.25, -0.25, -0.25)[side]
    outline = rectangle(*corners)
    counted = count_under(outline[None], Raster())[0]
    assert np.allclose(plain(outline), counted)
    assert coverage.areas(outline[None])[0] == pytest.approx(counted.sum())


def test_corners_a_rounding_beside_a_border_count_as_on_it():
    outline = rectangle(2 + 4e-7, 3 - 4e-7, 9 - 4e-7, 8 + 4e-7)
    counted = count_under(outline[None], Raster())[0]
    assert np.array_equal(np.rint(counted), counted)
    assert 35 == counted.sum()


boxes = st.tuples(st.floats(-50, 50), st.floats(-50, 50), st.floats(0.1, 30), st.floats(0.1, 30))


@given(st.lists(boxes, min_size=1, max_size=5))
def test_rectangles_that_are_read_together_count_as_each_alone(several):
    outlines = np.stack([rectangle(x, y, x + width, y + height) for x, y, width, height in several])
    expected = np.stack([plain(outline) for outline in outlines])
    assert np.allclose(expected, count_under(outlines, Raster()), atol=1e-4)


@given(st.lists(st.tuples(st.floats(0.1, 3), st.floats(0.1, 20), st.floats(-40, 40), st.floats(-40, 40)), max_size=5))
def test_turned_outlines_that_are_read_together_count_as_each_alone(several):
    outlines = np.array([turned(*values) for values in several]).reshape(-1, 4, 2)
    expected = np.array([plain(outline) for outline in outlines]).reshape(-1, UNKNOWN)
    assert np.allclose(expected, count_under(outlines, Raster()), atol=1e-4)


def test_straight_and_turned_outlines_keep_their_places_in_a_batch(monkeypatch):
    """Three kinds of counting side by side, the last of them by its frame."""
    monkeypatch.setattr(counting, "FRAMED_CELLS", 500)
    outlines = np.stack(
        [
            turned(0.3, 5, 20, 30),
            rectangle(3, 4, 10, 9),
            turned(0.5, 20, 60, 70),
            rectangle(40.5, 2, 44, 8),
            turned(1, 3, 9, 9),
        ]
    )
    counted = count_under(outlines, Raster())
    assert np.allclose(np.stack([plain(outline) for outline in outlines]), counted)


def test_footprints_of_one_square_are_read_at_once_and_others_by_themselves():
    far = counting.CHUNK
    outlines = np.stack([rectangle(5, 3, 7, 6), rectangle(far + 1, 2, far + 4, 4), rectangle(20, 30, 26, 31)])
    raster = Raster()
    counted = count_under(outlines, raster)
    assert {(3, 31, 5, 26), (2, 4, far + 1, far + 4)} == set(raster.windows)
    assert 2 == len(raster.windows)
    assert np.allclose(np.stack([plain(outline) for outline in outlines]), counted)


def test_footprints_one_below_the_other_in_two_squares_are_read_by_themselves():
    raster = Raster()
    count_under(np.stack([rectangle(0, 0, 2, 2), rectangle(0, counting.CHUNK, 2, counting.CHUNK + 2)]), raster)
    assert 2 == len(raster.windows)


def test_without_a_footprint_nothing_is_read():
    raster = Raster()
    assert (0, UNKNOWN) == count_under(np.empty((0, 4, 2)), raster).shape
    assert [] == raster.windows


def test_outlines_are_weighed_in_batches_that_fit_in_a_cache_with_the_same_result(monkeypatch):
    outlines = np.stack([turned(0.1 * number, 6, 40 + number, 30) for number in range(1, 8)])
    whole = count_under(outlines, Raster())
    sizes = []
    cover = coverage.cover
    monkeypatch.setattr(coverage, "cover", lambda polygons: sizes.append(len(polygons)) or cover(polygons))
    monkeypatch.setattr(counting, "WEIGHED_CELLS", 800)
    assert np.allclose(whole, count_under(outlines, Raster()))
    assert 7 == sum(sizes)
    assert 1 < len(sizes) < 7


TRIANGLE = np.array([(3.5, 2.25), (61.0, 20.5), (17.25, 55.0)])


@pytest.mark.parametrize("outline", [TRIANGLE, turned(0.4, 25, 40, 45), rectangle(1, 2, 60, 40)])
def test_an_outline_too_large_to_read_at_once_is_counted_block_by_block(monkeypatch, outline):
    monkeypatch.setattr(counting, "MAX_CELLS", 100)
    monkeypatch.setattr(counting, "BLOCK", 16)
    raster = Raster()
    assert np.allclose(plain(outline), count_under(outline[None], raster)[0])
    assert all(window[1] - window[0] <= 16 and window[3] - window[2] <= 16 for window in raster.windows)


def test_several_large_outlines_of_one_square_are_each_counted_in_blocks(monkeypatch):
    monkeypatch.setattr(counting, "MAX_CELLS", 100)
    monkeypatch.setattr(counting, "BLOCK", 16)
    outlines = np.stack([turned(0.4, 25, 40, 45), turned(0.7, 12, 80, 20)])
    assert np.allclose(np.stack([plain(outline) for outline in outlines]), count_under(outlines, Raster()))


@pytest.mark.parametrize("place", [(0, 0), (200, 300), (-70, 40)])
def test_a_triangle_is_counted_by_its_frame_wherever_it_lies(monkeypatch, place):
    """Its corners leave triangles in the frame's parts."""
    monkeypatch.setattr(counting, "FRAMED_CELLS", 100)
    outline = TRIANGLE + np.array(place)
    other = turned(0.2, 4, *(np.array(place) - 9))
    counted = [count_under(polygon[None], Raster())[0] for polygon in (outline, other)]
    assert np.allclose(plain(outline), counted[0])
    assert np.allclose(plain(other), counted[1])


def test_an_outline_with_no_room_for_a_box_is_weighed_whole(monkeypatch):
    monkeypatch.setattr(counting, "FRAMED_CELLS", 1)
    outline = np.array([(2.0, 3.0), (40.0, 22.0), (41.0, 23.0), (3.0, 4.0)])
    assert counting._box_inside(outline, coverage.bounds(outline[None])[0]) is None
    beside = rectangle(0, 0, 2, 2)
    assert np.allclose(np.stack([plain(beside), plain(outline)]), count_under(np.stack([beside, outline]), Raster()))


def test_the_box_inside_a_square_on_its_corner():
    """Half of its diagonal is 100: a box fits from a margin of 50 on, and 1, 2, 3, 4, 6, 8, ... 47, 59 are tried."""
    outline = np.array([(100, 0), (200, 100), (100, 200), (0, 100)], dtype=float)
    assert [59, 141, 59, 141] == counting._box_inside(outline, np.array([0, 200, 0, 200])).tolist()


def test_the_box_inside_a_square_that_is_hardly_turned_leaves_one_cell():
    """A turn of 0.002 moves the corners of a side of 100 cells by 0.2."""
    outline = turned(0.002, 49.8, 70, 80)
    assert [30, 130, 20, 120] == coverage.bounds(outline[None])[0].tolist()
    assert [31, 129, 21, 119] == counting._box_inside(outline, np.array([30, 130, 20, 120])).tolist()


@pytest.mark.parametrize(
    "outline", [[(0.5, 0.2), (30, 0.4), (29.5, 1.9), (0, 1.7)], [(0.2, 0.5), (1.9, 0), (1.7, 30), (0.4, 29.5)]]
)
def test_an_outline_two_cells_wide_has_no_box_inside(outline):
    outline = np.array(outline, dtype=float)
    assert counting._box_inside(outline, coverage.bounds(outline[None])[0]) is None


def test_an_outline_inside_the_block_is_kept_as_it_is():
    outline = rectangle(1, 2, 5, 6)
    assert outline.tolist() == clip(outline, np.array([0, 10, 0, 10])).tolist()


def test_corners_on_the_blocks_border_are_not_doubled():
    outline = rectangle(0, 0, 4, 4)
    assert outline.tolist() == clip(outline, np.array([0, 4, 0, 4])).tolist()


def test_a_square_is_cut_at_each_side_of_a_block():
    """The block is rows 1 to 3 and columns 2 to 5 of a square of 8."""
    clipped = clip(rectangle(0, 0, 8, 8), np.array([1, 3, 2, 5]))
    assert {(2, 1), (5, 1), (5, 3), (2, 3)} == {tuple(point) for point in clipped.tolist()}


def test_a_corner_cut_off_by_a_block_is_a_triangle():
    """The line from (0, 4) to (4, 0) leaves the corner (0, 0), (1, 0), (0, 1) of nothing but three points."""
    clipped = clip(np.array([(0, 0), (4, 0), (0, 4)], dtype=float), np.array([3, 9, 0, 9]))
    assert {(0, 3), (1, 3), (0, 4)} == {tuple(point) for point in clipped.tolist()}
    assert 0.5 == coverage.areas(clipped[None])[0]


@pytest.mark.parametrize("block", [(9, 12, 0, 8), (0, 8, 9, 12), (-5, -1, 0, 8), (0, 8, -5, -1)])
def test_a_block_beside_an_outline_holds_nothing_of_it(block):
    assert (0, 2) == clip(rectangle(0, 0, 8, 8), np.array(block)).shape
