import csv
import io

import pytest

from results.comparison import compare
from results.frame import from_records

VAIHINGEN = {"protocol": "geokr-2021/vaihingen", "dataset": "vaihingen", "backbone": "resnet50", "metric": "mIoU"}
FILES = {
    "geokr-2021/vaihingen": {
        "id": "geokr-2021/vaihingen",
        "schedule": {"length": "epochs", "total": 200},
        "sources": {"schedule": "paper V-B", "optimiser.momentum": "ours: the paper is silent"},
    },
    "geokr-2021/vaihingen-steps": {
        "id": "geokr-2021/vaihingen-steps",
        "schedule": {"length": "steps", "total": 20000},
        "sources": {"schedule": "ours"},
    },
}


def records(make_record, scores, method="geokr", init="imagenet", fraction=1.0, **changes):
    options = {"init": init} if init else {}
    place = VAIHINGEN | changes
    return [
        make_record(method=method, options=options, fraction=fraction, seed=i, metrics={place["metric"]: s}, **place)
        for i, s in enumerate(scores)
    ]


def compared(*groups):
    return compare(from_records([record for group in groups for record in group]), "geokr-2021", FILES.get)


def test_a_cell_stands_beside_its_printed_score_with_the_difference_in_our_intervals(make_record):
    # Table V: GeoKR* (ResNet50) at 100% is 72.68. Ours 70, 71, 72: mean 71, half width 4.302653 / sqrt(3).
    (pair,) = compared(records(make_record, [0.70, 0.71, 0.72])).pairs
    assert (0.7268, 3, "V") == (pair.published, pair.n, pair.table)
    assert -0.0168 == pytest.approx(pair.difference)
    assert -0.0168 / (0.04302653 / 3**0.5) == pytest.approx(pair.units, abs=1e-4)
    assert pair.outside is False


def test_a_printed_score_outside_our_interval_is_flagged(make_record):
    (pair,) = compared(records(make_record, [0.7000, 0.7001, 0.7002])).pairs
    assert pair.outside is True


def test_one_seed_has_no_interval_and_is_not_flagged(make_record):
    (pair,) = compared(records(make_record, [0.70])).pairs
    assert pair.outside is None


def test_the_initialisation_decides_which_row_is_meant(make_record):
    pairs = compared(records(make_record, [0.7]), records(make_record, [0.6], init="random")).pairs
    assert {"geokr (init=imagenet)": 0.7268, "geokr (init=random)": 0.7110} == {p.variant: p.published for p in pairs}


def test_methods_that_start_from_nothing_match_the_papers_rows(make_record):
    pairs = compared(records(make_record, [0.7], "imagenet", None), records(make_record, [0.5], "moco", None)).pairs
    assert {"imagenet", "moco"} == {pair.variant for pair in pairs}


def test_what_keeps_two_measurements_apart_is_named(make_record):
    lines = compared(records(make_record, [0.7])).differences["geokr-2021/vaihingen"]
    assert any("prints 1 run" in line for line in lines)
    assert "ours where the source is silent: optimiser.momentum" in lines


def test_another_metric_is_named(make_record):
    lines = compared(records(make_record, [0.7], metric="aAcc")).differences["geokr-2021/vaihingen"]
    assert "the metric is miou there and aAcc here" in lines


def test_a_twin_protocol_is_not_compared_and_its_differences_are_named(make_record):
    result = compared(records(make_record, [0.7], protocol="geokr-2021/vaihingen-steps"))
    assert [] == result.pairs
    (line,) = result.not_compared
    assert "schedule.length epochs there, steps here" in line


def test_another_papers_protocol_on_the_same_data_is_not_compared(make_record):
    (line,) = compared(records(make_record, [0.87], protocol="cmid-2023/vaihingen")).not_compared
    assert line.startswith("cmid-2023/vaihingen is another protocol than geokr-2021/vaihingen")


def test_another_backbone_or_fraction_is_no_pair(make_record):
    result = compared(records(make_record, [0.7], backbone="resnet18"), records(make_record, [0.7], fraction=0.015))
    assert [] == result.pairs


def test_published_cells_without_ours_are_counted(make_record):
    result = compared(records(make_record, [0.7]))
    # Table V prints 110 cells, Table X 25, of which 5 are Table V's.
    assert (110 + 20 - 1, 42) == (result.open["geokr-2021/vaihingen"], result.open["geokr-2021/levir"])


def test_two_versions_of_a_protocol_are_two_pairs(make_record):
    pairs = compared(records(make_record, [0.7]), records(make_record, [0.6], protocol_hash="other")).pairs
    assert {"aaaa1111bbbb2222", "other"} == {pair.protocol_hash for pair in pairs}


def test_the_command_prints_pairs_and_remarks(tmp_path, make_record, write_store, run_bench):
    write_store(tmp_path, records(make_record, [0.70, 0.71, 0.72]))
    done = run_bench("compare", "--published", "geokr-2021", "--store", str(tmp_path), "--format", "csv")
    assert 0 == done.returncode
    assert "72.68,71.00" in done.stdout
    assert "not reproduced: 42 published cells of geokr-2021/levir" in done.stderr


def test_the_command_says_when_nothing_is_reproduced(store, run_bench):
    done = run_bench("compare", "--published", "geokr-2021", "--store", str(store))
    assert (0, True) == (done.returncode, "no cell of geokr-2021 is reproduced" in done.stdout)


def test_a_row_with_a_name_and_a_warning_is_compared_as_such(tmp_path, make_record, write_store, run_bench):
    said = {"row": "again", "pretrain": 12, "warnings": {"loss-constant": "it stood"}, "synthetic_corpus": True}
    ours = [*records(make_record, [0.70, 0.71]), *records(make_record, [0.60, 0.61], **said)]
    pairs = compared(ours).pairs
    assert {"geokr": ("", 2), "again": ("loss-constant", 2)} == {p.variant: (p.warnings, p.n) for p in pairs}
    write_store(tmp_path, ours)
    done = run_bench("compare", "--published", "geokr-2021", "--store", str(tmp_path), "--format", "markdown")
    assert "| 60.50 ‡ |" in done.stdout
    for note in ("Rows named by their study: again (geokr)", "loss-constant in records of again (2 of 2): it stood"):
        assert note in done.stdout
    assert "Pretrained on a synthetic corpus, though the data set is real: again." in done.stdout
    done = run_bench("compare", "--published", "geokr-2021", "--store", str(tmp_path), "--format", "csv")
    rows = {row["method"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert ("60.50", "loss-constant") == (rows["again"]["ours"], rows["again"]["warnings"])
    assert ("70.50", "") == (rows["geokr"]["ours"], rows["geokr"]["warnings"])
