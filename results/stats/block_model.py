"""The block model: what two rows differ by, and what of it may be said.

Within a column (protocol, backbone, amount of labels): score = mean + row + block + error. A block is a (subset seed,
train seed) pair that all rows share, so it cancels in the difference of two rows over their shared blocks. Columns have
nothing in common but how variable differences are (`results.stats.moderation`).

**Units of repetition.** A pretraining is a random factor nested in its row: repeats that start from one pretraining of a
row are not independent. The differences of such repeats are averaged first, and the variance is that of the averages:
with k pretrainings of m repeats each it is the mean square between pretrainings, whose expectation holds the variance of
the pretrainings and that of the repeats in the proportion in which the mean has them, with k - 1 degrees of freedom
(Satterthwaite's, exact for a balanced design). A row with a single pretraining is taken as given: a sentence about it is
about these weights.

The scale is that of the scores, also near 0 and 1 (decision 069).
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtr

from bench.store.questions import Question
from results import budgets, warned
from results.stats.family import Asked, asked
from results.stats.intervals import Floats, Indices
from results.stats.measured import measured_error
from results.stats.moderation import Pairs, moderate
from results.stats.paired import EXACT_FROM, sign_flip, smallest_p
from results.stats.planning import callable_difference
from results.stats.simultaneous import ALPHA, Family, false_discovery
from results.summary import BOARD
from results.variants import apart, order

COLUMN = [*BOARD, "fraction"]
_SAID = ("warnings", "forward", "one")


@dataclass(frozen=True)
class Difference:
    """Two rows of a column over their shared units.

    Attributes:
        place: of the column, as `COLUMN`.
        a, b: labels of the rows.
        n: shared seeds.
        units: mean difference of the scores in each unit of repetition.
        mean: mean difference over all shared seeds.
    """

    place: tuple[Any, ...]
    a: str
    b: str
    n: int
    units: Floats
    mean: float


def compare(frame: pd.DataFrame, questions: Collection[Question] = (), level: float = ALPHA) -> pd.DataFrame:
    """Compare every two rows of every column; floors and ceilings not with each other.

    The frame must hold all records of a store, and the questions all that were stated in it: what a reader leaves out
    afterwards changes no number.

    Args:
        frame: records as of `results.frame`.
        questions: the primary questions; without any, every row against each reference (`results.stats.family`).
        level: nominal error that makes 5%: lower where the number of seeds followed from the intervals
            (`results.stats.stopping`). Intervals are as wide as it asks for, and each p is larger by 5% over it.

    Returns:
        One row a comparison: protocol, protocol_hash, backbone, fraction, `a`, `b`;
        `n` shared seeds, `units` of repetition (fewer where repeats share a pretraining);
        `difference`: mean of a - b; `error`: its standard error, `df`: the degrees of freedom of that;
        `primary`: whether it was asked before; `low`, `high`: 95% interval, simultaneous over all primary questions where
        it is one of them, else of its own;
        `p`: adjusted over the primary questions likewise, `p_single`: of its own, `q`: false discovery rate over all
        comparisons of the frame;
        `sure`: primary and the interval excludes 0, or exploratory and q is at most 5%;
        `within`: the smallest distance from 0 within which the difference is shown to lie (TOST), NaN if exploratory;
        `callable`: the difference that would be called with 80% power;
        `measured`: share of studies of this design in which an interval of the family is wrong, as simulated;
        `exact`: p of the exact sign-flip test, from five units on; `disagree`: whether it contradicts `p_single`;
        `family`: number of primary questions, `stated`: whether they were stated before the records were made;
        `level`: as given;
        `warnings_a`, `warnings_b`, `forward_a`, `forward_b`, `one_a`, `one_b`: what a sentence must know of each row.
        Where there is one unit, no number but the difference is known.
    """
    found = [each for place, column in frame.groupby(COLUMN, sort=True) for each in _differences(place, column)]
    family = asked(frame, ((each.place, each.a, each.b) for each in found), questions)
    table = pd.DataFrame([_known(each, family) for each in found], columns=[*COLUMN, *_KNOWN])
    judged = _judge(found, family, level)
    for name in _JUDGED:
        table[name] = [row[name] for row in judged]
    table["q"] = float("nan")
    tested = table["p_single"].notna()
    table.loc[tested, "q"] = false_discovery(table.loc[tested, "p_single"].to_numpy())
    clear = (table["low"] > 0) | (table["high"] < 0)
    table["sure"] = np.where(table["primary"], clear, table["q"] <= ALPHA)
    known = table.assign(family=family.family.size, stated=family.stated, level=level)
    return known.join(_said(frame, table))


def _differences(place: tuple[Any, ...], column: pd.DataFrame) -> Iterable[Difference]:
    """The comparisons of one column, by the order of its rows."""
    scores = scores_by_block(column)
    rows, values = list(scores.columns), scores.to_numpy()
    weights = weights_by_block(column, scores)
    beside, place_of = apart(column), order(column)
    for i, j in itertools.combinations(sorted(range(len(rows)), key=lambda at: place_of(str(rows[at]))), 2):
        a, b = str(rows[i]), str(rows[j])
        shared = ~np.isnan(values[:, i] - values[:, j])
        if not shared.any() or {a, b} <= beside:
            continue
        of_unit = units_of(weights[shared, i], weights[shared, j])
        difference = values[shared, i] - values[shared, j]
        units = np.array([difference[of_unit == unit].mean() for unit in dict.fromkeys(of_unit.tolist())])
        yield Difference(place, a, b, len(difference), units, float(difference.mean()))


def scores_by_block(column: pd.DataFrame) -> pd.DataFrame:
    """Scores of one column: one row a shared (subset seed, train seed), one column a variant.

    Several pretrainings of a variant under one such pair are averaged; a block that a variant lacks is missing.
    """
    return column.assign(block=block_of(column)).pivot_table(
        index="block", columns="variant", values="score", aggfunc="mean"
    )


def weights_by_block(column: pd.DataFrame, like: pd.DataFrame) -> NDArray[np.object_]:
    """The weights that each score of `scores_by_block` rests on, as sets, in its order."""
    held: dict[tuple[str, str], set[str]] = defaultdict(set)
    for block, variant, weights in zip(block_of(column), column["variant"], column["weights"], strict=True):
        held[block, variant].add(weights)
    found = np.empty(like.shape, dtype=object)
    for (i, block), (j, variant) in itertools.product(enumerate(like.index), enumerate(like.columns)):
        found[i, j] = frozenset(held[block, variant])
    return found


def block_of(column: pd.DataFrame) -> pd.Series:
    """The block of each record of a column, by the seeds that its rows share; by the repeat in records without them."""
    keys = [column[name].astype("string").fillna("") for name in ("subset_seed", "train_seed")]
    return (keys[0] + "/" + keys[1]).where(column["subset_seed"].notna(), "#" + column["seed"].astype("string"))


def units_of(first: NDArray[np.object_], second: NDArray[np.object_]) -> Indices:
    """Number of the unit of each block: blocks that share weights of a row are one, unless all share a single one."""
    unit = np.arange(len(first))
    for keys in (first, second):
        if len(set(keys)) == 1 and len(keys[0]) == 1:
            continue  # one pretraining, or one file: the sentence is about these weights
        holders: dict[str, int] = {}
        for block, held in enumerate(keys):
            for key in held:
                other = holders.setdefault(key, block)
                unit[unit == unit[block]] = unit[other]
    return unit


_KNOWN = ["a", "b", "n", "units", "difference", "primary"]
_JUDGED = ["error", "df", "low", "high", "p", "p_single", "within", "callable", "measured", "exact", "disagree"]


def _known(each: Difference, family: Asked) -> dict[str, Any]:
    place = dict(zip(COLUMN, each.place, strict=True))
    primary = (each.place, frozenset((each.a, each.b))) in family.primary
    values = (each.a, each.b, each.n, len(each.units), each.mean, primary)
    return place | dict(zip(_KNOWN, values, strict=True))


def _judge(found: list[Difference], family: Asked, level: float) -> list[dict[str, Any]]:
    """Errors, intervals and p of the comparisons, in their order; NaN where there is one unit."""
    spread = [at for at, each in enumerate(found) if len(each.units) > 1]
    rows: list[dict[str, Any]] = [dict.fromkeys(_JUDGED, math.nan) | {"disagree": False} for _ in found]
    if not spread:
        return rows
    # On the scale of one repeat, so that a mean over m repeats is comparable with single ones.
    repeats = np.array([found[at].n / len(found[at].units) for at in spread])
    variance = np.array([found[at].units.var(ddof=1) for at in spread]) * repeats
    moderated = moderate(variance, _pairs([found[at] for at in spread]))
    for number, at in enumerate(spread):
        each = found[at]
        error, df = math.sqrt(moderated.variance[number] / each.n), float(moderated.df[number])
        rows[at] = _verdict(each, error, df, family, level)
    return rows


def _pairs(found: list[Difference]) -> Pairs:
    names = {
        name: number for number, name in enumerate(dict.fromkeys(row for each in found for row in (each.a, each.b)))
    }
    places = {place: number for number, place in enumerate(dict.fromkeys(each.place for each in found))}
    return Pairs(
        np.array([names[each.a] for each in found]),
        np.array([names[each.b] for each in found]),
        np.array([places[each.place] for each in found]),
        np.array([len(each.units) - 1.0 for each in found]),
    )


_ALONE = Family.of([("", "a", "b")])


def _verdict(each: Difference, error: float, df: float, family: Asked, level: float) -> dict[str, Any]:
    primary = (each.place, frozenset((each.a, each.b))) in family.primary
    judge = family.family if primary else _ALONE
    middle = float(each.units.mean())
    t = abs(middle) / error if error else (math.inf if middle else 0.0)
    critical = judge.critical(df, level)
    reach, narrow = critical * error, judge.critical(df, 2 * level) * error
    single = 2 * float(stdtr(df, -t))
    flips = sign_flip(each.units) if len(each.units) >= EXACT_FROM else math.nan
    within_reach = max(ALPHA, smallest_p(len(each.units)))
    return {
        "error": error,
        "df": df,
        "low": middle - reach,
        "high": middle + reach,
        "p": min(judge.p_value(t, df) * ALPHA / level, 1.0) if math.isfinite(t) else 0.0,
        "p_single": min(single * ALPHA / level, 1.0),
        "within": abs(middle) + narrow if primary else math.nan,
        "callable": callable_difference(error, df, critical),
        "measured": measured_error(family.rows, len(each.units), family.family) if primary else math.nan,
        "exact": flips,
        # Both at the level that the exact test can reach with so few units.
        "disagree": not math.isnan(flips) and (single < within_reach) != (flips <= within_reach),
    }


def _said(frame: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """What a sentence about each comparison must know of its rows beside their scores."""
    facts = {
        (*place, str(variant)): {
            "warnings": warned.names(rows["warning_texts"]),
            "forward": budgets.facts(rows).get("flops_forward", math.nan),
            "one": budgets.rests_on_one(rows),
        }
        for (*place, variant), rows in frame.groupby([*COLUMN, "variant"], sort=True)
    }
    places = table[COLUMN].itertuples(index=False, name=None)
    keys = list(zip(places, table["a"], table["b"], strict=True))
    columns = {
        f"{name}_{end}": [facts[(*place, rows[side])][name] for place, *rows in keys]
        for name in _SAID
        for side, end in enumerate("ab")
    }
    return pd.DataFrame(columns, index=table.index)
