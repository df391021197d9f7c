"""Labels are counted, and tables and curves say how many there were."""

import pytest

from results import labels
from results.frame import from_records


def test_heads_say_amount_n_and_n_a_class(make_fair_study):
    assert {0.01: "1% (n = 9, 1.5 a class)", 0.1: "10% (n = 90, 15 a class)", 1.0: "100% (n = 900, 150 a class)"} == (
        labels.heads(from_records(make_fair_study()))
    )


def test_heads_use_the_studys_own_words_for_an_amount(make_fair_study):
    frame = from_records(make_fair_study(fractions=[40 / 900], classes=8, labels={40 / 900: "5shot"}))
    assert ["5shot (n = 40, 5 a class)"] == list(labels.heads(frame).values())


def test_heads_of_older_records_say_the_amount_alone(make_study):
    assert ["1%", "10%", "100%"] == list(labels.heads(from_records(make_study())).values())


def test_draws_of_different_sizes_are_said_as_a_range(make_record):
    records = [
        make_record(fraction=0.1, seed=seed, counts={"train": n, "train_all": 100, "labels_used": n, "classes": 2})
        for seed, n in enumerate([10, 13])
    ]
    assert ["10% (n = 10 to 13, 5 to 6.5 a class)"] == list(labels.heads(from_records(records)).values())


def test_a_curve_is_drawn_over_labels_used_with_those_beyond_the_fraction(make_fair_study):
    """9 + 891 of 900 at 1%: as many as all of them; 900 + 891 at 100%."""
    frame = from_records(make_fair_study(methods=["geokr"], beyond=891))
    over = labels.shares(frame)
    assert {("geokr", 0.01): 1.0, ("geokr", 0.1): 1.09, ("geokr", 1.0): 1.99} == pytest.approx(over)
    assert "labels used, as a share of the training part" == labels.axis(frame)
    assert {1.0: "100%", 1.09: "109%", 1.99: "199%"} == labels.ticks(frame)


def test_a_tick_that_would_touch_its_neighbour_is_left_out(make_fair_study):
    frame = from_records(make_fair_study(fractions=[0.01, 0.0102, 1.0], total=100_000))
    assert ["1%", "100%"] == list(labels.ticks(frame).values())


def test_a_curve_of_older_records_is_drawn_over_fractions(make_study):
    frame = from_records(make_study(methods=["geokr"]))
    assert {("geokr", 0.01): 0.01, ("geokr", 0.1): 0.1, ("geokr", 1.0): 1.0} == pytest.approx(labels.shares(frame))
    assert "share of the labels" == labels.axis(frame)
    assert {0.01: "1%", 0.1: "10%", 1.0: "100%"} == labels.ticks(frame)


def test_labels_beyond_the_fraction_are_said(make_fair_study):
    said = labels.notes(from_records(make_fair_study(beyond=4380, design={"selection": "val"})))
    assert "Selected on: a validation part." in said
    assert "Selected on 4,380 labels beyond the fraction." in said
    assert "Labels used: 4,389 at 1%, 4,470 at 10%, 5,280 at 100%." in said


def test_what_selected_inside_the_fraction_adds_no_labels(make_fair_study):
    said = labels.notes(from_records(make_fair_study()))
    assert "Selected on: a part of the labels." in said
    assert not any("beyond" in line or "Labels used" in line for line in said)


def test_a_cell_with_too_few_labels_to_select_on_says_so(make_fair_study):
    records = make_fair_study(fractions=[0.01], design={"selection": "untuned"}) + make_fair_study(fractions=[1.0])
    assert "Below five labels a class nothing was selected (at 1%)." in labels.notes(from_records(records))


def test_a_leaky_split_and_other_statistics_are_said(make_fair_study):
    odd = {"leaky": "images of the test part lie in the training part too", "bn": "target"}
    said = labels.notes(from_records(make_fair_study(design=odd)))
    assert labels.LEAKY in said
    assert "Batch norm's statistics: target." in said
    assert labels.LEAKY not in labels.notes(from_records(make_fair_study()))


def test_epochs_mean_fewer_steps_for_fewer_labels(make_fair_study):
    epochs = {"length": "epochs"}
    assert [labels.FEWER_STEPS] == labels.curve_notes(from_records(make_fair_study(design=epochs)))
    assert [] == labels.curve_notes(from_records(make_fair_study(design=epochs, fractions=[1.0])))
    assert [] == labels.curve_notes(from_records(make_fair_study()))


def test_older_records_are_silent(make_study):
    frame = from_records(make_study())
    assert ([], []) == (labels.notes(frame), labels.curve_notes(frame))
