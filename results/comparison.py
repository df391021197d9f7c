"""Reproduced cells beside the published ones, protocol by protocol."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from results import published, warned
from results.matching import init_of
from results.stats.intervals import Interval, t_interval
from results.summary import BOARD
from results.tables.layout import record_notes

INITIALISATIONS = ("random", "imagenet")
# Values of a protocol file that name it and move no number.
_NAMES = {"id", "title", "sources", "version", "fractions"}
ProtocolValues = Callable[[str], Mapping[str, Any] | None]


@dataclass(frozen=True)
class ScorePair:
    """One published score and ours.

    Attributes:
        protocol, protocol_hash, backbone, variant, fraction: which cell; the hash is that of our records.
        table: the paper's table.
        published: the printed score.
        ours: our mean with its 95% t interval over seeds.
        n: our seeds.
        warnings: names of the warnings of our records, '' for none.
    """

    protocol: str
    protocol_hash: str
    backbone: str
    variant: str
    fraction: float
    table: str
    published: float
    ours: Interval
    n: int
    warnings: str

    @property
    def difference(self) -> float:
        """Ours minus published."""
        return self.ours.estimate - self.published

    @property
    def units(self) -> float:
        """The difference in half-widths of our interval; NaN where there is none."""
        return self.difference / self.ours.half_width if self.ours.half_width > 0 else math.nan

    @property
    def outside(self) -> bool | None:
        """Whether the printed score lies outside our interval; None where we have no interval."""
        return None if math.isnan(self.ours.low) else not self.ours.low <= self.published <= self.ours.high


@dataclass(frozen=True)
class Comparison:
    """A store beside a source.

    Attributes:
        source: name of the source.
        pairs: cells that both have.
        differences: protocol -> what keeps the two from being the same measurement, one line each.
        notes: protocol -> notes on our rows: names that a study gave, what is synthetic, and warnings.
        not_compared: our protocols on the source's data sets that are not the source's protocol, and why.
        open: number of published cells that we have no score for, by protocol.
    """

    source: str
    pairs: list[ScorePair]
    differences: dict[str, list[str]]
    notes: dict[str, list[str]]
    not_compared: list[str]
    open: dict[str, int]


def compare(frame: pd.DataFrame, source: str, protocol_values: ProtocolValues) -> Comparison:
    """Put reproduced cells beside published ones of the same protocol, backbone, method, initialisation and fraction.

    Args:
        frame: our records.
        source: name of the published numbers.
        protocol_values: a protocol's values by id, None for an unknown one; their `sources` say what is ours.

    Raises:
        StudyError: there is no such source.
    """
    printed = published.load(source)
    cells = _cells(frame)
    pairs, missing = [], dict.fromkeys(printed["protocol"], 0)
    for row in printed.itertuples():
        found = cells.get((row.protocol, row.backbone, row.method, row.init, _rounded(row.fraction)), [])
        missing[str(row.protocol)] += not found
        pairs += [_pair(row, version, variant, cell) for version, variant, cell in found]
    shared = dict.fromkeys(pair.protocol for pair in pairs)
    return Comparison(
        source=source,
        pairs=pairs,
        differences={name: _differences(frame, printed, name, source, protocol_values) for name in shared},
        notes={name: _notes(frame, [pair for pair in pairs if pair.protocol == name]) for name in shared},
        not_compared=_not_compared(frame, printed, protocol_values),
        open={name: count for name, count in missing.items() if count},
    )


def _cells(frame: pd.DataFrame) -> dict[tuple[object, ...], list[tuple[str, str, pd.DataFrame]]]:
    """Our records by what a published row is found by: for each the protocol's version, the variant and its records."""
    unsaid = frame["method"].isin(INITIALISATIONS).map({True: "none", False: "random"})
    init = frame["options"].map(init_of).fillna(unsaid)
    cells: dict[tuple[object, ...], list[tuple[str, str, pd.DataFrame]]] = defaultdict(list)
    place = ["protocol", "backbone", "method", "init", "fraction", "protocol_hash", "variant"]
    for values, cell in frame.assign(init=init).groupby(place):
        *found_by, fraction, version, variant = values
        cells[*found_by, _rounded(fraction)].append((str(version), str(variant), cell))
    return cells


def _notes(frame: pd.DataFrame, pairs: list[ScorePair]) -> list[str]:
    """What a reader must know of our rows on one protocol, by version and backbone, each sentence once."""
    rows = frame[(frame["protocol"] == pairs[0].protocol) & frame["variant"].isin({pair.variant for pair in pairs})]
    return list(dict.fromkeys(note for _, board in rows.groupby(BOARD) for note in record_notes(board)))


def _rounded(fraction: Any) -> float:
    """A fraction by which two that were computed in different ways are found equal."""
    return round(float(fraction), 9)


def _pair(row: Any, version: str, variant: str, cell: pd.DataFrame) -> ScorePair:
    return ScorePair(
        protocol=row.protocol,
        protocol_hash=version,
        backbone=row.backbone,
        variant=variant,
        fraction=float(row.fraction),
        table=row.table,
        published=float(row.score),
        ours=t_interval(cell["score"].to_numpy()),
        n=len(cell),
        warnings=warned.names(cell["warning_texts"]),
    )


def _differences(
    frame: pd.DataFrame, printed: pd.DataFrame, protocol: str, source: str, protocol_values: ProtocolValues
) -> list[str]:
    notes = published.about(source)["notes"]
    lines = [*notes.get("all", []), *notes.get(protocol, [])]
    theirs = printed.loc[printed["protocol"] == protocol, "metric"].iloc[0]
    ours = frame.loc[frame["protocol"] == protocol, "metric"].iloc[0]
    if _plain(theirs) != _plain(ours):
        lines.append(f"the metric is {theirs} there and {ours} here")
    values = protocol_values(protocol)
    if values is None:
        lines.append("our protocol file is not known here, so its own choices cannot be named")
    else:
        chosen = sorted(name for name, origin in values.get("sources", {}).items() if str(origin).startswith("ours"))
        lines += [f"ours where the source is silent: {', '.join(chosen)}"] if chosen else []
    return lines


def _not_compared(frame: pd.DataFrame, printed: pd.DataFrame, protocol_values: ProtocolValues) -> list[str]:
    """Our protocols that share a data set with the source and are another measurement."""
    theirs = dict(zip(printed["dataset"], printed["protocol"], strict=True))
    others = frame.loc[~frame["protocol"].isin(printed["protocol"]), ["dataset", "protocol"]].drop_duplicates()
    lines = []
    for dataset, protocol in zip(others["dataset"], others["protocol"], strict=True):
        if dataset in theirs:
            changed = _changed(protocol_values(theirs[dataset]), protocol_values(protocol))
            lines.append(f"{protocol} is another protocol than {theirs[dataset]}: {changed}")
    return lines


def _changed(theirs: Mapping[str, Any] | None, ours: Mapping[str, Any] | None) -> str:
    if theirs is None or ours is None:
        return "its file is not known here"
    left, right = _flat(theirs), _flat(ours)
    names = [name for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)]
    changed = [f"{name} {left.get(name)} there, {right.get(name)} here" for name in names]
    return "; ".join(changed) or "only its name differs"


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if prefix or name not in _NAMES:
            flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


def _plain(metric: str) -> str:
    """A metric's name without the spelling."""
    return "".join(char for char in metric.lower() if char.isalnum())
