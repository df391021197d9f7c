"""Equal rows, cut into small studies."""

import numpy as np
import pytest

from bench.core.errors import StudyError
from results import equal_rows
from results.frame import from_records


@pytest.fixture
def aa(make_record):
    """Function that makes rows of random under pretrainings of their own: `aa(rows, seeds, shift)`."""

    def made(rows, seeds, shift=0.0, protocols=("demo/city", "demo/scenes")):
        random = np.random.default_rng(0)
        return [
            make_record(
                key=f"{protocol.replace('/', '-')}-{row}-{seed}",
                method="random",
                row=f"random-{row}",
                weights=f"{row}-{seed}",
                protocol=protocol,
                seed=seed,
                metrics={"miou": 0.5 + 0.01 * random.standard_normal() + shift * row},
            )
            for protocol in protocols
            for row in range(rows)
            for seed in range(seeds)
        ]

    return made


def test_studies_share_no_repeat_of_a_row(aa):
    alone, together = equal_rows.count(from_records(aa(7, 10)), [(3, 4)])
    assert (3, 4, 1) == (alone.rows, alone.seeds, alone.columns)
    # Two groups of three rows (one is left over), two of four repeats (two are), and two columns of three pairs each.
    assert (4, 2, 2 * 2 * 2 * 3) == (together.studies, together.columns, together.pairs)
    assert (8, 24) == (alone.studies, alone.pairs)


def test_equal_rows_are_seldom_called_and_unequal_ones_always(aa):
    equal, _ = equal_rows.count(from_records(aa(12, 10)), [(2, 5)])
    assert (24, 24) == (equal.studies, equal.pairs)
    assert equal.wrong <= 5
    assert equal.called <= equal.single + equal.wrong
    assert [] == equal_rows.missed([equal])
    unequal, _ = equal_rows.count(from_records(aa(12, 10, shift=0.2)), [(2, 5)])
    assert (24, 24, 24) == (unequal.wrong, unequal.called, unequal.single)
    assert [unequal] == equal_rows.missed([unequal])


def test_rows_of_two_methods_are_not_equal(aa, make_record):
    other = [
        make_record(key=f"m-{seed}", method="moco", row="m", weights=f"m-{seed}", seed=seed, metrics={"miou": 0.9})
        for seed in range(3)
    ]
    records = [record for record in aa(2, 3) if record.protocol == "demo/city"]
    (found,) = equal_rows.count(from_records([*records, *other]), [(2, 3)])
    assert (1, 1) == (found.studies, found.pairs)


def test_subsets_of_one_pretraining_are_one_repeat(aa):
    """Six seeds of three pretrainings are three repeats."""
    records = [record.model_copy(update={"weights": f"{record.row} {record.seed // 2}"}) for record in aa(2, 6)]
    assert 2 == len(equal_rows.count(from_records(records), [(2, 3)]))
    with pytest.raises(StudyError, match="no two rows of one method have three pretrainings each"):
        equal_rows.count(from_records(records), [(2, 4)])


def test_a_row_that_was_not_finished_is_left_out(aa):
    records = [record for record in aa(5, 3) if (record.row, record.seed) != ("random-4", 2)]
    alone, together = equal_rows.count(from_records(records), [(2, 3)])
    assert (2, 4) == (together.studies, alone.studies)


def test_the_interval_is_clopper_and_pearsons():
    """1 of 20: 0.13% to 24.87%."""
    found = equal_rows.Counted(rows=2, seeds=3, columns=1, studies=20, wrong=1, pairs=20, called=1, single=1)
    assert (0.0012651, 0.2487328) == pytest.approx(found.interval, abs=1e-6)


def test_the_report_counts_and_names_what_goes_wrong(aa):
    frame = from_records(aa(4, 3, shift=0.2))
    counted = equal_rows.count(frame, [(2, 3)])
    text = equal_rows.report("aa-probes", frame, counted)
    assert "| 2 | 3 | 1 | 4 | 4 | 100.0% | 39.8% to 100.0% | 4 | 100.0% | 100.0% |" in text.splitlines()
    assert "24 records of 4 rows on demo/city, demo/scenes." in text.replace("\n", " ")
    assert max(map(len, text.splitlines())) <= 120
    assert "Wrong too often: 2 rows, 3 seeds, 1 columns" in text
    assert "No size goes wrong" in equal_rows.report("aa", frame, [])
