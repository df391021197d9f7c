"""The report on winners in other worlds, on records whose differences are known."""

import pandas as pd

from benchmarks import worlds


def world(**differences):
    """A world's table with one column, and rows that are called where their interval excludes 0."""
    return pd.DataFrame(
        {
            "protocol": "demo/city",
            "fraction": 0.01,
            "n": 3,
            "primary": [name != "ceiling" for name in differences],
            "sure": [low > 0 or high < 0 for low, high in differences.values()],
            "row": list(differences),
            "difference": [(low + high) / 2 for low, high in differences.values()],
            "low": [low for low, _ in differences.values()],
            "high": [high for _, high in differences.values()],
        }
    )


def test_a_winner_is_counted_where_it_is_called_better_and_not_where_it_is_called_worse():
    first = world(held=(0.01, 0.03), once=(0.02, 0.04), worse=(-0.03, -0.01), ceiling=(0.2, 0.3))
    others = world(held=(0.01, 0.02), once=(-0.04, -0.02), worse=(0.01, 0.02)), world(held=(-0.01, 0.03))
    text = worlds.report({"one": first, "two": others[0], "three": others[1]}, {("held", "demo/city@1%"): 0.5})
    assert "| held | 50.0 | **+2.0** [1.0, 3.0] | **+1.5** [1.0, 2.0] | +1.0 [-1.0, 3.0] |" in text
    assert "| once |  | **+3.0** [2.0, 4.0] | **-3.0** [-4.0, -2.0] |  |" in text
    assert "one calls 2 differences from random in a row's favour; 1 of them are called so in at least 2 of 3" in text
    assert "| ceiling |  | +25.0 |  |  |" in text
    assert "- not in 2: once on demo/city at 1%" in text
    assert "worse on demo/city" not in text
