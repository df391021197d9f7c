"""What tuning chose, and which trainings had settled."""

import json
from collections import Counter, defaultdict

import pandas as pd

from results.labels import amounts
from results.variants import order

_TRIALS = "trials"


def notes(records: pd.DataFrame) -> list[str]:
    """Say of which rows some cells were still moving in the last fifth of their training; nothing for older records.

    Args:
        records: of one protocol and backbone.
    """
    if "settled" not in records:
        return []
    known = records[records["settled"].notna()]
    rows = known.groupby("variant")["settled"].agg(["sum", "size"])
    fewer = {str(row.Index): row for row in rows[rows["sum"] < rows["size"]].itertuples()}
    said = [f"{name} ({fewer[name].sum:.0f} of {fewer[name].size})" for name in sorted(fewer, key=order(records))]
    return [f"Settled in fewer than all cells: {', '.join(said)}."] if said else []


def share(records: pd.DataFrame) -> float | None:
    """Share of the cells that had settled; None where none says."""
    known = records["settled"].dropna()
    return float(known.mean()) if len(known) else None


def chosen(records: pd.DataFrame) -> list[list[str]]:
    """How often each value of the grid won, by row, amount of labels and what was tuned.

    Args:
        records: of one protocol and backbone.

    Returns:
        Row label, amount, what was tuned, values with how often each won, the most frequent first, and the trials.
    """
    named, place = amounts(records), order(records)
    won: dict[tuple[str, float, str], Counter[str]] = defaultdict(Counter)
    trials: dict[tuple[str, float], set[str]] = defaultdict(set)
    for row in records[records["tuned"] != "{}"].itertuples():
        values = json.loads(str(row.tuned))
        cell = (str(row.variant), float(str(row.fraction)))
        trials[cell].add(_plain(values.pop(_TRIALS, "unknown")))
        for name, value in values.items():
            won[(*cell, name)][_plain(value)] += 1
    return [
        [variant, named[at], name, _counted(won[variant, at, name]), ", ".join(sorted(trials[variant, at]))]
        for variant, at, name in sorted(won, key=lambda key: (place(key[0]), key[1:]))
    ]


COLUMNS = ("row", "labels", "tuned", "chosen", "trials")


def _counted(values: Counter[str]) -> str:
    return ", ".join(
        f"{value} ({count})" for value, count in sorted(values.items(), key=lambda item: (-item[1], item[0]))
    )


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) else str(value)
