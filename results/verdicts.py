"""Verdicts in words, each saying how sure it is."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results import warned
from results.budgets import ratio
from results.labels import percent
from results.matching import Choice, Match, labels_to_match
from results.stats.intervals import Interval
from results.stats.measured import TRUSTED
from results.stats.ranking import Separation
from results.stats.simultaneous import ALPHA
from results.variants import REFERENCES

# Difference, as a fraction, up to which two rows count as equal where a study states no other.
WITHIN = 0.01


@dataclass(frozen=True)
class Verdict:
    """One sentence about one protocol and backbone.

    Attributes:
        text: the sentence.
        sure: whether it says that two rows differ, or that they are equal, and is held by its interval.
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
        reached = [match for match in matches if match.crossing.kind in {"at", "at most"}]
        short = [match for match in matches if match.crossing.kind == "not reached"]
        unsure = [match for match in matches if match.crossing.kind == "not separable"]
        verdicts += [Verdict(saving(match), sure=False) for match in reached]
        verdicts += [Verdict(_not_reached(short), sure=False)] if short else []
        verdicts += [Verdict(_not_separable(unsure), sure=False)] if unsure else []
    return verdicts


def saving(match: Match) -> str:
    """A match in words, with its interval and n."""
    reference = subject(match.reference, one=match.reference in match.single)
    goal = f"to do as well as {reference} with all of them"
    if match.crossing.kind == "not reached":
        return _not_reached([match])
    if match.crossing.kind == "not separable":
        return _not_separable([match])
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


def _not_reached(matches: list[Match]) -> str:
    """Those that stay below a reference with all labels."""
    return f"Not even with all labels does this reach {_goal(matches)}: {_names(matches)}{_all_doubts(matches)}."


def _not_separable(matches: list[Match]) -> str:
    """Those of which the scores do not say with how many labels they reach a reference."""
    which = "whether and with how many labels this reaches"
    return f"Not told by these seeds, {which} {_goal(matches)}: {_names(matches)}{_all_doubts(matches)}."


def _goal(matches: list[Match]) -> str:
    first = matches[0]
    return f"{subject(first.reference, one=first.reference in first.single)} at 100% (n = {first.n})"


def _names(matches: list[Match]) -> str:
    """Rows, each with the fewest labels that may be enough."""
    return ", ".join(
        subject(match.method, one=match.method in match.single)
        + (f" (interval from {100 * match.interval.low:.2g}%)" if math.isfinite(match.interval.low) else "")
        for match in matches
    )


def _all_doubts(matches: list[Match]) -> str:
    return _doubts({variant: said for match in matches for variant, said in match.warnings.items()})


def difference(row: Any, holds: str = "", amount: str | None = None, within: float = WITHIN) -> Verdict:
    """A comparison (a row of `results.stats.block_model.compare`) in words.

    Args:
        row: the comparison.
        holds: what becomes of it under variants of the protocol, as of `results.robustness.marks`.
        amount: what the fraction is called, where not by its percent.
        within: difference (as a fraction) up to which two rows count as equal.
    """
    sides = [(row.a, row.one_a, row.forward_a), (row.b, row.one_b, row.forward_b)]
    (ahead, one, spent), (behind, other, theirs) = sides if row.difference >= 0 else sides[::-1]
    first, second = subject(ahead, one=one), subject(behind, one=other)
    cost = _cost(spent, theirs)
    taken = f"; {ahead} took {cost.removeprefix(', at ')} of {behind}" if cost else ""
    rests = (f"; {holds}" if holds else "") + _doubts({row.a: row.warnings_a, row.b: row.warnings_b})
    at = f"At {amount or percent(row.fraction)}"
    points, be = _points(row), "are" if one else "is"
    if math.isnan(row.error):
        above = f"{first} scored {100 * abs(row.difference):.2f} points above {second}"
        return Verdict(f"{at}, {above}{cost}; {_unknown(row)}{rests}.", sure=False)
    sort = "" if row.primary else "exploratory: "
    if row.sure and row.primary and row.measured > TRUSTED:
        said = f"the scores suggest that {first} {be} {points} above {second}{cost}; {_errs(row)}"
    elif row.sure:
        chance = "" if row.primary else f" (q = {row.q:.2g})"
        said = f"{sort}{first} {be} {points} above {second}{cost}{chance}"
    elif row.within <= within:
        said = f"{first} and {second} are equal within {_counted(within)} ({points}){taken}"
    else:
        said = f"{sort}{first} and {second} are not told apart ({points}, {_repeats(row)}{_missing(row)}){taken}"
    exact = f"; the exact test disagrees (p = {row.exact:.2g})" if row.disagree else ""
    return Verdict(f"{at}, {said}{exact}{rests}.", sure=bool(row.sure) or row.within <= within)


