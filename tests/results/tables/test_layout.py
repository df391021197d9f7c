"""Scores become grids of text: what stands in a cell, behind it and below the table."""

import pandas as pd
import pytest
from synthetic_records import synthetic_record, synthetic_study

from results import labels
from results.frame import from_records
from results.stats.block_model import compare
from results.summary import summarise
from results.tables import layout
from results.tables.layout import HOLE, Mark


def grids(records, *, long=False):
    frame = from_records(records)
    summary = summarise(frame)
    return (layout.long if long else layout.wide)(summary, compare(frame), frame)


def scored(method, fraction, *scores):
    """One record a score, seed by seed."""
    return [
        synthetic_record(method=method, fraction=fraction, seed=seed, metrics={"miou": score})
        for seed, score in enumerate(scores)
    ]


def texts(grid):
    return [[cell.text for cell in row] for row in grid.rows]


@pytest.mark.parametrize(
    ("fraction", "shown"), [(1.0, "100%"), (0.01, "1%"), (0.0025, "0.25%"), (0.1, "10%"), (1 / 3, "33.3333%")]
)
def test_a_share_of_the_labels_is_written_as_the_field_does(fraction, shown):
    assert shown == labels.percent(fraction)


def test_a_score_stands_with_its_deviation_where_it_has_one():
    assert "71.20 ± 0.43" == layout.score_text(0.712, 0.0043)
    assert "71.20" == layout.score_text(0.712, float("nan"))
    assert "100.00 ± 0.00" == layout.score_text(1.0, 0.0)


def test_a_wide_grid_has_variants_as_rows_and_fractions_as_columns():
    """Deviations of two scores a tenth apart: 0.1 / sqrt 2."""
    (grid,) = grids(
        [*scored("random", 0.1, 0.2, 0.3), *scored("geokr", 0.1, 0.5, 0.5), *scored("geokr", 1.0, 0.7, 0.8)]
    )
    assert ["method", "10%", "100%"] == grid.header
    assert [["random", "25.00 ± 7.07", HOLE], ["geokr", "50.00 ± 0.00", "75.00 ± 7.07"]] == texts(grid)
    assert "demo/city, resnet18: miou in %" == grid.title
    assert f"{HOLE}: no result (1 of 4 cells)." in grid.notes
    assert "Mean ± s.d. over seeds, n = 2." == grid.notes[0]


def test_the_best_two_of_a_column_are_marked_and_equal_ones_share_a_mark():
    """Means that print alike are equal."""
    (grid,) = grids(
        [*scored("a", 1.0, 0.7), *scored("b", 1.0, 0.700001), *scored("c", 1.0, 0.6), *scored("random", 1.0, 0.5)]
    )
    marks = {row[0].text: row[1].mark for row in grid.rows}
    assert {"a": Mark.BEST, "b": Mark.BEST, "c": Mark.SECOND, "random": Mark.NONE} == marks


def test_a_cell_with_fewer_seeds_says_so_and_one_seed_has_no_spread():
    (grid,) = grids([*scored("random", 1.0, 0.5, 0.6), *scored("geokr", 1.0, 0.7)])
    assert [["random", "55.00 ± 7.07"], ["geokr", "70.00 (n=1)"]] == texts(grid)
    assert "Mean ± s.d. over seeds, n = 2 unless a cell says otherwise." == grid.notes[0]
    (single,) = grids(scored("random", 1.0, 0.5))
    assert "n = 1 seed: no spread is known." == single.notes[0]


def test_a_long_grid_has_a_row_for_each_variant_and_fraction():
    (grid,) = grids([*scored("random", 0.1, 0.2, 0.3), *scored("geokr", 1.0, 0.5)], long=True)
    assert ["method", "labels", "n", "score"] == grid.header
    assert [["random", "10%", "2", "25.00 ± 7.07"], ["geokr", "100%", "1", "50.00"]] == texts(grid)


def test_versions_of_a_protocol_are_grids_of_their_own_and_named_by_their_hash():
    records = [synthetic_record(key=name, protocol_hash=name * 16) for name in "ab"]
    assert ["demo/city [aaaaaaaa], resnet18: miou in %", "demo/city [bbbbbbbb], resnet18: miou in %"] == [
        grid.title for grid in grids(records)
    ]


def test_the_notes_say_how_differences_were_judged_and_what_was_asked():
    """Two rows against random at each of three amounts; geokr against moco was not asked."""
    (grid,) = grids(synthetic_study(seeds=3))
    (note,) = [note for note in grid.notes if note.startswith("Told apart: ")]
    assert "simultaneous over 6 primary questions (every row against each reference: none were stated)" in note
    assert any(note.startswith("All other comparisons are exploratory: ") for note in grid.notes)


