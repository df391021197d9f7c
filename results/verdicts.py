"""Verdicts in words, each saying how sure it is."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results import warned
from results.budgets import ratio
from results.labels import percent
from results.matching import Choice, Match, labels_to_match
from results.stats.paired import ALPHA
from results.variants import REFERENCES


@dataclass(frozen=True)
class Verdict:
    """One sentence about one protocol and backbone.

    Attributes:
        text: the sentence.
        sure: whether a test at 5%, corrected over the table, supports it.
    """

    text: str
    sure: bool


def label_savings(board: pd.DataFrame) -> list[Verdict]:
    """Say how many labels each variant needs to do as well as each reference of the board, the thriftiest first.

    Args:
        board: records of one protocol and backbone.
    """
    variants = list(dict.fromkeys(board["variant"]))
    full = set(board.loc[board["fraction"] == 1.0, "variant"])
    verdicts: list[Verdict] = []
    for reference in (name for name in REFERENCES if name in full):
        matches = [
            match
            for variant in variants
            if variant != reference
            for match in labels_to_match(board, Choice(variant), Choice(reference))
        ]
        matches.sort(key=lambda match: match.crossing.fraction)
        reached = [match for match in matches if match.crossing.kind != "never"]
        verdicts += [Verdict(saving(match), sure=False) for match in reached]
        if len(reached) < len(matches):
            verdicts.append(Verdict(_never(matches[len(reached) :], reference), sure=False))
    return verdicts


def saving(match: Match) -> str:
    """A match in words, with its interval and n."""
    reference = subject(match.reference, one=match.reference in match.single)
    goal = f"to do as well as {reference} with all of them"
    if match.crossing.kind == "never":
        return _never([match], match.reference)
    amount = f"{100 * match.crossing.fraction:.2g}%"
    labels = "all labels" if amount == "1e+02%" else f"{amount} of the labels"
    if match.crossing.kind == "at most":
        labels = f"{amount} of the labels or less"
    one = match.method in match.single
    needs = f"These weights of {match.method} need" if one else f"{match.method} needs"
    return f"{needs} {labels} {goal}{_sureness(match)}{_doubts(match.warnings)}."


def subject(variant: str, *, one: bool) -> str:
    """What a sentence speaks of: the row, or its weights where a single pretraining stands for the method."""
    return f"these weights of {variant}" if one else variant


def _never(matches: list[Match], reference: str) -> str:
    """Those that stay below a reference, each with how near its interval comes."""
    names = [
        subject(match.method, one=match.method in match.single)
        + (f" (interval from {100 * match.interval.low:.2g}%)" if math.isfinite(match.interval.low) else "")
        for match in matches
    ]
    reference = subject(reference, one=reference in matches[0].single)
    doubts = _doubts({variant: said for match in matches for variant, said in match.warnings.items()})
    shown = ", ".join(names)
    return f"Not even with all labels does this reach {reference} at 100% (n = {matches[0].n}): {shown}{doubts}."


def difference(row: Any, holds: str = "", amount: str | None = None) -> Verdict:
    """A comparison (a row of `results.stats.paired.pairwise`) in words.

    Args:
        row: the comparison.
        holds: what becomes of it under variants of the protocol, as of `results.robustness.marks`.
        amount: what the fraction is called, where not by its percent.
    """
    sides = [(row.a, row.one_a, row.forward_a), (row.b, row.one_b, row.forward_b)]
    (ahead, one, spent), (behind, other, theirs) = sides if row.difference >= 0 else sides[::-1]
    first, second = subject(ahead, one=one), subject(behind, one=other)
    points, cost = f"{100 * abs(row.difference):.2f} points", _cost(spent, theirs)
    at, seeds = f"At {amount or percent(row.fraction)}", f"{row.n} paired seed{'' if row.n == 1 else 's'}"
    rests = (f"; {holds}" if holds else "") + _doubts({row.a: row.warnings_a, row.b: row.warnings_b})
    if row.smallest_holm >= ALPHA:
        doubt = f"with {seeds} no test over this table can rule out chance (p is {row.smallest_holm:.2g} at best)"
        return Verdict(f"{at}, {first} scored {points} above {second}{_reach(row)}{cost}; {doubt}{rests}.", sure=False)
    if row.p_holm < ALPHA:
        better = f"{first} {'are' if one else 'is'} better than {second} by {points}{_reach(row)}{cost}"
        return Verdict(f"{at}, {better}, p = {row.p_holm:.2g}{rests}.", sure=True)
    apart = f"{first} and {second} cannot be told apart ({points}{_reach(row)}, p = {row.p_holm:.2g}, {seeds})"
    taken = f"; {ahead} took {cost.removeprefix(', at ')} of {behind}" if cost else ""
    return Verdict(f"{at}, {apart}{taken}{rests}.", sure=False)


def _cost(ahead: float, behind: float) -> str:
    """The end of a sentence about two rows whose pretrainings differ in compute; '' where they are alike."""
    times = ratio(ahead, behind)
    return "" if times is None else f", at {times:.{1 if times >= 0.1 else 2}f} times the compute"


def _doubts(warnings: dict[str, str]) -> str:
    """The end of a sentence that says which of its rows rest on a warned record; '' where none does."""
    return "".join(f"; {warned.rests_on(variant, names)}" for variant, names in warnings.items() if names)


def _reach(row: Any) -> str:
    if math.isnan(row.low):
        return ""
    low, high = sorted((row.low, row.high)) if row.difference >= 0 else sorted((-row.low, -row.high))
    return f" (95% interval {100 * low:+.2f} to {100 * high:+.2f})"


def _sureness(match: Match) -> str:
    if math.isnan(match.interval.low):
        return " (n = 1, no interval)"
    ends = [f"{100 * end:.2g}%" if math.isfinite(end) else "never" for end in (match.interval.low, match.interval.high)]
    shown = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f" (95% interval {shown}, n = {match.n})".replace("1e+02%", "100%")
