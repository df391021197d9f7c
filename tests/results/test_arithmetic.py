"""A table of weights that were pretrained in different arithmetic says so."""

import pandas as pd

from results.arithmetic import notes


def board(*words):
    rows = ["geokr", "moco", "random"]
    return pd.DataFrame({"protocol": "demo/city", "variant": rows, "pretrained_in": list(words)})


def test_rows_of_two_kinds_are_named():
    (note,) = notes(board("fp32", "bf16", None))
    assert "Mixed arithmetic on demo/city: weights were pretrained in bf16: moco; fp32: geokr." in note


def test_rows_of_one_kind_and_records_of_before_say_nothing():
    assert [] == notes(board("bf16", "bf16", None)) == notes(board(None, None, None))
