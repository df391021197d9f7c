"""Weights of one table that were pretrained in different arithmetic."""

import pandas as pd


def notes(board: pd.DataFrame) -> list[str]:
    """A line where the rows of a board were pretrained in several: their differences hold that of the arithmetic too.

    Args:
        board: records of one protocol and backbone; those of before arithmetic was recorded say nothing.
    """
    known = board.dropna(subset="pretrained_in")
    if known["pretrained_in"].nunique() < 2:
        return []
    listed = "; ".join(
        f"{word}: {', '.join(sorted(set(known.loc[known['pretrained_in'] == word, 'variant'])))}"
        for word in sorted(set(known["pretrained_in"]))
    )
    where = board["protocol"].iloc[0]
    text = f"Mixed arithmetic on {where}: weights were pretrained in {listed}. A difference between two of these holds"
    return [f"{text} what the arithmetic does too."]
