import json

import pytest

from bench.core.errors import StoreError
from results.check import FALSE_ALARM, Block, compare

MACHINE = {
    "device": "cpu",
    "device_name": "some processor",
    "machine": "x86_64",
    "threads": 1,
    "python": "3.11.7",
    "libraries": {"torch": "2.15.0"},
}
OTHER = MACHINE | {"device_name": "another processor"}


@pytest.fixture
def two_stores(tmp_path, make_study, write_store):
    """Two stores of one study; `change` maps each fresh record."""

    def make(change=lambda record: record, provenance=MACHINE, block=None, **study):
        committed = make_study(provenance=MACHINE, **study)
        fresh = [record.model_copy(update={"provenance": provenance}) for record in committed]
        write_store(tmp_path / "committed", committed)
        write_store(tmp_path / "fresh", filter(None, map(change, fresh)))
        return compare(tmp_path / "committed", tmp_path / "fresh", block)

    return make


def shifted(record, by):
    return record.model_copy(update={"metrics": {name: value + by for name, value in record.metrics.items()}})


def test_equal_records_on_one_kind_of_machine_pass_bit_for_bit(two_stores):
    report = two_stores()
    assert report.ok
    assert all(cell.bitwise and cell.tolerance == 0 for cell in report.cells)
    assert 9 == len(report.cells)


def test_the_last_bit_of_one_metric_fails_on_one_kind_of_machine_and_is_printed(two_stores):
    report = two_stores(lambda r: shifted(r, 1e-16 * 4) if (r.method, r.fraction, r.seed) == ("geokr", 1.0, 2) else r)
    assert not report.ok
    assert all("geokr" in line and "at 100%" in line and "seed 2" in line for line in report.moved)
    assert {"miou", "miou/road"} == {line.split("seed 2: ")[1].split(" ")[0] for line in report.moved}


def test_cost_and_key_may_differ(two_stores):
    report = two_stores(lambda r: r.model_copy(update={"key": f"x{r.key}", "cost": {"train_seconds": 1.0}}))
    assert report.ok


def test_another_machine_may_move_a_score_within_the_seeds_spread_and_the_tolerance_is_stated(two_stores):
    report = two_stores(lambda r: shifted(r, 0.001), provenance=OTHER)
    assert report.ok
    assert {("device_name",)} == {tuple(cell.kind) for cell in report.cells}
    assert all(0.001 < cell.mean_tolerance < cell.tolerance for cell in report.cells)
    assert f"within ±{report.cells[0].tolerance:.4f}" in report.cells[0].line()


def test_the_tolerance_is_students_quantile_times_the_pooled_spread(two_stores, tmp_path):
    from scipy import stats

    from results import load

    report = two_stores(provenance=OTHER)
    cell = next(cell for cell in report.cells if cell.cell.fraction == 0.1)
    frame = load(tmp_path / "committed")
    within = frame[frame["fraction"] == 0.1].groupby("method")["score"].var().mean()
    quantile = stats.t.ppf(1 - FALSE_ALARM / 2 / (27 + 9), 6)
    assert quantile * (2 * within) ** 0.5 == pytest.approx(cell.tolerance)
    assert quantile * (2 * within / 3) ** 0.5 == pytest.approx(cell.mean_tolerance)


def test_another_machine_that_moves_a_method_by_more_than_the_spread_fails(two_stores):
    report = two_stores(lambda r: shifted(r, -0.15) if r.method == "geokr" else r, provenance=OTHER)
    assert not report.ok
    assert all(line.startswith("geokr") for line in report.moved)


def test_the_seeds_own_noise_on_another_machine_raises_no_alarm(tmp_path, make_study, write_store):
    for seed in range(20):
        folder = tmp_path / str(seed)
        write_store(folder / "committed", make_study(provenance=MACHINE, seed=2 * seed))
        write_store(folder / "fresh", make_study(provenance=OTHER, seed=2 * seed + 1))
        assert compare(folder / "committed", folder / "fresh").ok


def test_without_a_spread_another_machine_must_give_equal_scores(two_stores):
    assert two_stores(seeds=1, provenance=OTHER).ok


def test_without_a_spread_any_move_fails(two_stores):
    assert not two_stores(lambda r: shifted(r, 1e-9), seeds=1, provenance=OTHER).ok


