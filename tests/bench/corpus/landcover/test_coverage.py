import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.corpus.landcover import coverage
from bench.corpus.landcover.counting import clip


def dense(polygon):
    """Weights as an array over the polygon's bounding box."""
    polygons = np.asarray(polygon, dtype=float)[None]
    row, end_row, column, end_column = coverage.bounds(polygons)[0]
    weights = np.zeros((end_row - row, end_column - column))
    cells = coverage.cover(polygons)
    weights[cells.row - row, cells.column - column] = cells.weight
    return weights


def turned_square(angle, half, x, y):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    return corners @ turn.T + [x, y]


squares = st.builds(
    turned_square,
    st.floats(0, np.pi),
    st.floats(0.05, 20),
    st.floats(-40, 40),
    st.floats(-40, 40),
)


def test_a_triangle_over_four_cells_has_the_areas_found_by_hand():
    expected = [[1.0, 0.5], [0.5, 0.0]]
    assert np.allclose(expected, dense([(0, 0), (2, 0), (0, 2)]))


def test_a_square_on_its_corner_covers_half_of_each_of_four_cells():
    assert np.allclose(np.full((2, 2), 0.5), dense([(1, 0), (2, 1), (1, 2), (0, 1)]))


def test_a_rectangle_on_cell_borders_covers_whole_cells_and_nothing_beside_them():
    weights = dense([(3, 5), (7, 5), (7, 8), (3, 8)])
    assert (3, 4) == weights.shape
    assert np.all(weights == 1)


def test_a_footprint_inside_one_cell_covers_its_own_area():
    assert np.allclose([[0.25]], dense([(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)]))


@given(squares)
def test_weights_add_up_to_the_area_of_the_outline(square):
    cells = coverage.cover(square[None])
    assert cells.weight.sum() == pytest.approx(coverage.areas(square[None])[0], abs=1e-4)
    assert cells.weight.min() > 0
    assert cells.weight.max() <= 1


@given(squares)
def test_the_direction_round_the_outline_does_not_matter(square):
    assert np.allclose(dense(square), dense(square[::-1]))


@given(squares, st.integers(-30, 30), st.integers(-30, 30))
def test_a_footprint_cut_at_a_row_and_a_column_keeps_its_weights(square, row, column):
    blocks = [(a, b, c, d) for a, b in ((-99, row), (row, 99)) for c, d in ((-99, column), (column, 99))]
    parts = [clip(square, np.array(block)) for block in blocks]
    total = sum(coverage.areas(part[None])[0] for part in parts if len(part) >= 3)
    assert total == pytest.approx(coverage.areas(square[None])[0], abs=1e-9)


@given(st.lists(squares, min_size=2, max_size=6))
def test_a_batch_gives_each_footprint_what_it_gets_alone(several):
    together = coverage.cover(np.stack(several))
    for number, square in enumerate(several):
        alone = coverage.cover(square[None])
        assert np.allclose(alone.weight, together.weight[together.polygon == number], atol=1e-9)


def test_only_footprints_along_the_axes_count_as_rectangles():
    straight = np.array([(0, 0), (0, 2), (2, 2), (2, 0)], dtype=float)
    turned = turned_square(0.01, 2, 0, 0)
    assert [True, True, False] == coverage.rectangles(np.stack([straight, straight[::-1], turned])).tolist()


def test_an_interval_covers_its_cells_by_their_share_and_others_not_at_all():
    assert [0.0, 0.75, 1.0, 0.5, 0.0] == coverage.interval_weights(1.25, 3.5, 0, 5).tolist()
    assert [0.5] == coverage.interval_weights(7.25, 7.75, 7, 8).tolist()


def test_bounds_are_whole_cells_and_a_corner_on_a_border_opens_no_cell():
    polygons = np.array(
        [[(0.5, 2.25), (3.0, 2.25), (3.0, 4.0), (0.5, 4.0)], [(-1.5, 0), (0, 0), (0, 7.1), (-1.5, 7.1)]]
    )
    assert [[2, 4, 0, 3], [0, 8, -2, 0]] == coverage.bounds(polygons).tolist()


def test_a_corner_a_rounding_beyond_a_border_opens_no_cell_and_a_point_has_one():
    polygons = np.array([[(1 - 5e-7, 2), (3 + 5e-7, 2), (3, 4), (1, 4)], [(5, 5)] * 4], dtype=float)
    assert [[2, 4, 1, 3], [5, 6, 5, 6]] == coverage.bounds(polygons).tolist()


def test_areas_of_outlines_by_hand_whichever_way_round_and_wherever_they_lie():
    triangle = np.array([(0, 0), (4, 0), (0, 3)], dtype=float)
    outlines = np.stack([triangle, triangle[::-1], triangle + 1e6, triangle * 2])
    assert [6.0, 6.0, 6.0, 24.0] == pytest.approx(coverage.areas(outlines).tolist())


def test_outlines_of_three_or_five_corners_are_no_rectangles():
    assert [False] == coverage.rectangles(np.array([[(0, 0), (2, 0), (0, 2)]], dtype=float)).tolist()
    assert [False] == coverage.rectangles(np.array([[(0, 0), (2, 0), (2, 1), (2, 2), (0, 2)]], dtype=float)).tolist()


@pytest.mark.parametrize("corner", range(4))
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("way", [1, -1])
def test_one_corner_out_of_line_makes_no_rectangle_and_a_rounding_does_not_matter(corner, axis, way):
    outlines = np.array([[(0, 0), (4, 0), (4, 2), (0, 2)][::way]] * 2, dtype=float)
    outlines[0, corner, axis] += 0.01
    outlines[1, corner, axis] += 1e-7
    assert [False, True] == coverage.rectangles(outlines).tolist()


def test_cells_are_named_by_polygon_row_and_column_in_the_rasters_coordinates():
    """Two triangles of half a cell, one at row 7 and column 3, the other left of and above the origin."""
    half = np.array([(0, 0), (1, 0), (0, 1)], dtype=float)
    cells = coverage.cover(np.stack([half + np.array([3, 7]), half - np.array([2, 5])]))
    assert ([0, 1], [7, -5], [3, -2]) == (cells.polygon.tolist(), cells.row.tolist(), cells.column.tolist())
    assert [0.5, 0.5] == pytest.approx(cells.weight.tolist())
