import json

import pytest
from hub import hub  # noqa: F401 - a fixture
from synthetic_records import run_bench, synthetic_study, write_records  # noqa: F401 - fixtures

CURVE = [1.5, 0.75, 0.5]


@pytest.fixture
def store(tmp_path):
    """Nine records of each of three methods, one of them with the card of its pretraining."""
    root = write_records(tmp_path / "store", synthetic_study())
    card = root / "weights" / "weights-geokr" / "card.json"
    card.parent.mkdir(parents=True)
    card.write_text(
        json.dumps({
            "key": "weights-geokr", "method": "geokr", "method_version": 4, "backbone": "resnet18", "seed": 11,
            "steps": 100, "options": {"lr": 0.1, "size": 32}, "corpus_hash": "cccc3333", "losses": {"landcover": 0.5},
            "curve": {"landcover": CURVE}, "warnings": {"loss-constant": "it did not move"}, "synthetic": False,
            "cost": {"train_seconds": 3.0}, "provenance": {"libraries": {"torch": "2.15"}},
        })
    )  # fmt: skip
    return root


@pytest.fixture
def record_of(store):
    """The record of a method at a fraction and seed, as plain values."""

    def find(method, fraction, seed):
        values = [json.loads(path.read_text()) for path in (store / "records").iterdir()]
        (found,) = [v for v in values if (v["method"], v["fraction"], v["seed"]) == (method, fraction, seed)]
        return found

    return find


@pytest.fixture
def add_record(store):
    """Let one more repeat arrive."""

    def add():
        (new,) = synthetic_study(methods=("geokr",), fractions=(1.0,), seeds=1, seed=5)
        write_records(store, [new.model_copy(update={"seed": 7})])

    return add
