import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.frame import from_records
from results.variants import label, meanings, order


def labels(records):
    return sorted(set(from_records(records)["variant"]))


def test_a_method_with_one_variant_keeps_its_plain_name(make_study):
    assert ["geokr", "moco", "random"] == labels(make_study())


def test_variants_of_a_method_are_told_apart_by_the_options_in_which_they_differ(make_record):
    records = [make_record(method="geokr", options={"init": init, "steps": 100}) for init in ("random", "imagenet")]
    assert ["geokr (init=imagenet)", "geokr (init=random)"] == labels(records)


def test_an_option_that_one_variant_lacks_is_called_unset(make_record):
    records = [make_record(method="geokr", options=options) for options in ({}, {"queue": 64})]
    assert ["geokr (queue=64)", "geokr (queue=unset)"] == labels(records)


def test_values_that_print_alike_still_give_different_labels(make_record):
    records = [make_record(method="geokr", options=options) for options in ({"a": 1}, {"a": "1"}, {"a": "unset"}, {})]
    assert 4 == len(labels(records))


def test_equal_options_on_two_corpora_are_two_variants(make_record):
    records = [make_record(method="geokr", corpus=corpus) for corpus in ("0123456789", "abcdef")]
    assert ["geokr (corpus=01234567)", "geokr (corpus=abcdef)"] == labels(records)


def test_variants_are_told_apart_within_a_backbone_only(make_record):
    records = [
        make_record(method="geokr", backbone="resnet18", options={"init": "random"}),
        make_record(method="geokr", backbone="resnet50", options={"init": "imagenet"}),
    ]
    assert ["geokr"] == labels(records)


def test_references_come_first(make_record):
    options = [("moco", {}), ("geokr", {"init": "imagenet"}), ("imagenet", {}), ("random", {})]
    frame = from_records([make_record(method=method, options=values) for method, values in options])
    assert ["random", "imagenet", "geokr", "moco"] == sorted(frame["variant"], key=order(frame))


def test_random_as_initialised_is_called_raw_and_is_no_reference(make_record):
    frame = from_records([make_record(method=method) for method in ("random", "random-raw", "moco")])
    assert ["random", "random (raw)", "moco"] == list(frame["variant"])
    assert ["random", "random (raw)", "moco"] == sorted(frame["variant"], key=order(frame))


def test_a_row_bears_the_name_that_its_study_gave_it(make_record):
    records = [make_record(method="moco", seed=seed, row=row) for seed in range(2) for row in ("aa-1", "aa-2", None)]
    assert ["aa-1", "aa-2", "moco"] == labels(records)


def test_a_row_named_as_its_method_is_the_methods_own_row(make_record):
    records = [make_record(method="moco", row=row, seed=seed) for seed, row in enumerate(["moco", None])]
    assert ["moco"] == labels(records)


def test_a_named_row_leaves_the_label_of_its_method_as_it_is(make_record):
    records = [
        make_record(method="geokr", row=row, options={"land_cover": cover})
        for row, cover in ((None, "true"), ("geokr, shuffled", "shuffled"))
    ]
    assert ["geokr", "geokr, shuffled"] == labels(records)


def test_one_name_for_two_variants_is_followed_by_what_tells_them_apart(make_record):
    records = [make_record(method="geokr", row="control", options={"land_cover": name}) for name in ("a", "b")]
    assert ["control (geokr, land_cover=a)", "control (geokr, land_cover=b)"] == labels(records)


def test_one_name_for_two_methods_is_followed_by_the_method(make_record):
    records = [make_record(method=method, row="control") for method in ("geokr", "moco")]
    assert ["control (geokr)", "control (moco)"] == labels(records)


@pytest.mark.parametrize("name", ["geokr", "random", "imagenet", " "])
def test_a_name_that_could_be_taken_for_another_row_says_of_which_method_it_is(make_record, name):
    records = [make_record(method="moco", row=name), make_record(method="geokr")]
    assert sorted([f"{name} (moco)", "geokr"]) == labels(records)


def test_a_name_that_spells_another_rows_label_still_gives_two_rows(make_record):
    records = [make_record(method="geokr", options={"a": value}) for value in (1, 2)]
    records.append(make_record(method="geokr", row="geokr (a=1)", options={"a": 3}))
    assert 3 == len(labels(records))


NAMES = ("moco", "geokr", "random", "x", "x (moco)", "moco (a=1)", "x (moco, a=1)", "")


@given(
    st.sets(
        st.tuples(
            st.sampled_from(NAMES),
            st.sampled_from(["{}", '{"a":1}', '{"a":"1"}']),
            st.sampled_from([None, "0123456789", "0123456701"]),
            st.sampled_from([None, *NAMES]),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_two_rows_never_share_a_label(rows):
    own = {(method, options, corpus, None if row == method else row) for method, options, corpus, row in rows}
    frame = pd.DataFrame(list(rows), columns=["method", "options", "corpus", "row"]).assign(backbone="resnet18")
    assert len(own) == len(set(label(frame)))


def test_an_initialisation_that_a_study_named_is_a_rival_and_no_reference(make_record):
    rows = [("moco", "random b"), ("random", "random a"), ("geokr", None), ("random", None), ("imagenet", "imagenet")]
    frame = from_records([make_record(method=method, row=row) for method, row in rows])
    assert ["random", "imagenet", "geokr", "random a", "random b"] == sorted(frame["variant"], key=order(frame))


def test_a_name_is_explained_by_its_method_and_the_options_that_tell_it_apart(make_record):
    frame = from_records(
        [
            make_record(method="geokr", options={"land_cover": "true"}),
            make_record(method="geokr", options={"land_cover": "shuffled"}, row="control"),
            make_record(method="moco", row="aa-1"),
        ]
    )
    assert {"aa-1": "moco", "control": "geokr, land_cover=shuffled"} == meanings(frame)
