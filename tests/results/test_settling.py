"""What a grid chose, and which trainings were still moving."""

from results import settling
from results.frame import from_records


def test_rows_with_cells_that_still_moved_are_named(make_record):
    records = [
        make_record(method=method, seed=seed, settled={"settled": float(settled), "loss_slope": -0.1})
        for method, values in {"geokr": [1, 0, 0], "moco": [1, 1, 1], "random": [0, 1, 1]}.items()
        for seed, settled in enumerate(values)
    ]
    frame = from_records(records)
    assert ["Settled in fewer than all cells: random (2 of 3), geokr (1 of 3)."] == settling.notes(frame)
    assert 6 / 9 == settling.share(frame)


def test_records_that_do_not_know_say_nothing(make_study):
    frame = from_records(make_study())
    assert ([], None, []) == (settling.notes(frame), settling.share(frame), settling.chosen(frame))


def test_each_value_is_counted_by_row_amount_and_name(make_record):
    chosen = [{"lr": 3.0, "steps": 1.0}, {"lr": 0.3, "steps": 1.0}, {"lr": 3.0, "steps": 3.0}]
    records = [
        make_record(method="geokr", fraction=0.1, seed=seed, tuned=values | {"trials": 6.0})
        for seed, values in enumerate(chosen)
    ]
    records.append(make_record(method="geokr", fraction=1.0, tuned={"statistics": "data", "trials": 2.0}))
    assert [
        ["geokr", "10%", "lr", "3 (2), 0.3 (1)", "6"],
        ["geokr", "10%", "steps", "1 (2), 3 (1)", "6"],
        ["geokr", "100%", "statistics", "data (1)", "2"],
    ] == settling.chosen(from_records(records))
