"""The interval that decides whether seeds are added."""

import math

from results.frame import from_records
from results.stats.block_model import compare
from results.widths import widest


def scored(make_record, method, scores, **changes):
    return [
        make_record(method=method, seed=seed, metrics={"miou": score}, **changes) for seed, score in enumerate(scores)
    ]


def test_the_widest_is_named_with_its_place(make_record):
    records = scored(make_record, "random", [0.5, 0.5, 0.5]) + scored(make_record, "geokr", [0.6, 0.61, 0.64])
    records += scored(make_record, "moco", [0.5, 0.58, 0.46])
    table = compare(from_records(records))
    found = widest(table)
    assert "moco" in {found.row["a"], found.row["b"]}
    assert float(((table["high"] - table["low"]) / 2).max()) == found.half
    assert f"±{100 * found.half:.2f} points (" == str(found)[: str(found).index("(") + 1]
    assert str(found).endswith("on demo/city, resnet18 at 100%)")


def test_a_comparison_without_an_interval_is_the_widest(make_record):
    few = scored(make_record, "random", [0.5], fraction=0.01) + scored(make_record, "geokr", [0.6], fraction=0.01)
    many = scored(make_record, "random", [0.5, 0.5, 0.5]) + scored(make_record, "geokr", [0.6, 0.61, 0.64])
    found = widest(compare(from_records(few + many)))
    assert math.inf == found.half
    assert str(found).startswith("unknown (")
