"""A verdict is held against the same comparison under another recipe."""

import json

import pytest

from results import robustness
from results.frame import from_records
from results.robustness import Pair
from results.stats.block_model import compare

# Scores of (random, geokr, moco) by seed, so that each pair's differences are plain.
BASE = {"random": [0.50, 0.51, 0.49], "geokr": [0.90, 0.92, 0.88], "moco": [0.50, 0.53, 0.48]}


def board(make_record, scores, protocol="demo/city", of=None, fraction=0.01, **changes):
    design = {"selection": "within"} | ({"of": of} if of else {})
    return [
        make_record(
            method=method,
            seed=seed,
            fraction=fraction,
            protocol=protocol,
            protocol_hash=f"hash {protocol}",
            design=design,
            metrics={"miou": score},
            **changes,
        )
        for method, values in scores.items()
        for seed, score in enumerate(values)
    ]


def held(records):
    frame = from_records(records)
    return robustness.robustness(frame, compare(frame))


@pytest.mark.parametrize(
    ("before", "after", "word"),
    [
        (1, 1, "holds"),
        (0, 0, "holds"),
        (-1, -1, "holds"),
        (1, 0, "gone"),
        (-1, 0, "gone"),
        (1, -1, "flips"),
        (-1, 1, "flips"),
        (0, 1, "appears"),
    ],
)
def test_what_becomes_of_a_verdict(before, after, word):
    assert word == robustness.fate(before, after)


def test_each_pair_is_held_against_every_variant(make_record):
    """Tuned, geokr no longer beats random; three times as long, it loses, and moco is told apart."""
    records = board(make_record, BASE)
    tuned = BASE | {"geokr": [0.52, 0.50, 0.51]}
    longer = {"random": BASE["random"], "geokr": [0.10, 0.12, 0.09], "moco": [0.90, 0.92, 0.88]}
    records += board(make_record, tuned, "demo/city-tuned", of="demo/city")
    records += board(make_record, longer, "demo/city-3x", of="demo/city")
    (found,) = held(records)
    against = Pair("random", "geokr", "1%")
    assert "demo/city" == found.place.protocol
    assert {against: -1, Pair("random", "moco", "1%"): 0, Pair("geokr", "moco", "1%"): 1} == found.base
    assert {"tuned": "gone", "3x": "flips"} == {name: fates[against] for name, fates in found.variants.items()}
    assert "flips at three times the length; gone when tuned" == robustness.marks(found, against)
    assert "told apart at three times the length" == robustness.marks(found, Pair("random", "moco", "1%"))


def test_a_verdict_that_holds_says_so_and_one_that_is_nowhere_sure_says_nothing(make_record):
    records = board(make_record, BASE) + board(make_record, BASE, "demo/city-target", of="demo/city")
    (found,) = held(records)
    assert "holds with target statistics" == robustness.marks(found, Pair("random", "geokr", "1%"))
    assert "" == robustness.marks(found, Pair("random", "moco", "1%"))
    grid = robustness.grid(found)
    assert "Does it hold? demo/city: target" == grid.title
    assert [
        ["random - geokr", "1%", "geokr is better", "holds"],
        ["geokr - moco", "1%", "geokr is better", "holds"],
    ] == ([[cell.text for cell in row] for row in grid.rows])
    assert "1 of 3 comparisons are sure nowhere, and left out." in grid.notes


def test_a_comparison_that_a_variant_lacks_is_not_run(make_record):
    records = board(make_record, BASE) + board(make_record, {"moco": BASE["moco"]}, "demo/city-tuned", of="demo/city")
    records += board(make_record, BASE, "demo/city-3x", of="demo/city")
    (found,) = held(records)
    row, _ = robustness.grid(found).rows
    assert ["random - geokr", "1%", "geokr is better", "holds", "not run"] == [cell.text for cell in row]


def test_one_repeat_decides_nothing(make_record):
    once = {method: scores[:1] for method, scores in BASE.items()}
    records = board(make_record, once) + board(make_record, once, "demo/city-tuned", of="demo/city")
    (found,) = held(records)
    assert {} == found.base


def test_a_variant_is_held_against_its_base_on_the_same_backbone_alone(make_record):
    records = board(make_record, BASE, backbone="resnet50")
    records += board(make_record, BASE, "demo/city-tuned", of="demo/city", backbone="resnet18")
    assert [] == held(records)
    assert [] == held(board(make_record, BASE))


def test_stats_print_what_holds_and_what_tuning_chose(make_record, write_store, tmp_path, run_bench):
    records = board(make_record, BASE)
    for number, rate in enumerate([0.3, 1.0, 0.3]):
        tuned = board(make_record, BASE, "demo/city-tuned", of="demo/city", tuned={"lr": rate, "trials": 3.0})
        records += [record for record in tuned if record.seed == number]
    write_store(tmp_path, records)
    shown = " ".join(run_bench("stats", "--store", str(tmp_path)).stdout.split())
    assert "Does it hold? demo/city: tuned" in shown
    assert "What tuning chose, demo/city-tuned, resnet18" in shown
    assert "0.3 (2), 1 (1)" in shown
    value = json.loads(run_bench("stats", "--store", str(tmp_path), "--json").stdout)
    (held,) = value["robustness"]
    assert {"a": "random", "b": "geokr", "amount": "1%", "sure": -1, "variants": {"tuned": "holds"}} in held[
        "comparisons"
    ]
    assert {"row": "geokr", "labels": "1%", "tuned": "lr", "chosen": "0.3 (2), 1 (1)", "trials": "3"}.items() <= (
        next(row for row in value["tuned"] if row["row"] == "geokr").items()
    )
