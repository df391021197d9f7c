"""How wide the intervals of a study are: what decides whether it needs more seeds."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Widest:
    """The widest of some intervals.

    Attributes:
        half: how far it reaches to either side, a difference of scores; infinite where a comparison has no interval.
        row: its comparison, of `results.stats.block_model.compare`.
    """

    half: float
    row: pd.Series

    def __str__(self) -> str:
        row = self.row
        reach = f"±{100 * self.half:.2f} points" if np.isfinite(self.half) else "unknown"
        return (
            f"{reach} ({row['a']} - {row['b']} on {row['protocol']}, {row['backbone']} at {100 * row['fraction']:g}%)"
        )


def widest(comparisons: pd.DataFrame) -> Widest:
    """The widest interval of some comparisons.

    Args:
        comparisons: of `results.stats.block_model.compare`, at least one.
    """
    half = ((comparisons["high"] - comparisons["low"]) / 2).fillna(np.inf).to_numpy()
    at = int(half.argmax())
    return Widest(float(half[at]), comparisons.iloc[at])