def test_a_missing_record_and_an_extra_one_fail_by_name(two_stores):
    def drop_or_rename(record):
        if (record.method, record.fraction, record.seed) == ("moco", 0.01, 0):
            return None
        return (
            record.model_copy(update={"seed": 7})
            if (record.method, record.fraction, record.seed)
            == (
                "random",
                1.0,
                1,
            )
            else record
        )

    report = two_stores(drop_or_rename)
    assert ["seed 0" in line or "seed 1" in line for line in report.missing] == [True, True]
    assert [line.endswith("seed 7") for line in report.extra] == [True]
    assert not report.ok


def test_a_changed_count_moves_a_record(two_stores):
    report = two_stores(lambda r: r.model_copy(update={"counts": r.counts | {"steps": 301}}))
    assert "steps 300 -> 301" in report.moved[0]


def test_a_count_that_an_older_record_does_not_state_has_not_moved(two_stores):
    """Only a record with a design says how many labels were used."""
    more = {"labels_used": 7}
    assert two_stores(lambda r: r.model_copy(update={"counts": r.counts | more, "design": {"draw": "quota"}})).ok
    assert not two_stores(lambda r: r.model_copy(update={"counts": r.counts | {"folds": 5}})).ok
    report = two_stores(lambda r: r.model_copy(update={"counts": r.counts | more}), design={"draw": "quota"})
    assert {"labels_used None -> 7"} == {line.split("seed ")[1].split(": ")[1] for line in report.moved}


def test_one_repeat_alone_can_be_held(two_stores):
    """Another repeat may move, be missing, or be there beside it."""
    first, second = Block(0, {}), Block(1, {})
    assert two_stores(lambda r: r if r.seed == 0 else None, block=first).ok
    assert two_stores(lambda r: shifted(r, 0.1 * r.seed), block=first).ok
    report = two_stores(lambda r: shifted(r, 0.1 * r.seed), block=second)
    assert {"seed 1"} == {line.split(": ")[1] for line in report.moved}
    assert {(1,)} == {tuple(cell.committed) for cell in report.cells}


def test_all_subsets_of_a_repeat_are_one_block(two_stores):
    """With three subsets a repeat, seeds 3 to 5 are repeat 1."""
    block = Block(1, {"demo/city": 3})
    report = two_stores(lambda r: r if r.seed in {3, 4} else None, seeds=9, block=block)
    assert {"seed 5"} == {line.split(", ")[1] for line in report.missing}
    report = two_stores(lambda r: r if r.seed == 5 else None, seeds=9, block=block)  # beside what was written before
    assert report.ok
    assert {(3, 4, 5)} == {tuple(cell.committed) for cell in report.cells}


def test_a_repeat_that_was_never_committed_is_refused(two_stores):
    with pytest.raises(StoreError, match="committed holds no record of repeat 3: choose another"):
        two_stores(block=Block(3, {}))


def test_the_tolerance_of_one_repeat_comes_from_the_spread_of_all(two_stores):
    whole, first = (two_stores(provenance=OTHER, block=block) for block in (None, Block(0, {})))
    assert first.ok
    tolerance = {each.cell: each.tolerance for each in whole.cells}
    assert all(0 < each.tolerance < tolerance[each.cell] for each in first.cells)


def test_a_torn_record_fails_the_check(two_stores, tmp_path):
    two_stores()
    (tmp_path / "fresh" / "records" / "torn.json").write_text("{")
    assert not compare(tmp_path / "committed", tmp_path / "fresh").ok


def test_options_are_named_only_where_the_stores_differ_in_them(two_stores):
    def change(record):
        return (
            record.model_copy(update={"options": record.options | {"steps": 200}})
            if record.method == "moco"
            else record
        )

    report = two_stores(change)
    assert {"moco (steps=100)"} == {line.split(" resnet18")[0] for line in report.missing}
    assert {"moco (steps=200)"} == {line.split(" resnet18")[0] for line in report.extra}
    assert "geokr resnet18 demo/city at 1%" in {cell.name for cell in report.cells}


def test_a_check_against_nothing_is_refused(tmp_path, make_study, write_store):
    (tmp_path / "committed" / "records").mkdir(parents=True)
    write_store(tmp_path / "fresh", make_study())
    with pytest.raises(StoreError, match="holds no usable record to hold to"):
        compare(tmp_path / "committed", tmp_path / "fresh")


def test_a_run_without_any_record_misses_everything(tmp_path, make_study, write_store):
    (tmp_path / "fresh" / "records").mkdir(parents=True)
    write_store(tmp_path / "committed", make_study())
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert (27, False) == (len(report.missing), report.ok)


