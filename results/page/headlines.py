"""What the page opens with: one sentence a question, and how sure all of them are together."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from results import warned
from results.effects import Effect, Star
from results.robustness import Pair, Robustness, marks
from results.stats.measured import TRUSTED

# Rows that are named one by one where they are not told apart.
_NAMED = 4


@dataclass(frozen=True)
class Headline:
    """What one column says of the rows that were held against one.

    Attributes:
        text: the sentence.
        facts: what it is about, on how many seeds, and how often such intervals err.
        sure: whether it tells two rows apart or shows them equal.
    """

    text: str
    facts: str
    sure: bool


@dataclass(frozen=True)
class Tally:
    """The primary questions together.

    Attributes:
        text: how many of them are told apart, shown equal, or neither.
        error: how often intervals of such a design err, as simulated; '' where nothing is known of chance.
    """

    text: str
    error: str


def headline(
    star: Star, where: str, amount: str, within: float, held: Robustness | None = None, *, blind: bool = False
) -> Headline:
    """Put a star into words.

    Args:
        star: the comparisons.
        where: protocol, and backbone where there are several.
        amount: what the fraction is called.
        within: difference (as a fraction) up to which two rows count as equal.
        held: what became of the protocol's comparisons under variants of it.
        blind: whether no row of the column is above the trivial score.
    """
    known = [effect for effect in star.effects if effect.known]
    if not known:
        scores = _listed([f"{_name(each)} {100 * each.difference:+.1f}" for each in _ordered(star.effects)])
        text = (
            f"On {where} at {amount}, points above {star.against}: {scores}. With one seed nothing is known of chance."
        )
        return Headline(text, _facts(star, star.effects, blind), sure=False)
    above = [each for each in _ordered(known) if each.sure and each.difference > 0]
    below = [each for each in _ordered(known)[::-1] if each.sure and each.difference <= 0]
    equal = [each for each in _ordered(known) if not each.sure and each.within <= within]
    open_ = [each for each in _ordered(known) if not each.sure and each.within > within]
    parts = [*_apart(above, f"above {star.against}"), *_apart(below, f"below {star.against}")]
    said = bool(above or below)
    if equal:
        shown = _listed([f"{_name(each)} ({_points(each)})" for each in equal])
        other = "it" if said else star.against
        parts.append(f"{shown} and {other} are equal within {_counted(within)}")
    parts += _undecided(open_, "it" if said or equal else star.against)
    holds = _holds(star, amount, [*above, *below], held)
    text = f"On {where} at {amount}, {'; '.join([*parts, *holds])}."
    return Headline(text, _facts(star, known, blind), sure=bool(said or equal))


def tally(comparisons: pd.DataFrame, within: float) -> Tally:
    """Count what all primary questions of a store came to.

    Args:
        comparisons: of `results.stats.block_model.compare`.
        within: difference (as a fraction) up to which two rows count as equal.
    """
    asked = comparisons[comparisons["primary"].astype(bool)]
    if asked.empty:
        return Tally("No question was asked, and no row is a reference that the others could be held against.", "")
    known = asked[asked["error"].notna()]
    family, stated = int(asked["family"].iloc[0]), bool(asked["stated"].iloc[0])
    origin = "stated before the run" if stated else "every row against each reference: none were stated"
    if known.empty:
        return Tally(f"{family} primary questions ({origin}). With one repeat nothing is known of chance.", "")
    apart = int(known["sure"].sum())
    equal = int((~known["sure"].astype(bool) & (known["within"] <= within)).sum())
    counts = [f"{apart} told apart", f"{equal} shown equal within {_counted(within)}"]
    counts.append(f"{len(known) - apart - equal} not told apart")
    unknown = family - len(known)
    counts += [f"{unknown} without repeats or records"] if unknown else []
    text = f"{family} primary questions ({origin}): {', '.join(counts)}."
    worst = float(known["measured"].max())
    error = (
        f"The 95% intervals are right together: in {100 * worst:.1f}% of simulated studies of a design like this one, "
        f"in which no rows differ, any of them is wrong (nominal 5%)."
    )
    suggests = f" That is more than {100 * TRUSTED:.0f}%, so sentences say “suggest”." if worst > TRUSTED else ""
    return Tally(text, error + suggests)


def _ordered(effects: Sequence[Effect]) -> list[Effect]:
    return sorted(effects, key=lambda each: -each.difference)


def _apart(effects: list[Effect], side: str) -> list[str]:
    """Rows that are told apart on one side: 'geokr is 4.1 [2.2, 6.0], moco 3.0 [1.1, 4.9] points above random'."""
    if not effects:
        return []
    shown = [
        f"{_name(each)}{' is' if at == 0 else ''} {_points(each)}{_cost(each)}{_exact(each)}"
        for at, each in enumerate(effects)
    ]
    suggests = "the scores suggest that " if max(each.measured for each in effects) > TRUSTED else ""
    return [f"{suggests}{', '.join(shown)} points {side}"]


def _undecided(effects: list[Effect], other: str) -> list[str]:
    """Rows that are not told apart: by name where they are few, else the one whose difference is largest."""
    if not effects:
        return []
    far = max(effects, key=lambda each: abs(each.difference))
    side = "above" if far.difference > 0 else "below"
    largest = f"{_name(far)}, {_points(far)} points {side}"
    if len(effects) == 1:
        return [f"{_name(far)} is not told apart from {other} ({_points(far)} points {side})"]
    if len(effects) <= _NAMED:
        names = _listed([_name(each) for each in effects])
        return [f"{names} are not told apart from {other} (the furthest: {largest})"]
    rows = f"none of {len(effects)} rows is" if other != "it" else f"the {len(effects)} other rows are not"
    return [f"{rows} told apart from {other} (the furthest: {largest})"]


def _name(effect: Effect) -> str:
    return f"{effect.row}{warned.mark(effect.warned)}"


def _points(effect: Effect) -> str:
    low, high = (effect.low, effect.high) if effect.difference > 0 else (-effect.high, -effect.low)
    return f"{100 * abs(effect.difference):.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _cost(effect: Effect) -> str:
    return "" if effect.times is None else f" (at {effect.times:.1f} times the compute)"


def _exact(effect: Effect) -> str:
    return " (the exact test disagrees)" if effect.disagree else ""


def _holds(star: Star, amount: str, effects: list[Effect], held: Robustness | None) -> list[str]:
    """What becomes of the differences under variants of the protocol."""
    said = []
    for each in effects if held else []:
        assert held is not None
        pairs = [Pair(each.row, star.against, amount), Pair(star.against, each.row, amount)]
        told = next((text for pair in pairs if pair in held.base and (text := marks(held, pair))), "")
        said += [f"{each.row}: {told}"] if told else []
    return said


def _facts(star: Star, effects: list[Effect], blind: bool) -> str:
    """What a sentence is about, on how many seeds, what could have been called, and how often its intervals err."""
    facts = [_about(star, effects), _repeats(effects)]
    if any(each.known for each in effects):
        low, high = min(each.callable for each in effects), max(each.callable for each in effects)
        reach = f"{100 * low:.1f}" if f"{low:.3f}" == f"{high:.3f}" else f"{100 * low:.1f} to {100 * high:.1f}"
        worst = max(each.measured for each in effects)
        facts += [f"{reach} points could be called", f"intervals of such designs err in {100 * worst:.1f}% of studies"]
    facts += ["no row of the column is above the trivial score (§)"] if blind else []
    return "; ".join(facts)


def _about(star: Star, effects: list[Effect]) -> str:
    """Methods, or the weights of a single pretraining."""
    single = [each.row for each in effects if each.one] + [star.against] * any(each.other for each in effects)
    rows = {star.against, *(each.row for each in effects)}
    if not single:
        return "about methods"
    if len(single) >= len(rows) - 1 and star.against not in single:
        return "about these weights: one pretraining a row"
    return f"about methods, but of {_listed(single)} about these weights: one pretraining"


def _repeats(effects: list[Effect]) -> str:
    fewest, most = min(each.n for each in effects), max(each.n for each in effects)
    seeds = f"{most} seed{'' if most == 1 else 's'}" if fewest == most else f"{fewest} to {most} seeds"
    units = {each.units for each in effects}
    if all(each.units == each.n for each in effects):
        return seeds
    shown = f"{min(units)} to {max(units)}" if len(units) > 1 else str(max(units))
    return f"{seeds}, {shown} pretraining{'' if max(units) == 1 else 's'}"


def _counted(within: float) -> str:
    return f"{100 * within:.3g} point{'' if within == 0.01 else 's'}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