def test_one_seed_is_judged_by_nothing():
    (grid,) = grids(synthetic_study(seeds=1))
    assert not any("apart" in note for note in grid.notes)


@pytest.mark.parametrize("long", [False, True])
def test_rows_that_are_not_told_apart_share_a_letter(long):
    """Eight seeds: two methods that swap places from seed to seed, and one far below."""
    records = [
        synthetic_record(method=method, seed=seed, metrics={"miou": base + (0.01 if (seed % 2) == flip else 0.0)})
        for seed in range(8)
        for method, base, flip in (("moco", 0.7, 0), ("geokr", 0.7, 1), ("random", 0.3, 0))
    ]
    (grid,) = grids(records, long=long)
    assert {"moco": "a", "geokr": "a", "random": "b"} == {row[0].text: row[-1].ties for row in grid.rows}
    read = "Rows that share a letter in a column are not told apart; in a column without letters no two are."
    assert read in grid.notes


def test_where_no_two_rows_are_told_apart_the_notes_say_so_and_no_letter_stands():
    """Three seeds, means half a deviation apart."""
    (grid,) = grids([*scored("random", 1.0, 0.5, 0.6, 0.4), *scored("geokr", 1.0, 0.6, 0.5, 0.55)])
    assert not any(cell.ties for row in grid.rows for cell in row)
    assert "No two rows are told apart." in grid.notes


@pytest.mark.parametrize(
    ("data", "corpus", "said"),
    [
        (True, True, ["The data set is synthetic: the numbers rank nothing outside it."]),
        (False, True, ["Pretrained on a synthetic corpus, though the data set is real: geokr."]),
        (False, False, []),
        (False, None, []),
    ],
)
def test_what_is_synthetic_is_said(data, corpus, said):
    records = [
        synthetic_record(method="geokr", synthetic=data, synthetic_corpus=corpus),
        synthetic_record(method="random", synthetic=data, synthetic_corpus=None),
    ]
    assert said == layout.synthetic_notes(from_records(records))


def test_rows_of_another_board_are_left_out():
    frame = from_records([synthetic_record(key="a"), synthetic_record(key="b", backbone="vgg16")])
    summary = summarise(frame)
    for _, board in layout.boards(summary):
        kept = layout.same_board(frame, board)
        assert [board["backbone"].iloc[0]] == kept["backbone"].tolist()


def test_nothing_to_compare_has_no_note_of_chance():
    assert [] == layout.chance_notes(pd.DataFrame({"error": []}), [])


def test_heads_count_labels_and_trivial_scores_have_a_line(make_fair_study):
    (grid,) = grids(make_fair_study(methods=["random", "geokr"], fractions=[0.01, 1.0], noise=0.0, trivial=0.125))
    assert ["method", "1% (n = 9, 1.5 a class)", "100% (n = 900, 150 a class)"] == grid.header
    assert ["trivial", "12.50", "12.50"] == texts(grid)[-1]
    assert "In the heads, n counts labelled samples." in grid.notes
    assert "trivial: the best answer that looks at no image." in grid.notes


def test_an_uninformative_column_is_marked_and_said(make_fair_study):
    records = make_fair_study(methods=["random", "geokr"], fractions=[0.01], trivial=0.6)
    (grid,) = grids([*records, *make_fair_study(methods=["random", "geokr"], fractions=[1.0], trivial=0.6)])
    assert "1% § (n = 9, 1.5 a class)" == grid.header[1]
    assert "§" not in grid.header[2]
    assert any(note.startswith("§: uninformative at 1% (") for note in grid.notes)


def test_a_long_grid_has_the_trivial_scores_too(make_fair_study):
    (grid,) = grids(make_fair_study(methods=["geokr"], fractions=[0.01], trivial=0.125), long=True)
    assert ["trivial", "1% (n = 9, 1.5 a class)", "", "12.50"] == texts(grid)[-1]


def test_a_floor_is_never_marked_best():
    (grid,) = grids([*scored("image-stats", 1.0, 0.9), *scored("geokr", 1.0, 0.7), *scored("oracle", 1.0, 0.99)])
    marks = {row[0].text: row[1].mark for row in grid.rows}
    assert {"image-stats": Mark.NONE, "geokr": Mark.BEST, "oracle": Mark.NONE} == marks
