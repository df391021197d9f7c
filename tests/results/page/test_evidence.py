"""What a page says of all its records together."""

from synthetic_records import synthetic_record

from results.frame import from_records
from results.page.evidence import checks
from results.stats.block_model import compare


def said(*machines, steps=100):
    """The checks of one row whose weights were made on these machines, one pretraining each."""
    records = [
        synthetic_record(key=f"k{at}", seed=at, weights=f"w{at}", pretraining={"steps": steps}, provenance=made)
        for at, made in enumerate(machines)
    ]
    frame = from_records(records)
    return [line for line in checks(frame, compare(frame)) if "pretrained on" in line]


def on(name):
    return {"device": "cpu", "weights": {"device_name": name}}


def test_weights_of_two_kinds_of_machine_are_counted():
    assert ["Weights were pretrained on CPU A (2), GPU B (1)."] == said(on("CPU A"), on("GPU B"), on("CPU A"))


def test_one_kind_of_machine_or_none_that_is_known_is_not_worth_a_line():
    assert [] == said(on("CPU A"), on("CPU A"))
    assert [] == said({"device": "cpu"}, {})
    assert [] == said(on("CPU A"), on("GPU B"), steps=0)
