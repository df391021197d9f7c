"""A pretraining that two processes share, by the command that a user gives.

Without the command, and fast: tests/bench/pretraining/test_ranks.py.
"""

import json

import pytest
from running import WIDE, bench


@pytest.mark.nightly
def test_two_ranks_make_the_weights_of_one_process_and_those_that_cannot_be_shared_are_not(study, tmp_path):
    cards = {}
    for ranks in (1, 2):
        store = tmp_path / str(ranks)
        settings = (f"engine.ranks={ranks}", "pretrain.precision=fp32", "options.cmid.queue=16")
        asked = ["--methods", "simclr,cmid", "--no-references", "--seeds", "1"]
        asked += [part for setting in settings for part in ("--set", setting)]
        planned = ["--study", study, "--store", store, *asked]
        done = bench("pretrain", *planned)
        assert 0 == done.returncode, done.stderr
        found = [json.loads(path.read_text()) for path in store.glob("weights/*/card.json")]
        cards[ranks] = {card["method"]: card for card in found}
    assert "One process each pretrains cmid, which ranks cannot share." in bench("plan", *planned, env=WIDE).stdout
    assert 2 == cards[2]["simclr"]["provenance"]["ranks"]
    assert "ranks" not in cards[2]["cmid"]["provenance"]
    for method in ("simclr", "cmid"):
        alone, together = cards[1][method], cards[2][method]
        assert alone["key"] == together["key"]
        for name, loss in alone["losses"].items():
            assert abs(loss - together["losses"][name]) < 0.01 * abs(loss)
