import json

import pytest

from bench.core.errors import StudyError
from results import published
from results.frame import from_records
from results.matching import Choice, keyed, labels_to_match

IMAGENET = Choice("imagenet")


def resnet50(frame):
    return frame[frame["backbone"] == "resnet50"]


@pytest.mark.parametrize(
    ("dataset", "percent"),
    [("vaihingen", 24.1), ("potsdam", 25.8), ("ucmerced", 53.2), ("rsscn7", 61.1), ("levir", 48.6)],
)
def test_the_papers_own_tables_give_the_known_labels_to_match(dataset, percent):
    matches = keyed(labels_to_match(resnet50(published.load("geokr-2021")), Choice("geokr", "imagenet"), IMAGENET))
    assert percent == round(100 * matches[dataset].crossing.fraction, 1)


def test_a_choice_that_fits_two_variants_names_them():
    with pytest.raises(StudyError, match=r"geokr \(init=imagenet\), geokr \(init=random\)"):
        labels_to_match(resnet50(published.load("geokr-2021")), Choice("geokr"), IMAGENET)


def test_an_init_that_nothing_has_is_refused_in_words(make_study):
    with pytest.raises(StudyError, match="geokr, moco, random"):
        labels_to_match(from_records(make_study()), Choice("nobody", "imagenet"), Choice("random"))


def test_an_absent_method_is_refused_with_what_there_is(make_study):
    with pytest.raises(StudyError, match="geokr, moco, random"):
        labels_to_match(from_records(make_study()), Choice("cmid"), Choice("random"))


def test_a_store_gives_an_interval_over_its_paired_seeds(make_study):
    (match,) = labels_to_match(from_records(make_study(seeds=5)), Choice("geokr"), Choice("random"))
    assert 5 == match.n
    assert match.interval.low < match.crossing.fraction < match.interval.high


def test_a_method_that_stays_below_does_not_reach_and_json_says_null(make_study):
    (match,) = labels_to_match(from_records(make_study(noise=0.001)), Choice("random"), Choice("geokr"))
    assert ("not reached", None) == (match.to_json()["status"], match.to_json()["fraction"])
    json.dumps(match.to_json(), allow_nan=False)


def test_a_data_set_with_two_protocols_is_keyed_by_protocol_and_with_two_backbones_by_both(make_study):
    boards = [("a/x", "x", "resnet18"), ("b/x", "x", "resnet18"), ("c/y", "y", "resnet18"), ("c/y", "y", "resnet50")]
    frame = from_records(make_study(boards=boards))
    names = set(keyed(labels_to_match(frame, Choice("geokr"), Choice("random"))))
    assert {"a/x", "b/x", "c/y, resnet18", "c/y, resnet50"} == names


def test_the_command_prints_json_keyed_by_data_set(run_bench):
    options = ["--method", "geokr", "--init", "imagenet", "--backbone", "resnet50", "--reference", "imagenet"]
    done = run_bench("labels-to-match", "--published", "geokr-2021", *options, "--json")
    fractions = {name: round(value["fraction"], 3) for name, value in json.loads(done.stdout).items()}
    assert fractions | {"vaihingen": 0.241, "potsdam": 0.258, "ucmerced": 0.532, "rsscn7": 0.611, "levir": 0.486} == (
        fractions
    )


def test_the_command_takes_a_store(store, run_bench):
    done = run_bench("labels-to-match", "--store", str(store), "--method", "geokr", "--reference", "random")
    assert (0, True) == (done.returncode, "demo-city" in done.stdout)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--published", "nobody-2020", "--method", "geokr", "--reference", "imagenet"],
        ["--published", "geokr-2021", "--method", "geokr", "--reference", "imagenet", "--backbone", "vit"],
        ["--published", "geokr-2021", "--method", "cmid", "--reference", "imagenet"],
    ],
)
def test_what_does_not_exist_is_one_line_and_exit_2(run_bench, wrong):
    done = run_bench("labels-to-match", *wrong)
    assert 2 == done.returncode
    assert "Traceback" not in done.stderr


def named(make_study, method, row, pretrain):
    return make_study(methods=[method], seed=pretrain, row=row, pretrain=pretrain)


def test_a_row_is_chosen_by_its_label_before_all_rows_of_a_method(make_study):
    frame = from_records([*make_study(), *named(make_study, "moco", "aa", 1), *named(make_study, "random", "rival", 2)])
    (match,) = labels_to_match(frame, Choice("moco"), Choice("random"))
    assert ("moco", "random") == (match.method, match.reference)
    (match,) = labels_to_match(frame, Choice("aa"), Choice("rival"))
    assert ("aa", "rival") == (match.method, match.reference)


def test_two_controls_of_one_method_are_never_averaged_into_one_curve(make_study):
    frame = from_records(
        [*make_study(methods=["random"]), *named(make_study, "moco", "aa-1", 1), *named(make_study, "moco", "aa-2", 2)]
    )
    with pytest.raises(StudyError, match="moco is 2 rows here: choose one of aa-1, aa-2"):
        labels_to_match(frame, Choice("moco"), Choice("random"))


def test_a_label_of_one_protocol_is_not_taken_for_a_method_on_another(make_study):
    town = named(make_study, "moco", "aa", 1)
    frame = from_records(
        [
            *make_study(),
            *make_study(methods=["random"], boards=[("x/y", "y", "resnet18")]),
            *(r.model_copy(update={"protocol": "x/y", "dataset": "y"}) for r in town),
        ]
    )
    matches = labels_to_match(frame, Choice("moco"), Choice("random"))
    assert ["demo/city"] == [match.protocol for match in matches]


def test_a_match_names_the_warnings_of_both_rows(make_study, tmp_path, write_store, run_bench):
    records = make_study(methods=["random", "moco"])
    records += make_study(methods=["geokr"], warnings={"features-collapsed": "all alike"})
    (match,) = labels_to_match(from_records(records), Choice("geokr"), Choice("random"))
    assert {"geokr": "features-collapsed"} == match.to_json()["warnings"]
    write_store(tmp_path, records)
    done = run_bench("labels-to-match", "--store", str(tmp_path), "--method", "geokr", "--reference", "random")
    assert "‡ geokr rests on training with a warning: features-collapsed" in done.stdout
    done = run_bench("labels-to-match", "--store", str(tmp_path), "--method", "moco", "--reference", "random")
    assert "‡" not in done.stdout


def test_a_raw_random_network_is_no_reference(make_study):
    """Whether it is named by its row or by its method."""
    frame = from_records(make_study(methods=["random-raw", "geokr"]))
    for name in ("random-raw", "random (raw)"):
        with pytest.raises(StudyError, match="is no reference"):
            labels_to_match(frame, Choice("geokr"), Choice(name))


def test_labels_that_selected_beyond_the_fraction_are_labels_that_were_needed(make_study):
    frame = from_records(make_study(seeds=5))
    (drawn,) = labels_to_match(frame, Choice("geokr"), Choice("random"))
    used = frame.assign(n_labels=(1000 * frame["fraction"] + 500).astype("Int64"), n_train_all=1000)
    (match,) = labels_to_match(used, Choice("geokr"), Choice("random"))
    assert drawn.crossing.fraction < 0.5 < match.crossing.fraction
    assert match.crossing.fraction < match.interval.high