def write_card(store, loss, provenance=MACHINE, name="w1", seed=1):
    folder = store / "weights" / name
    folder.mkdir(parents=True, exist_ok=True)
    card = {"method": "moco", "options": {}, "backbone": "resnet18", "seed": seed, "steps": 9}
    (folder / "card.json").write_text(json.dumps(card | {"losses": {"moco": loss}, "provenance": provenance}))


@pytest.mark.parametrize(("loss", "provenance", "moved"), [(2.5, MACHINE, 0), (-2.5, MACHINE, 1), (-2.5, OTHER, 0)])
def test_a_pretrainings_loss_is_held_to_its_last_bit_on_one_kind_of_machine(
    two_stores, tmp_path, loss, provenance, moved
):
    two_stores()
    write_card(tmp_path / "committed", 2.5)
    write_card(tmp_path / "fresh", loss, provenance)
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert moved == len(report.moved)
    assert all(line.startswith("pretraining moco resnet18: losses {'moco': 2.5} -> ") for line in report.moved)
    assert (not moved, provenance == MACHINE) == (report.ok, bool(report.pretrainings))


def test_pretrainings_of_two_controls_are_each_compared_with_their_own(two_stores, tmp_path):
    two_stores()
    for seed, loss in ((1, 2.5), (2, 3.5)):
        write_card(tmp_path / "committed", loss, name=f"w{seed}", seed=seed)
        write_card(tmp_path / "fresh", loss + (seed == 1), name=f"w{seed}", seed=seed)
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert ["pretraining moco resnet18: losses {'moco': 2.5} -> {'moco': 3.5}"] == report.losses
    assert 2 == report.pretrainings


def test_two_cards_that_nothing_tells_apart_fail_the_check_instead_of_one_being_looked_at(two_stores, tmp_path):
    two_stores()
    for store in ("committed", "fresh"):
        write_card(tmp_path / store, 2.5, name="w1")
        write_card(tmp_path / store, 3.5, name="w2")
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert (False, 0, 2) == (report.ok, report.pretrainings, len(report.losses))
    assert all("w2/card.json is of the same options and seed as another card" in line for line in report.losses)


def controls(study, shift=0.0, first="aa-1"):
    """Two rows of one method: pretrained from two seeds, entered as rivals; the first is shifted."""
    return [
        shifted(record, by).model_copy(
            update={"key": f"{record.key}{row}", "row": row, "seeds": record.seeds | {"pretrain": pretrain}}
        )
        for record in study
        for row, pretrain, by in ((first, 1, shift), ("aa-2", 2, 0.0))
    ]


def test_rows_of_one_method_are_each_compared_with_their_own(tmp_path, make_study, write_store):
    study = make_study(methods=["moco"], provenance=MACHINE)
    write_store(tmp_path / "committed", controls(study))
    write_store(tmp_path / "fresh", controls(study, shift=0.1))
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert 6 == len(report.cells)
    assert 18 == len(report.moved)
    assert all(line.startswith("aa-1 resnet18") for line in report.moved)


def test_a_row_that_is_missing_under_its_name_is_missed(tmp_path, make_study, write_store):
    study = make_study(methods=["moco"], provenance=MACHINE)
    write_store(tmp_path / "committed", controls(study))
    write_store(tmp_path / "fresh", controls(study, first="another"))
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert {"aa-1 resnet18"} == {line.split(" demo")[0] for line in report.missing}
    assert {"another resnet18"} == {line.split(" demo")[0] for line in report.extra}


def test_two_records_that_nothing_tells_apart_fail_the_check_instead_of_one_being_looked_at(
    tmp_path, make_study, write_store
):
    study = make_study(methods=["moco"], fractions=[1.0], seeds=1, provenance=MACHINE)
    nameless = [record.model_copy(update={"row": None}) for record in controls(study)]
    write_store(tmp_path / "committed", nameless)
    write_store(tmp_path / "fresh", nameless)
    report = compare(tmp_path / "committed", tmp_path / "fresh")
    assert not report.ok
    assert ["one cell and seed of moco" in line for line in report.problems] == [True, True]


def test_a_warning_that_came_moves_a_record(two_stores):
    report = two_stores(lambda r: r.model_copy(update={"warnings": {"loss-constant": "it stood"}}))
    assert report.moved[0].endswith("warnings none -> loss-constant")