def on_images(row: Any, images: Any) -> str:
    """What the test images say of a comparison, in words: of these weights, and of methods on other images.

    Args:
        row: the comparison, as of `difference`.
        images: the same row of `results.doubt.TestImages.by_comparison`.

    Returns:
        '' where nothing is known.
    """
    if not images.seeds:
        return ""
    (ahead, leads), (behind, trails) = _by_lead(row, images.mean, images.favour_a, images.favour_b)
    kind = "images" if images.by_image else "sources"
    over = f"{images.sources} {kind}, mean of {_seeds(images.seeds)}"
    if images.few:
        lead = "" if math.isnan(leads) else f"; {ahead} is ahead on {leads:.0f} of them, {behind} on {trails:.0f}"
        return f"About these weights: too few places to generalise over ({over}){lead}."
    points = _ends(images.mean, images.images_low, images.images_high)
    if images.images_low > 0 or images.images_high < 0:
        said = f"on other images {ahead} is {points} above {behind} ({over}{_each_seed(row, images)})"
    else:
        said = f"on other images {ahead} and {behind} are not told apart ({points}, {over}{_each_seed(row, images)})"
    if math.isnan(images.both_low):
        return f"About these weights: {said}."
    whom = "these pretrainings" if row.one_a or row.one_b else "methods"
    both = _ends(images.mean, images.both_low, images.both_high)
    return f"About these weights: {said}. About {whom}, on other images: {both}."


def claims(*, known: bool) -> list[str]:
    """What the sentences of a store are about, a line each.

    Args:
        known: whether the store keeps outcomes, from which something is known of other test images.
    """
    first = (
        "A sentence is about methods, or about pretrained weights where it says so: other seeds, the same test images."
    )
    if not known:
        return [first, "No outcomes are kept here: what would hold on other test images cannot be known."]
    second = (
        "A line about these weights is about the networks as they are: the same seeds, other images of the same kind. "
        "Both are simultaneous over the primary questions; counts of seeds are not."
    )
    return [first, second]


def across_tasks(table: pd.DataFrame) -> list[str]:
    """A comparison across tasks in words, a sentence for each assumption.

    Args:
        table: the rows of one backbone and reference, as of `results.stats.across.across`.
    """
    first = table.iloc[0]
    tasks = first["tasks"].split(", ")
    if len(tasks) < 2:
        return []
    whom = subject(str(first["reference"]), one=bool(first["one_reference"]))
    head = f"Across {len(tasks)} tasks ({first['tasks']}), in pooled standard deviations of a score, against {whom}"
    if table["these_low"].isna().all():
        return [f"{head}: with so few repeats nothing is known of chance."]
    these = f"For these tasks, nothing assumed of others: {_told(table, 'these')}."
    if table["like_low"].isna().all():
        return [f"{head}. {these}", f"{len(tasks)} tasks are no sample of others, so nothing is said of those."]
    return [f"{head}. {these}", f"For tasks like these, assumed to be a sample of them: {_told(table, 'like')}."]


def _told(table: pd.DataFrame, name: str) -> str:
    """The rows that are told apart from the reference, and the others, each with effect and interval."""
    told: dict[str, list[str]] = {"above": [], "below": [], "not told apart": []}
    for row in _rows(table):
        low, high = getattr(row, f"{name}_low"), getattr(row, f"{name}_high")
        where = "above" if low > 0 else "below" if high < 0 else "not told apart"
        interval = "" if math.isnan(low) else f" [{low:+.2f}, {high:+.2f}]"
        told[where].append(f"{subject(row.row, one=row.one)} {row.effect:+.2f}{interval}")
    return "; ".join(f"{where}: {', '.join(rows)}" for where, rows in told.items() if rows)


def by_rank(ranks: list[tuple[str, Interval]], separation: Separation) -> str:
    """Mean ranks over tasks in words, and what they tell apart."""
    if not ranks or math.isnan(separation.p):
        return ""
    shown = ", ".join(
        f"{name} {rank.estimate:.1f}" + ("" if math.isnan(rank.low) else f" [{rank.low:.1f}, {rank.high:.1f}]")
        for name, rank in sorted(ranks, key=lambda each: each[1].estimate)
    )
    tells = separation.silent or f"{separation.difference:.2f} places tell two rows apart (p = {separation.p:.2g})"
    return f"By mean rank over the tasks: {shown}; {tells}."


