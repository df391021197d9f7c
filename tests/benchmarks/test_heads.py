"""The report on heads, on scores whose order is known."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import heads
from tasks.protocols import load_protocol

FIRST = np.array([[0.1, 0.2, 0.3, 0.4], [0.1, 0.2, 0.3, 0.4]])


def test_agreement_is_kendalls_tau_of_the_means():
    """Of six pairs one is reversed: (5 - 1) / 6."""
    assert (1.0, (1.0, 1.0)) == heads.agreement(FIRST, 2 * FIRST)
    found, interval = heads.agreement(FIRST, FIRST[:, [0, 1, 3, 2]])
    assert [4 / 6] * 3 == pytest.approx([found, *interval])
    assert heads.agreement(FIRST, FIRST[:, ::-1])[0] == pytest.approx(-1)


def test_the_interval_is_that_of_all_draws_of_the_repeats():
    """The second repeat reverses the order: draws of it alone say -1, of the first alone 1."""
    other = np.stack([FIRST[0], 2 - FIRST[1]])
    assert (-1.0, 1.0) == pytest.approx(heads.agreement(FIRST, other)[1], abs=0.2)


def test_repeats_that_one_head_lacks_are_left_out():
    scored = [("demo/city", row, seed, score) for row, score in (("a", 0.5), ("b", 0.25)) for seed in (0, 1)]
    scored += [("demo/city-fpn", row, 0, score) for row, score in (("a", 0.5), ("b", 0.75))]
    frame = pd.DataFrame(scored, columns=["protocol", "variant", "seed", "score"]).assign(fraction=0.01)
    text = heads.of_task(frame, [load_protocol("demo/city"), load_protocol("demo/city-fpn")], 0.01)
    assert {
        "| a | 50.0 | 50.0 |",
        "| b | 25.0 | 75.0 |",
        "| demo/city, demo/city-fpn | -1.00 | - |",
    } <= set(text)
