"""The calibration report: a small one, made for real."""

import csv
import io

import pytest

from results import calibration
from results.calibration import Cell, limit, missed
from results.frame import from_records
from results.stats.simulation import Design, draw_errors, simulate


@pytest.fixture(scope="module")
def cells():
    designs = [Design(3, 3, 2), Design(2, 5, 1)]
    kinds = ("equal", "unequal", "skewed", "outliers", "scales")
    return [Cell(design, kind, simulate(design, draw_errors(kind), 60)) for design in designs for kind in kinds]


def test_the_table_holds_every_figure_of_every_design(cells):
    lines = list(csv.DictReader(io.StringIO(calibration.table(cells))))
    assert len(cells) == len(lines)
    assert ("3", "3", "2", "equal") == tuple(lines[0][name] for name in ("rows", "seeds", "columns", "errors"))
    assert cells[0].measured.error == pytest.approx(float(lines[0]["error"]), abs=1e-4)
    assert cells[0].measured.tukey == pytest.approx(float(lines[0]["tukey"]), abs=1e-4)


@pytest.mark.parametrize(
    ("design", "errors", "most"),
    [
        (Design(3, 3, 1), "equal", 0.055),
        (Design(3, 3, 1), "unequal", 0.11),
        (Design(3, 5, 1), "unequal", 0.08),
        (Design(10, 5, 10), "unequal", 0.055),
        (Design(10, 2, 10), "unequal", 1.0),
    ],
)
def test_the_limits_are_those_that_were_set(cells, design, errors, most):
    assert most == limit(Cell(design, errors, cells[0].measured))


def test_a_design_over_its_limit_is_named_and_bold(cells):
    from dataclasses import replace

    bad = Cell(Design(3, 3, 2), "equal", replace(cells[0].measured, error=0.09))
    assert [bad] == missed([bad])
    others = [cell for cell in cells if cell.errors != "equal" or cell.design != bad.design]
    text = calibration.report([bad, *others], [], None, 60)
    assert "Over their limit: 3 rows, 3 seeds, 2 columns, equal" in text
    assert "**9.0 / " in text


def test_the_report_speaks_of_the_board_whose_residuals_it_drew(cells, make_study):
    frame = from_records(make_study(seeds=4))
    board = calibration.measure_board("a board", frame, 40)
    assert Design(3, 4, 3) == board.design
    text = calibration.report(cells, [], board, 60)
    assert "`a board` (3 rows, 4 seeds, 3 columns)" in text
    assert max(map(len, text.splitlines())) <= 120
    assert calibration.measure_board("one seed", from_records(make_study(seeds=1)), 40) is None
