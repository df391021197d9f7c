"""Random fields and brick patterns of the demo world: repeatable, of the asked wavelengths, in the right cells."""

import numpy as np
import pytest

from bench.demo import noise


def test_a_generator_follows_from_its_seed_and_names():
    first, again, other, elsewhere = (
        noise.generator(*names).random() for names in ((1, "sea"), (1, "sea"), (1, "sky"), (2, "sea"))
    )
    assert first == again
    assert 3 == len({first, other, elsewhere})


@pytest.mark.parametrize(("shortest", "longest"), [(4, 8), (8, 16), (16, 64)])
def test_a_band_holds_its_wavelengths_with_mean_zero_and_variance_one(shortest, longest):
    """Nine tenths of the power lie within a factor of two of the band."""
    field = noise.band(np.random.default_rng(0), (128, 128), shortest, longest)
    assert (0.0, 1.0) == pytest.approx((float(field.mean()), float(field.std())), abs=1e-4)
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(128), np.fft.fftfreq(128)))
    inside = (frequency >= 0.5 / longest) & (frequency <= 2 / shortest)
    assert power[inside].sum() > 0.9 * power.sum()


def test_a_band_of_no_size_in_one_direction_is_laid_out_as_asked():
    assert (20, 36) == noise.band(np.random.default_rng(0), (20, 36), 2, 10).shape


def test_a_field_is_read_between_its_cells_and_goes_on_from_its_other_side():
    field = np.array([[0.0, 4.0], [8.0, 12.0]], dtype=np.float32)
    rows, columns = np.array([0.0, 0.5, 0.0, 1.0]), np.array([0.5, 0.0, 1.5, 2.0])
    assert [2.0, 4.0, 2.0, 8.0] == pytest.approx(noise.lookup(field, rows, columns).tolist())


@pytest.mark.parametrize(
    ("azimuth", "lit"), [(0.0, (0, 1)), (np.pi, (0, -1)), (np.pi / 2, (-1, 0)), (-np.pi / 2, (1, 0))]
)
def test_a_slope_is_bright_where_it_faces_the_light(azimuth, lit):
    """A plane that rises to the right faces left; one that rises downwards faces up."""
    right, down = np.meshgrid(np.arange(5.0), np.arange(5.0))
    shades = [noise.hillshade(plane.astype(np.float32), azimuth)[2, 2] for plane in (right, down)]
    assert lit == pytest.approx(tuple(map(float, shades)), abs=1e-6)


def test_bricks_of_a_plain_grid_are_found_by_hand():
    """Cells of 4 by 2: (5, 3) is in the second column of the second course, at 1 and 1."""
    cells = noise.bricks(np.array([5.0, -0.5]), np.array([3.0, -0.5]), 0.0, (4.0, 2.0))
    assert ([1, -1], [1, -1]) == (cells.row.tolist(), cells.column.tolist())
    assert ([1.0, 3.5], [1.0, 1.5]) == (cells.u.tolist(), cells.v.tolist())


def test_courses_are_shifted_by_their_share_of_a_brick_in_turn():
    shift = np.array([0.0, 0.5], dtype=np.float32)
    cells = noise.bricks(np.array([3.0, 3.0, 3.0]), np.array([1.0, 3.0, 5.0]), 0.0, (4.0, 2.0), shift)
    assert [0, 1, 0] == cells.column.tolist()
    assert [3.0, 1.0, 3.0] == cells.u.tolist()


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0, -1.0])
@pytest.mark.parametrize("shift", [None, np.array([0.0, 0.25, 0.6], dtype=np.float32)])
def test_a_bricks_centre_lies_in_that_brick_and_in_its_middle(angle, shift):
    x, y = np.random.default_rng(0).uniform(-50, 50, (2, 200))
    cells = noise.bricks(x, y, angle, (5.0, 3.0), shift)
    back = noise.bricks(*noise.brick_centres(cells, angle, shift), angle, (5.0, 3.0), shift)
    assert np.array_equal(cells.row, back.row)
    assert np.array_equal(cells.column, back.column)
    assert np.allclose(2.5, back.u, atol=1e-4)
    assert np.allclose(1.5, back.v, atol=1e-4)


def test_all_points_of_a_cell_share_its_value_and_other_cells_have_others():
    x, y = np.meshgrid(np.arange(40.0), np.arange(40.0))
    cells = noise.bricks(x, y, 0.0, (10.0, 20.0))
    drawn, even = cells.draw(np.random.default_rng(0)), cells.uniform(np.random.default_rng(0))
    for values in (drawn, even):
        assert 8 == len(np.unique(values))
        assert 1 == len(np.unique(values[:20, :10]))
    assert (40, 40, 3) == cells.draw(np.random.default_rng(0), 3).shape
    assert 0 <= even.min() <= even.max() < 1