def criterion(comparisons: pd.DataFrame) -> list[str]:
    """How the comparisons of a table were judged, a sentence each.

    Args:
        comparisons: of `results.stats.block_model.compare`, at least one of which has an interval.
    """
    first = comparisons.iloc[0]
    asked = "stated before the run" if first["stated"] else "every row against each reference: none were stated"
    family = f"{first['family']} primary question{'' if first['family'] == 1 else 's'} ({asked})"
    lines = [f"Told apart: the 95% interval excludes 0, simultaneous over {family}; block model, moderated variances."]
    if first["level"] < ALPHA:
        lines.append(
            "The number of seeds was chosen by the width of the intervals. For these looks they are intervals of "
            f"{100 * (1 - first['level']):g}%, which at the stop miss in no more than 5% of studies (decision 076)."
        )
    if not comparisons["primary"].all():
        lines.append("All other comparisons are exploratory: at a false discovery rate of 5% over all comparisons.")
    measured = comparisons["measured"].max()
    if measured > TRUSTED:
        lines.append(f"Simulated designs like this one err in up to {100 * measured:.1f}% of studies, not in 5%.")
    return lines


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(table.itertuples())


def _points(row: Any) -> str:
    return _ends(row.difference, row.low, row.high)


def _ends(middle: float, low: float, high: float) -> str:
    """A difference with its interval, in the direction that makes it positive: '4.1 [2.2, 6.0] points'."""
    low, high = (low, high) if middle >= 0 else (-high, -low)
    return f"{100 * abs(middle):.2f} [{100 * low:.2f}, {100 * high:.2f}] points"


def _by_lead(row: Any, mean: float, of_a: float, of_b: float) -> list[tuple[str, float]]:
    """The two rows, the one with the higher mean first, each with a number of its own."""
    sides = [(row.a, of_a), (row.b, of_b)]
    return sides if mean >= 0 else sides[::-1]


def _each_seed(row: Any, images: Any) -> str:
    """In how many seeds one row is ahead by that seed alone, and by McNemar's test: '; in 2 of them alone, ...'."""
    (_, alone), _ = _by_lead(row, images.mean, images.seeds_a, images.seeds_b)
    (_, called), _ = _by_lead(row, images.mean, images.mcnemar_a, images.mcnemar_b)
    if images.seeds == 1 and math.isnan(called):
        return ""
    tested = "" if math.isnan(called) else f", in {called:.0f} by McNemar's test"
    return f"; in {alone:.0f} of them alone{tested}"


def _seeds(number: int) -> str:
    return f"{number} seed{'' if number == 1 else 's'}"


def _counted(within: float) -> str:
    return f"{100 * within:.3g} point{'' if within == WITHIN else 's'}"


def _repeats(row: Any) -> str:
    """Number of repeats, and of pretrainings where several repeats share one: '6 seeds, 3 pretrainings'."""
    seeds = _seeds(row.n)
    return seeds if row.units == row.n else f"{seeds}, {row.units} pretraining{'' if row.units == 1 else 's'}"


def _unknown(row: Any) -> str:
    return f"with {_repeats(row)} nothing is known of chance"


def _missing(row: Any) -> str:
    """What a study of this size could have called; exploratory comparisons were no aim of its size."""
    return f"; {100 * row.callable:.2f} points could be called" if row.primary else f", q = {row.q:.2g}"


def _errs(row: Any) -> str:
    return f"intervals of such designs err in up to {100 * row.measured:.0f}% of studies"


def _cost(ahead: float, behind: float) -> str:
    """The end of a sentence about two rows whose pretrainings differ in compute; '' where they are alike."""
    times = ratio(ahead, behind)
    return "" if times is None else f", at {times:.{1 if times >= 0.1 else 2}f} times the compute"


def _doubts(warnings: dict[str, str]) -> str:
    """The end of a sentence that says which of its rows rest on a warned record; '' where none does."""
    return "".join(f"; {warned.rests_on(variant, names)}" for variant, names in warnings.items() if names)


def _sureness(match: Match) -> str:
    if math.isnan(match.interval.low):
        return " (n = 1, no interval)"
    ends = [
        f"{100 * end:.2g}%" if math.isfinite(end) else "beyond" for end in (match.interval.low, match.interval.high)
    ]
    shown = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    return f" (95% interval {shown}, n = {match.n})".replace("1e+02%", "100%")
