"""Which metric a table shows: a record's headline, another it holds, or one computed from its outcomes; and its name."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.core.errors import StoreError
from bench.core.suggest import among
from bench.store.records import Record
from results import outcomes
from results.frame import from_records, scan

# What papers call a metric, where that is not our name for it.
FIELD = {
    "overall_accuracy": "OA",
    "aAcc": "OA",
    "mean_class_accuracy": "AA",
    "F1_macro": "macro-F1",
    "F1_micro": "micro-F1",
    "F1_samples": "example-based F1",
    "F1_batch_mean": "F1 (mean of batches)",
    "mAP_micro": "micro-mAP",
    "AP_small": "APs",
    "AP_medium": "APm",
    "AP_large": "APl",
    "VOC07_AP50": "VOC07 AP50",
    "VOC12_AP50": "VOC12 AP50",
}


@dataclass(frozen=True)
class Chosen:
    """The records of which a metric is known.

    Attributes:
        frame: as of `results.frame`, with the metric and its value in `metric` and `score`; what is trivial is known of
            the headline alone.
        unknown: by protocol, a sentence that says of how many records it is not known.
    """

    frame: pd.DataFrame
    unknown: dict[str, str]


def field_name(name: str) -> str:
    """What papers call a metric: `OA` for `overall_accuracy`, `IoU (car)` for `IoU/car`."""
    metric, slash, which = name.partition("/")
    return FIELD.get(metric, metric) + (f" ({which})" if slash else "")


def choose(store: Path, name: str, on_problem: Callable[[str], object]) -> Chosen:
    """Read the records of a store with another metric than the headline.

    Args:
        store: the store's folder.
        name: of the metric, ours or the field's.
        on_problem: called with one line for each file that is left out.

    Raises:
        StoreError: there is no store, or no record's metric of this name is known.
    """
    found = scan(store)
    for problem in found.left_out:
        on_problem(problem)
    looked = [_look(store, record, name, on_problem) for record in found.records]
    known = {each.record.key: each for each in looked if each.metric is not None}
    if not known:
        have = sorted({metric for each in looked for metric in each.metrics if "/" not in metric})
        without = sum(not each.kept for each in looked)
        few = f"; {without} records keep no outcomes from which more could be computed" if without else ""
        raise StoreError(f"{store} has no record with the metric {name!r}{among(name, have)}{few}")
    frame = from_records([each.record for each in known.values()])
    metric, score = zip(*((each.metric, each.metrics[each.metric or ""]) for each in known.values()), strict=True)
    frame["trivial"] = frame["trivial"].where(frame["metric"] == list(metric))
    frame["metric"], frame["score"] = metric, score
    return Chosen(frame, _unknown(name, looked))


@dataclass(frozen=True)
class _Looked:
    """A record, the name under which it has the wanted metric, all that is known of it, and whether it keeps outcomes."""

    record: Record
    metric: str | None
    metrics: dict[str, float]
    kept: bool


def _look(store: Path, record: Record, name: str, on_problem: Callable[[str], object]) -> _Looked:
    held = _find(name, record.metrics)
    if held is not None:
        return _Looked(record, held, record.metrics, kept=True)
    try:
        evidence = outcomes.read(store, record)
    except StoreError as error:
        on_problem(str(error))
        evidence = None
    metrics = record.metrics | (evidence.outcomes.further() if evidence else {})
    return _Looked(record, _find(name, metrics), metrics, kept=evidence is not None)


def _find(name: str, metrics: dict[str, float]) -> str | None:
    """The metric of this name, or the one that papers call so."""
    if name in metrics:
        return name
    return next((metric for metric in metrics if field_name(metric).casefold() == name.casefold()), None)


def _unknown(name: str, looked: list[_Looked]) -> dict[str, str]:
    """Where records of a kind of task that has a metric keep no outcomes to compute it from."""
    having = {each.record.task for each in looked if each.metric is not None}
    asked = [each for each in looked if each.record.task in having]
    of = Counter(each.record.protocol for each in asked)
    lacking = Counter(each.record.protocol for each in asked if each.metric is None and not each.kept)
    return {
        protocol: f"{name} is not known of {count} of {of[protocol]} records: they keep no outcomes to compute it from."
        for protocol, count in lacking.items()
    }
