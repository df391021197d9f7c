"""Equal bits are promised on machines of one kind, and what makes a kind is stated."""

import pytest

from results.machines import SAME_KIND, differing

MACHINE = {
    "device": "cpu",
    "device_name": "a processor",
    "capability": "AVX512",
    "machine": "x86_64",
    "threads": 1,
    "python": "3.11.7",
    "libraries": {"torch": "2.11.0", "numpy": "2.0.0"},
}


def test_a_machine_is_of_its_own_kind():
    assert [] == differing(MACHINE, dict(MACHINE))


@pytest.mark.parametrize("field", SAME_KIND)
def test_each_field_makes_another_kind_by_itself(field):
    assert [field] == differing(MACHINE, MACHINE | {field: "other"})


def test_a_library_of_another_version_makes_another_kind():
    other = MACHINE | {"libraries": MACHINE["libraries"] | {"torch": "2.12.0"}}
    assert ["libraries"] == differing(MACHINE, other)


@pytest.mark.parametrize("field", ["revision", "bench", "code"])
def test_the_code_is_no_part_of_a_machine(field):
    assert [] == differing(MACHINE | {field: "old"}, MACHINE | {field: "new"})


def test_what_names_no_device_promises_nothing():
    assert ["device"] == differing({}, {})
    silent = {name: value for name, value in MACHINE.items() if name != "device"}
    assert ["device"] == differing(silent, silent)
    assert ["device", "threads"] == differing(silent, silent | {"threads": 2})
