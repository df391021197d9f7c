"""The error of a design is looked up where designs like it were simulated."""

import csv

import pytest

from results.stats.measured import TABLE, measured_error
from results.stats.simultaneous import Family


@pytest.fixture(scope="module")
def lines():
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def every(rows, columns):
    return Family.of((column, a, b) for column in range(columns) for a in range(rows) for b in range(a))


def worst(lines, name, rows, seeds, columns):
    keys = ("rows", "seeds", "columns")
    return max(
        float(line[name])
        for line in lines
        if int(line[keys[0]]) in rows and int(line[keys[1]]) in seeds and int(line[keys[2]]) in columns
    )


def test_a_design_of_the_grid_has_its_worst_kind_of_errors(lines):
    assert worst(lines, "error", {3}, {3}, {2}) == measured_error(3, 3, every(3, 2))


def test_a_design_between_those_of_the_grid_has_the_worst_around_it(lines):
    assert worst(lines, "error", {4, 10}, {3, 5}, {2, 10}) == measured_error(7, 4, every(7, 6))


def test_beyond_the_grid_its_edge_counts(lines):
    assert worst(lines, "error", {20}, {10}, {10}) == measured_error(50, 30, every(5, 40))


def test_rows_against_one_have_an_error_of_their_own(lines):
    star = Family.of((column, "random", row) for column in range(2) for row in "abc")
    assert worst(lines, "error_reference", {4}, {3}, {2}) == measured_error(4, 3, star)


def test_every_design_of_the_committed_table_keeps_its_limit(lines):
    """The limits of the report (docs/reports/calibration.md)."""
    for line in lines:
        seeds, rows, columns = int(line["seeds"]), int(line["rows"]), int(line["columns"])
        if seeds < 3 or line["errors"] == "scales":
            continue
        most = 0.055
        if line["errors"] == "unequal":
            most = 0.11 if seeds < 5 else 0.055 if rows >= 10 and columns >= 10 else 0.08
        assert max(float(line["error"]), float(line["error_reference"])) <= most, line
        assert float(line["single"]) >= 0.94, line
