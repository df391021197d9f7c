"""Where the cells of a study with axes stand, as a store keeps it."""

import pytest

from bench.core.errors import StoreError
from bench.store.grids import Grid, read_grids
from bench.store.store import Store

FIRST = {"k1": {"methods": "moco", "corpora": "demo"}, "k2": {"methods": "geokr", "corpora": "demo"}}


def test_levels_stand_in_the_order_in_which_cells_name_them_and_a_later_run_of_a_study_replaces_its_grid(tmp_path):
    store = Store(tmp_path)
    store.write_grid(Grid.of("mine", FIRST))
    store.write_grid(Grid.of("another", FIRST))
    store.write_grid(Grid.of("mine", {**FIRST, "k3": {"methods": "geokr", "corpora": "other"}}))
    another, mine = read_grids(tmp_path)
    assert ({"k1", "k2", "k3"}, FIRST) == (mine.cells.keys(), another.cells)
    assert {"methods": ["moco", "geokr"], "corpora": ["demo", "other"]} == mine.axes


def test_a_torn_grid_is_named_in_one_line(tmp_path):
    (tmp_path / "grids").mkdir()
    (tmp_path / "grids" / "mine.json").write_text("{")
    with pytest.raises(StoreError, match=r"mine.json cannot be read .*delete it and run the study again"):
        read_grids(tmp_path)
