"""Labels to match: the share of the labels, all that were used, at which a method reaches a reference's score at all."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bench.core.errors import StudyError
from results import budgets, warned
from results.labels import shares
from results.stats.block_model import scores_by_block, units_of, weights_by_block
from results.stats.efficiency import Crossing, crossing_interval, first_crossing, supported
from results.stats.intervals import Floats, Interval
from results.summary import BOARD
from results.variants import NO_REFERENCE

UNKNOWN = Interval(math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Choice:
    """A row of a table as the user names it: a method or a row label, and optionally its `init`."""

    name: str
    init: str | None = None

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of `frame` that are meant: those of this label, or else all of this method."""
        kept = frame if self.init is None else frame[frame["options"].map(init_of).eq(self.init)]
        exact = kept[kept["variant"] == self.name]
        return exact if len(exact) else kept[kept["method"] == self.name]

    def on(self, board: pd.DataFrame) -> pd.DataFrame:
        """The rows of one protocol and backbone that are meant.

        Args:
            board: of `rows`.

        Raises:
            StudyError: the name fits several variants.
        """
        variants = sorted(set(board["variant"]))
        if len(variants) > 1:
            raise StudyError(f"{self.name} is {len(variants)} rows here: choose one of {', '.join(variants)}")
        return board


def init_of(options: str) -> str | None:
    """What a variant's options say that it started from."""
    init = json.loads(options).get("init")
    return None if init is None else str(init)


@dataclass(frozen=True)
class Match:
    """Labels to match on one protocol and backbone.

    Attributes:
        dataset, protocol, backbone, metric: where.
        method, reference: row labels.
        target: the reference's mean score at fraction 1.
        crossing: where the method's mean curve first reaches it, as far as the interval supports a number.
        interval: 95% interval of that fraction, with infinite ends for beyond all that was measured; NaN with fewer than two
            units of repetition.
        n: units of repetition that the interval rests on (seeds, or pretrainings where seeds share them), or 1.
        warnings: row label -> names of the warnings of its records; a row without one is absent.
        single: row labels whose records all rest on one pretraining of a method that trains.
    """

    dataset: str
    protocol: str
    backbone: str
    metric: str
    method: str
    reference: str
    target: float
    crossing: Crossing
    interval: Interval
    n: int
    warnings: dict[str, str]
    single: frozenset[str] = frozenset()

    def to_json(self) -> dict[str, Any]:
        """Plain values; a fraction that does not exist is null."""
        return {
            "fraction": _finite(self.crossing.fraction),
            "status": self.crossing.kind,
            "low": _finite(self.interval.low),
            "high": _finite(self.interval.high),
            "n": self.n,
            "target": self.target,
            "metric": self.metric,
            "protocol": self.protocol,
            "backbone": self.backbone,
            "method": self.method,
            "reference": self.reference,
            "warnings": self.warnings,
            "single_pretraining": sorted(self.single),
        }


def labels_to_match(frame: pd.DataFrame, method: Choice, reference: Choice) -> list[Match]:
    """Compute labels to match on every protocol and backbone that has the method, and the reference at fraction 1.

    Args:
        frame: records, or published numbers.
        method: the row whose curve is followed.
        reference: the row whose score at fraction 1 is the target.

    Raises:
        StudyError: no protocol has both, a choice fits several variants, or the reference cannot be one.
    """
    matches = []
    # A label is looked for in the whole frame first, so that it means one row on every protocol.
    full_rows = reference.rows(frame)
    if full_rows["method"].isin(NO_REFERENCE).any():
        raise StudyError(
            f"{reference.name} is no reference: its batch norm normalises nothing, which alone costs it points; "
            "compare with random"
        )
    targets = dict(tuple(full_rows.groupby(BOARD)))
    for place, board in method.rows(frame).groupby(BOARD, sort=True):
        if place in targets:
            followed, full = method.on(board), reference.on(targets[place])
            full = full[full["fraction"] == 1.0]
            matches += [_match(followed, full)] if len(full) else []
    if not matches:
        raise StudyError(
            f"no protocol has both {method.name} and {reference.name} at 100% of the labels: "
            f"there are {', '.join(sorted(set(frame['variant'])))}"
        )
    return matches


def keyed(matches: list[Match]) -> dict[str, Match]:
    """Key matches by data set; by protocol, and then backbone, where a data set has several."""
    named: dict[str, Match] = {}
    for match in matches:
        rivals = [other for other in matches if other.dataset == match.dataset]
        protocols = {other.protocol for other in rivals}
        key = match.dataset if len(rivals) == 1 else match.protocol
        named[key if len(protocols) == len(rivals) else f"{match.protocol}, {match.backbone}"] = match
    return named


def _match(followed: pd.DataFrame, full: pd.DataFrame) -> Match:
    means = followed.groupby("fraction")["score"].mean().sort_index()
    target = float(full["score"].mean())
    used = _used(followed, means.index)
    crossing = first_crossing(used, means.to_numpy(), target)
    interval, n = _interval(followed, full, crossing.fraction)
    first = followed.iloc[0]
    both = pd.concat([followed, full])
    said = both.groupby("variant")["warning_texts"].agg(warned.names)
    return Match(
        dataset=str(first["dataset"]),
        protocol=str(first["protocol"]),
        backbone=str(first["backbone"]),
        metric=str(first["metric"]),
        method=str(first["variant"]),
        reference=str(full.iloc[0]["variant"]),
        target=target,
        crossing=supported(crossing, interval, used),
        interval=interval,
        n=n,
        warnings={str(variant): names for variant, names in said.items() if names},
        single=frozenset(str(variant) for variant, rows in both.groupby("variant") if budgets.rests_on_one(rows)),
    )


def _interval(followed: pd.DataFrame, full: pd.DataFrame, estimate: float) -> tuple[Interval, int]:
    """The interval over the seeds that both rows have at every fraction, averaged where they share a pretraining."""
    curves = pd.concat(
        {float(str(fraction)): scores_by_block(group).iloc[:, 0] for fraction, group in followed.groupby("fraction")},
        axis=1,
    )
    target = scores_by_block(full).iloc[:, 0].rename("reference")
    paired = curves.join(target).dropna()
    if len(paired) < 2:
        return UNKNOWN, 1
    first, second = (_weights(rows, paired.index) for rows in (followed, full))
    units = paired.groupby(units_of(first, second)).mean()
    if len(units) < 2:
        return UNKNOWN, 1
    differences = units[curves.columns].to_numpy().T - units["reference"].to_numpy()
    return crossing_interval(_used(followed, curves.columns), differences, estimate), len(units)


def _weights(rows: pd.DataFrame, blocks: pd.Index) -> NDArray[np.object_]:
    """The weights that a row rests on in each of some blocks, whatever the fraction."""
    by_block = weights_by_block(rows, scores_by_block(rows).loc[blocks])
    return np.asarray(by_block[:, 0])


def _used(followed: pd.DataFrame, fractions: Iterable[Any]) -> Floats:
    """Labels used at each fraction, as a share of the training part: what a curve is drawn over."""
    if "n_labels" not in followed:  # published numbers say no more than their fractions
        return np.array(list(fractions), dtype=np.float64)
    over, variant = shares(followed), str(followed.iloc[0]["variant"])
    return np.array([over[variant, float(fraction)] for fraction in fractions])


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
