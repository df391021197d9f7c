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
