"""The trivial score of each protocol, and the blocks in which no row is above it."""

import pandas as pd

from results.labels import amounts
from results.stats.intervals import t_interval
from results.summary import BOARD

MARK = "§"
# Name of the line that holds the trivial scores of a table.
NAME = "trivial"
Block = tuple[str, str, str, float]


def trivial(records: pd.DataFrame) -> dict[float, float]:
    """Score of the best answer that looks at no image, by fraction; a fraction whose records do not know it is absent.

    Args:
        records: of one protocol and backbone.
    """
    if "trivial" not in records:
        return {}
    known = records[records["trivial"].notna()].groupby("fraction")["trivial"].mean()
    return {float(str(fraction)): float(score) for fraction, score in known.items()}


def uninformative(frame: pd.DataFrame) -> set[Block]:
    """Blocks in which no row's 95% t interval lies above the trivial score.

    A block whose rows have one repeat each has no interval, and is not judged.

    Returns:
        (protocol, protocol_hash, backbone, fraction) of each.
    """
    found: set[Block] = set()
    for values, board in frame.groupby(BOARD, sort=True):
        protocol, version, backbone = map(str, values)
        for fraction, goal in trivial(board).items():
            block = board[board["fraction"] == fraction]
            intervals = [t_interval(rows["score"].to_numpy()) for _, rows in block.groupby("variant")]
            lows = [interval.low for interval in intervals if interval.low == interval.low]  # NaN: one repeat
            if lows and max(lows) <= goal:
                found.add((protocol, version, backbone, fraction))
    return found


def notes(records: pd.DataFrame) -> list[str]:
    """Sentences below the table of one protocol and backbone: what the trivial line is, and which blocks say nothing."""
    if not trivial(records):
        return []
    lines = [f"{NAME}: the best answer that looks at no image."]
    empty = {fraction for *_, fraction in uninformative(records)}
    if empty:
        where = ", ".join(name for fraction, name in amounts(records).items() if fraction in empty)
        why = "no row's 95% interval lies above the trivial score"
        lines.append(
            f"{MARK}: uninformative at {where} ({why}), left out of ranks, interquartile means and other aggregates."
        )
    return lines
