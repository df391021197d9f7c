"""Which rows of a column cannot be told apart from its best."""

from results.frame import from_records
from results.stats.block_model import compare
from results.summary import summarise
from results.ties import tied_with_best


def groups(records):
    frame = from_records(records)
    return list(tied_with_best(compare(frame), summarise(frame)).values())


def test_clear_losers_are_told_apart_with_three_seeds(make_study):
    assert [{"geokr"}] * 3 == groups(make_study(methods=["random", "geokr"], noise=0.0005))


def test_equal_methods_stay_together(make_record):
    records = [
        make_record(method=method, seed=seed, metrics={"miou": 0.5 + (-1) ** seed * sign * 0.01})
        for seed in range(8)
        for method, sign in (("geokr", 1), ("moco", -1))
    ]
    assert [{"geokr", "moco"}] == groups(records)


def test_a_column_without_an_interval_has_no_group(make_study):
    assert [] == groups(make_study(seeds=1))
