"""What the weights of each row cost: steps, tiles, views, FLOPs and seconds of their pretraining."""

import json
import math
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from results.stats.intervals import Interval, t_interval
from results.variants import order, stands_apart

# Fact of a card -> the column in which CSV holds it.
FACTS = {
    "steps": "pretrain_steps",
    "tiles": "pretrain_tiles",
    "student_views": "student_views",
    "teacher_views": "teacher_views",
    "flops_forward": "flops_forward",
    "flops": "flops",
    "seconds": "pretrain_seconds",
    "trials": "trials",
}
# Two rows whose forward FLOPs differ by more than this are not compared without saying so.
ALIKE = 1.5
_COUNTS = ("steps", "tiles", "student_views", "teacher_views")


def facts(records: pd.DataFrame) -> dict[str, float]:
    """Mean facts of the weights that the records rest on, each pretraining once; a fact that none states is absent.

    So are the seconds of pretrainings on several kinds of processor, whose mean is of none.

    Args:
        records: of one row.
    """
    if "pretraining" not in records:
        return {}
    stated: dict[str, list[float]] = defaultdict(list)
    for text in records.drop_duplicates("weights")["pretraining"]:
        for name, value in json.loads(text).items():
            if name in FACTS:
                stated[name].append(float(value))
    if "pretrained_on" in records and len(set(records["pretrained_on"].dropna())) > 1:
        stated.pop("seconds", None)
    return {name: math.fsum(values) / len(values) for name, values in stated.items()}


def by_row(records: pd.DataFrame) -> dict[str, dict[str, float]]:
    """The `facts` of each row of one protocol and backbone, in the order of the rows."""
    groups = {str(variant): rows for variant, rows in records.groupby("variant")}
    return {variant: facts(groups[variant]) for variant in sorted(groups, key=order(records))}


def rests_on_one(records: pd.DataFrame) -> bool:
    """Whether all records of a row start from one pretraining, by a method that trains: then it speaks of these weights.

    Records of before do not count steps; there, what read a corpus trained.
    """
    if "weights" not in records or len(set(records["weights"])) != 1:
        return False
    first = records.iloc[0]
    steps = json.loads(first["pretraining"]).get("steps")
    if steps is not None:
        return float(steps) > 0
    return isinstance(first["corpus"], str) and not stands_apart(str(first["method"])) and first["method"] != "random"


def ratio(ahead: float, behind: float) -> float | None:
    """How many times the compute of `behind` the row `ahead` took; None where they are alike or one took none.

    Args:
        ahead: forward FLOPs of the pretraining; NaN where unknown, 0 without one.
        behind: those of the other.
    """
    if not (ahead > 0 and behind > 0):
        return None
    times = ahead / behind
    return times if max(times, 1 / times) > ALIKE else None


def notes(records: pd.DataFrame) -> list[str]:
    """Sentences below a table on what the pretraining of its rows cost; rows of equal counts stand together.

    Args:
        records: of one protocol and backbone.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    tried: dict[str, list[str]] = defaultdict(list)
    for variant, found in by_row(records).items():
        if found.get("steps", 0) > 0:
            alike[_counts(found)].append(f"{variant}{_spent(found)}")
            if "trials" in found:
                tried[_trials(found["trials"])].append(variant)
    lines = [f"Pretraining, {counts}: {', '.join(rows)}." for counts, rows in alike.items()]
    if len(tried) == 1:
        return [*lines, f"Options tuned: {next(iter(tried))} each."]
    return [*lines, *(f"Options tuned by {trials}: {', '.join(rows)}." for trials, rows in tried.items())]


def _trials(number: float) -> str:
    return f"{number:,.0f} trial{'' if number == 1 else 's'}"


def _counts(found: dict[str, float]) -> str:
    words = {"student_views": "student views", "teacher_views": "teacher views"}
    return ", ".join(f"{found[name]:,.0f} {words.get(name, name)}" for name in _COUNTS if name in found)


def _spent(found: dict[str, float]) -> str:
    parts = [f"{found['flops']:.3g} FLOPs"] if "flops" in found else []
    parts += [f"{found['seconds']:,.0f} s"] if "seconds" in found else []
    return f" ({', '.join(parts)})" if parts else ""


@dataclass(frozen=True)
class Spent:
    """One row at one amount of labels: FLOPs of its pretraining (0 without one), and its score with a 95% t interval."""

    variant: str
    flops: float
    score: Interval
    warned: bool


def score_against_compute(board: pd.DataFrame) -> dict[float, list[Spent]]:
    """Score and compute of each row, by fraction; empty where fewer than two rows state their FLOPs.

    A row whose weights were trained and do not state their FLOPs is left out.

    Args:
        board: records of one protocol and backbone.
    """
    costs = by_row(board)
    flops = {
        variant: found.get("flops", math.nan if found.get("steps", 0) > 0 else 0.0) for variant, found in costs.items()
    }
    # Weights of before state nothing, so nothing says that they cost nothing.
    for variant, rows in board.groupby("variant"):
        if not costs[str(variant)] and isinstance(rows.iloc[0]["corpus"], str):
            flops[str(variant)] = math.nan
    if sum(value > 0 for value in flops.values()) < 2:
        return {}
    found: dict[float, list[Spent]] = {}
    for fraction, records in board.groupby("fraction", sort=True):
        groups = {str(variant): rows for variant, rows in records.groupby("variant")}
        found[float(str(fraction))] = [
            Spent(
                variant,
                flops[variant],
                t_interval(groups[variant]["score"].to_numpy()),
                bool((groups[variant]["warnings"] != "").any()),
            )
            for variant in flops
            if variant in groups and not math.isnan(flops[variant])
        ]
    return found
