"""Every row of a CSV file says under which conditions its score came about."""

import csv
import io

from results import tables
from results.conditions import OF_CELLS, OF_ROWS
from results.frame import from_records

FACTS = {"steps": 10.0, "tiles": 640.0, "student_views": 1280.0, "teacher_views": 0.0, "flops": 3e15, "seconds": 2.5}


def rows(records, shape="long"):
    return list(csv.DictReader(io.StringIO(tables.render(from_records(records), "csv", shape))))


def test_a_cell_says_its_labels_selection_draw_split_and_budget(make_fair_study):
    records = make_fair_study(methods=["geokr"], fractions=[0.01], beyond=20, pretraining=FACTS, trivial=0.125)
    (row,) = rows(records)
    counted = {"labels_drawn": "9", "labels_all": "900", "labels_used": "29", "labels_beyond": "20", "classes": "6"}
    said = {"selection": "within", "draw": "quota", "split": "image", "length": "steps", "bn": "as-trained"}
    spent = {"pretrain_steps": "10", "pretrain_tiles": "640", "student_views": "1280", "teacher_views": "0"}
    spent |= {"flops": "3000000000000000", "pretrain_seconds": "2.5", "flops_forward": "", "pretrainings": "1"}
    assert (counted | said | spent | {"trivial": "0.125", "uninformative": "False"}).items() <= row.items()


def test_older_records_leave_the_columns_empty(make_study):
    (row, *_) = rows(make_study(methods=["geokr"]))
    known = {"labels_drawn", "labels_all", "pretrainings"}
    assert {""} == {row[name] for name in (*OF_CELLS, *OF_ROWS) if name not in known}


def test_the_wide_shape_says_them_too(make_fair_study):
    records = make_fair_study(methods=["random", "geokr"], pretraining=FACTS)
    (_, row) = rows(records, "wide")
    assert ("geokr", "9", "900", "640") == (
        row["variant"],
        row["labels_used at 1%"],
        row["labels_used at 100%"],
        row["pretrain_tiles"],
    )


def test_a_mixture_of_selections_is_named_whole(make_fair_study):
    records = make_fair_study(methods=["geokr"], fractions=[0.01], seeds=1)
    records += make_fair_study(methods=["geokr"], fractions=[0.01], seeds=1, seed=3, design={"selection": "untuned"})
    (row,) = rows(records)
    assert "untuned, within" == row["selection"]
