"""Losses of pretraining again are held to the committed ones, bit for bit on one kind of machine."""

import json

import pytest

from results.losses import compare_losses

MACHINE = {
    "device": "cpu",
    "machine": "x86_64",
    "device_name": "a processor",
    "libraries": {"torch": "2.11.0"},
    "threads": 1,
    "capability": "AVX512",
}


def card(store, key, **changes):
    value = {
        "method": "moco",
        "options": {"lr": 0.1},
        "backbone": "resnet18",
        "seed": 1,
        "steps": 30,
        "losses": {"contrast": 2.5},
        "provenance": MACHINE,
        **changes,
    }
    path = store / "weights" / key / "card.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(value))
    return path


@pytest.fixture
def stores(tmp_path):
    return tmp_path / "old", tmp_path / "new"


def test_equal_losses_have_nothing_to_tell_whatever_their_keys(stores):
    old, new = stores
    card(old, "a")
    card(new, "b")
    assert ([], 1) == compare_losses(old, new)


def test_the_last_bit_of_a_loss_and_a_step_are_told(stores):
    old, new = stores
    card(old, "a")
    card(new, "a", losses={"contrast": 2.5000000000000004}, steps=31)
    said, count = compare_losses(old, new)
    assert 1 == count
    assert [
        "pretraining moco resnet18: steps 30 -> 31",
        "pretraining moco resnet18: losses {'contrast': 2.5} -> {'contrast': 2.5000000000000004}",
    ] == said


def test_pretrainings_on_the_labels_of_two_protocols_are_each_compared_with_their_own(stores):
    old, new = stores
    for store, steps in ((old, 30), (new, 31)):
        card(store, "a", protocol="demo/city")
        card(store, "b", protocol="demo/change", steps=steps)
    assert (["pretraining moco resnet18: steps 30 -> 31"], 2) == compare_losses(old, new)


def test_a_card_without_a_loss_is_held_by_its_steps_and_not_counted_as_compared(stores):
    old, new = stores
    card(old, "a", losses={})
    card(new, "a", losses={}, steps=31)
    assert (["pretraining moco resnet18: steps 30 -> 31"], 0) == compare_losses(old, new)


@pytest.mark.parametrize(
    "change",
    [{"method": "byol"}, {"options": {"lr": 0.2}}, {"backbone": "vgg16"}, {"seed": 2}, {"protocol": "demo/city"}],
)
def test_another_pretraining_is_not_compared(stores, change):
    old, new = stores
    card(old, "a")
    card(new, "a", losses={"contrast": 9.0}, **change)
    assert ([], 0) == compare_losses(old, new)


def test_the_order_of_options_makes_no_other_pretraining(stores):
    old, new = stores
    card(old, "a", options={"lr": 0.1, "size": 32})
    card(new, "a", options={"size": 32, "lr": 0.1})
    assert 1 == compare_losses(old, new)[1]


def test_on_another_kind_of_machine_nothing_is_known(stores):
    old, new = stores
    card(old, "a")
    card(new, "a", losses={"contrast": 9.0}, provenance=MACHINE | {"device": "cuda", "machine": "aarch64"})
    assert ([], 0) == compare_losses(old, new)


def test_two_cards_that_nothing_tells_apart_are_named_and_not_compared(stores):
    old, new = stores
    card(old, "a")
    twin = card(old, "b", losses={"contrast": 3.0})
    card(new, "a")
    assert (
        [f"pretraining moco resnet18: {twin} is of the same options and seed as another card"],
        0,
    ) == compare_losses(old, new)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"method": "moco"}'])
def test_a_damaged_card_is_left_to_verify(stores, content):
    old, new = stores
    card(old, "a").write_text(content)
    card(new, "a")
    assert ([], 0) == compare_losses(old, new)


def test_stores_without_weights_have_nothing_to_compare(stores):
    assert ([], 0) == compare_losses(*stores)
