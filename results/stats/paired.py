"""Paired differences between methods and what a test of them can say with few seeds."""

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd

from results import budgets, warned
from results.stats.intervals import Floats, t_interval
from results.summary import BOARD
from results.variants import apart, order

ALPHA = 0.05
_EXACT_UP_TO = 16
_FLIPS = 100_000


def scores_by_pair(frame: pd.DataFrame) -> pd.DataFrame:
    """Scores of one protocol, backbone and fraction: one row a shared (subset seed, train seed), one column a variant.

    Several pretrainings of a variant under one such pair are averaged; a pair that a variant lacks is missing.
    """
    keys = [frame[name].astype("string").fillna("") for name in ("subset_seed", "train_seed")]
    pair = (keys[0] + "/" + keys[1]).where(frame["subset_seed"].notna(), "#" + frame["seed"].astype("string"))
    return frame.assign(pair=pair).pivot_table(index="pair", columns="variant", values="score", aggfunc="mean")


def sign_flip(differences: Sequence[float] | Floats, seed: int = 0) -> float:
    """Two-sided p of the sign-flip test that paired differences are centred on zero (Fisher 1935, section 21).

    All 2^n sign patterns are counted up to n = 16; beyond, 100,000 random ones, the observed one included.

    Args:
        differences: one a pair, at least one.
        seed: of the random patterns.
    """
    values = np.asarray(differences, dtype=np.float64)
    n = len(values)
    if n <= _EXACT_UP_TO:
        signs = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    else:
        signs = np.random.default_rng(seed).choice([-1, 1], size=(_FLIPS, n))
        signs[0] = 1
    observed = abs(values.sum())
    tolerance = 1e-12 * np.abs(values).sum()
    return float(np.mean(np.abs(signs @ values) >= observed - tolerance))


def smallest_p(n: int) -> float:
    """The smallest p that `n` pairs can give: only the observed signs and their mirror image are as extreme."""
    return 2.0 / 2**n if n else 1.0


def holm(p_values: Sequence[float] | Floats) -> Floats:
    """Holm's step-down correction (Holm 1979): adjusted p-values in the order given, at most 1."""
    values = np.asarray(p_values, dtype=np.float64)
    ascending = np.argsort(values, kind="stable")
    steps = values[ascending] * np.arange(len(values), 0, -1)
    adjusted = np.empty_like(values)
    adjusted[ascending] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def pairwise(frame: pd.DataFrame) -> pd.DataFrame:
    """Compare every two variants at every fraction of every protocol and backbone; floors and ceilings not with each other.

    Returns:
        One row a comparison: protocol, protocol_hash, backbone, fraction, `a`, `b`, `n` shared pairs, `difference`
        (mean of a - b), `low` and `high` (95% t interval), `p` (sign-flip), `smallest` (smallest p that n pairs can
        give), `warnings_a` and `warnings_b` (names of the warnings of their records, '' for none), `forward_a` and
        `forward_b` (forward FLOPs of their pretraining; NaN where unknown), `one_a` and `one_b` (whether all records
        rest on one pretraining of a method that trains), `p_holm` (Holm over all comparisons of the protocol and
        backbone, that is, over one table) and `smallest_holm` (what p_holm is at best, if this comparison is the
        clearest of its table).
    """
    rows: list[dict[str, object]] = []
    for values, group in frame.groupby([*BOARD, "fraction"], sort=True):
        said = {str(variant): _said(rows) for variant, rows in group.groupby("variant")}
        scores, beside = scores_by_pair(group), apart(group)
        for first, second in itertools.combinations(sorted(scores.columns, key=order(group)), 2):
            differences = (scores[first] - scores[second]).dropna().to_numpy()
            if len(differences) and not {first, second} <= beside:
                place = dict(zip([*BOARD, "fraction"], values, strict=True))
                doubts = {
                    f"{name}_{end}": said[row][name] for end, row in (("a", first), ("b", second)) for name in _SAID
                }
                rows.append(place | _compare(first, second, differences) | doubts)
    doubted = [f"{name}_{end}" for name in _SAID for end in "ab"]
    names = ["a", "b", "n", "difference", "low", "high", "p", "smallest", *doubted]
    table = pd.DataFrame(rows, columns=[*BOARD, "fraction", *names])
    by_table = table.groupby(BOARD)
    table["p_holm"] = by_table["p"].transform(lambda p: holm(p.to_numpy()))
    table["smallest_holm"] = (table["smallest"] * by_table["p"].transform("size")).clip(upper=1.0)
    return table


def indistinguishable(comparisons: pd.DataFrame, means: pd.DataFrame) -> dict[tuple[str, str, str, float], set[str]]:
    """The variants of each table column that cannot be told apart from its best one at 5% after Holm.

    Args:
        comparisons: of `pairwise`.
        means: of `results.summary.summarise`.

    Returns:
        (protocol, protocol_hash, backbone, fraction) -> variants, the best included, without floors and ceilings; a column in which no comparison
        could have reached 5% is absent, because there the test has nothing to say.
    """
    groups: dict[tuple[str, str, str, float], set[str]] = {}
    for values, column in comparisons.groupby([*BOARD, "fraction"]):
        key = cast("tuple[str, str, str, float]", values)
        if column["smallest_holm"].min() >= ALPHA:
            continue
        here = means[(means[[*BOARD, "fraction"]] == list(key)).all(axis=1)]
        scores = here[~here["variant"].isin(apart(here))].set_index("variant")["mean"]
        best = str(scores.idxmax())
        clear = column[column["p_holm"] < ALPHA]
        beaten = set(clear.loc[clear["a"] == best, "b"]) | set(clear.loc[clear["b"] == best, "a"])
        groups[key] = set(map(str, scores.index)) - beaten
    return groups


_SAID = ("warnings", "forward", "one")


def _said(rows: pd.DataFrame) -> dict[str, object]:
    """What a sentence about a row at one fraction must know beside its scores."""
    return {
        "warnings": warned.names(rows["warning_texts"]),
        "forward": budgets.facts(rows).get("flops_forward", float("nan")),
        "one": budgets.rests_on_one(rows),
    }


def _compare(first: str, second: str, differences: Floats) -> dict[str, object]:
    interval = t_interval(differences)
    return {
        "a": first,
        "b": second,
        "n": len(differences),
        "difference": interval.estimate,
        "low": interval.low,
        "high": interval.high,
        "p": sign_flip(differences),
        "smallest": smallest_p(len(differences)),
    }
