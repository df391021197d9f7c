from results.frame import from_records
from results.variants import order


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
