"""Tables of an appendix: methods, options, protocols with their sources, compute, licences and seeds."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from bench.store.records import Record
from results.paper.tables import group_of
from results.tables.layout import Entry, TextGrid
from results.variants import order

if TYPE_CHECKING:
    from results.paper import Data

UNKNOWN = "?"
_HOUR = 3600.0


def methods(frame: pd.DataFrame, cited: Mapping[str, str]) -> TextGrid:
    """Every row: its method, what it started from, its network, and the reference of both."""
    rows = []
    for variant, backbone, method, options in _rows(frame):
        references = [cited[name] for name in (method, backbone) if name in cited]
        cell = Entry(Markup(", ".join(dict.fromkeys(references))))  # noqa: S704 - of `Library.cite`, which escapes
        rows.append([Entry(variant), Entry(method), Entry(group_of(method, options)), Entry(backbone), cell])
    header = ["row", "method", "start", "network", "reference of method, network"]
    return TextGrid("Rows", [], header, 5, rows, frozenset({4}))


def options(frame: pd.DataFrame) -> list[TextGrid]:
    """The options that differ between rows, and those that every row with such an option shares."""
    held = {(variant, backbone): options for variant, backbone, _, options in _rows(frame)}
    values: dict[str, list[str]] = defaultdict(list)
    for each in held.values():
        for name, value in each.items():
            values[name].append(_plain(value))
    several = max(len(held), 1) > 1
    differ = {name for name, found in values.items() if len(set(found)) > 1 or (several and len(found) < len(held))}
    boards = len(set(frame["backbone"]))
    rows = [
        [
            Entry(f"{variant}, {backbone}" if boards > 1 else variant),
            Entry(
                ", ".join(f"{name} = {_plain(value)}" for name, value in sorted(each.items()) if name in differ)
                or "none"
            ),
        ]
        for (variant, backbone), each in held.items()
    ]
    shared = ", ".join(f"{name} = {found[0]}" for name, found in sorted(values.items()) if name not in differ)
    notes = [f"The same in every row: {shared}."] if shared else []
    title = "Options that differ between rows, or that some rows have alone"
    return [TextGrid(title, notes, ["row", "options"], 2, rows, frozenset({1}))]


def protocols(frame: pd.DataFrame, known: Mapping[str, list[tuple[str, str, str]]]) -> list[TextGrid]:
    """Every value of each protocol with its source."""
    grids = []
    for protocol, records in frame.groupby("protocol", sort=True):
        hashes = sorted({str(value) for value in records["protocol_hash"]})
        values = known.get(str(protocol), [])
        note = f"Hash of the content: {', '.join(hashes)}."
        if not values:
            note += " The file of this content is not at hand, so its values cannot be listed."
        rows = [[Entry(name), Entry(value), Entry(source)] for name, value, source in values]
        header = ["value", "is", "source"]
        grids.append(TextGrid(f"Protocol {protocol}", [note], header, 3, rows, frozenset({1, 2})))
    return grids


def compute(records: list[Record], frame: pd.DataFrame) -> TextGrid:
    """What the rows cost: pretrainings with their processors, FLOPs, seconds and hours on GPUs, and fine-tunings."""
    named = dict(zip(frame["key"], frame["variant"], strict=True))
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        groups[named[record.key], record.backbone].append(record)
    place = order(frame)
    rows = []
    for (variant, backbone), mine in sorted(groups.items(), key=lambda item: (item[0][1], place(item[0][0]))):
        weights = {record.weights: record for record in mine}
        trained = [record for record in weights.values() if record.pretraining.get("steps")]
        seconds = [each.cost["pretrain_seconds"] for each in trained if "pretrain_seconds" in each.cost]
        on_gpus = [each.cost.get("pretrain_seconds") for each in trained if _device(each) == "cuda"]
        tuned = sum(record.cost.get("train_seconds", 0.0) + record.cost.get("eval_seconds", 0.0) for record in mine)
        cells = [
            variant,
            backbone,
            str(len(trained)),
            ", ".join(sorted({_where(each) for each in trained})) or "-",
            _mean([each.pretraining.get("flops") for each in trained], "{:.3g}"),
            _mean(seconds, "{:,.0f}") if len(seconds) == len(trained) else UNKNOWN,
            _hours(on_gpus),
            f"{len(mine):,}",
            f"{tuned / _HOUR:,.2f}",
        ]
        rows.append([Entry(cell) for cell in cells])
    header = ["row", "network", "pretrainings", "on", "FLOPs each", "s each", "GPU-hours", "cells", "hours of cells"]
    note = (
        "Pretrainings: those that trained. Seconds and FLOPs are means; GPU-hours are sums over pretrainings on GPUs. Hours "
        "of cells are wall time of fine-tuning and test, without loading. Energy was not measured."
    )
    return TextGrid("Compute", [note], header, 2, rows, frozenset({3}))


def machines(records: list[Record]) -> TextGrid:
    """On which processors, by which versions and revisions the fine-tunings ran."""
    groups: dict[tuple[str, ...], int] = defaultdict(int)
    for record in records:
        said = record.provenance
        libraries = said.get("libraries", {})
        versions = ", ".join(f"{name} {version}" for name, version in sorted(libraries.items()))
        groups[
            str(said.get("device_name") or said.get("device") or UNKNOWN),
            str(said.get("threads", UNKNOWN)),
            f"Python {said.get('python', UNKNOWN)}, geokr-bench {said.get('bench', UNKNOWN)}, {versions or UNKNOWN}",
            str(said.get("revision") or UNKNOWN),
        ] += 1
    rows = [[*map(Entry, where), Entry(f"{number:,}")] for where, number in sorted(groups.items())]
    header = ["processor", "threads", "versions", "revision", "cells"]
    return TextGrid("Where fine-tunings ran", [], header, 4, rows, frozenset({2}))


def licences(data: Iterable[tuple["Data", str]]) -> TextGrid:
    """Data sets, corpora and weights with the terms under which they come.

    Args:
        data: each with its citation in LaTeX.
    """
    rows = [
        [Entry(each.name), Entry(each.kind), Entry(each.licence), Entry(each.source), Entry(Markup(cited))]  # noqa: S704 - of `Library.cite`
        for each, cited in data
    ]
    header = ["name", "is a", "licence, as its owner states it", "from", "reference"]
    return TextGrid("Licences", [], header, 5, rows, frozenset({2, 3, 4}))


def seeds(frame: pd.DataFrame) -> TextGrid:
    """How many repeats each protocol has, and how many different seeds they rest on."""
    rows = []
    for (protocol, backbone), records in frame.groupby(["protocol", "backbone"], sort=True):
        cells = records.groupby(["variant", "fraction"])["seed"].nunique()
        reach = f"{cells.min()}" if cells.min() == cells.max() else f"{cells.min()} to {cells.max()}"
        counted = [records[name].nunique() for name in ("pretrain_seed", "subset_seed", "train_seed")]
        rows.append(
            [Entry(str(protocol)), Entry(str(backbone)), Entry(reach), *(Entry(str(number)) for number in counted)]
        )
    note = "Repeat i of every row sees the same labels and training seed. Every seed stands in seeds.csv."
    header = ["protocol", "network", "repeats", "pretraining seeds", "subset seeds", "training seeds"]
    return TextGrid("Seeds", [note], header, 2, rows)


def seeds_csv(frame: pd.DataFrame) -> str:
    """Every cell with its seeds."""
    names = ["key", "variant", "backbone", "protocol", "fraction", "seed", "pretrain_seed", "subset_seed", "train_seed"]
    return frame[names].sort_values([*names[1:6], "key"]).to_csv(index=False)


def _rows(frame: pd.DataFrame) -> list[tuple[str, str, str, dict[str, Any]]]:
    """Row, network, method and options of each row, in the order of tables."""
    found = frame.drop_duplicates(["variant", "backbone"])
    place = order(frame)
    rows = [
        (str(row.variant), str(row.backbone), str(row.method), json.loads(str(row.options)))
        for row in found.itertuples()
    ]
    return sorted(rows, key=lambda row: (row[1], place(row[0])))


def _device(record: Record) -> str:
    """`cpu` or `cuda`, of the pretraining."""
    return str(record.provenance.get("weights", {}).get("device") or "")


def _where(record: Record) -> str:
    said = record.provenance.get("weights", {})
    return str(said.get("device_name") or said.get("device") or UNKNOWN)


def _hours(seconds: list[float | None]) -> str:
    if None in seconds:
        return UNKNOWN
    return f"{sum(each or 0.0 for each in seconds) / _HOUR:,.2f}"


def _mean(values: Iterable[float | None], form: str) -> str:
    found = list(values)
    known = [value for value in found if value is not None]
    if not found:
        return "-"
    return form.format(sum(known) / len(known)) if len(known) == len(found) else UNKNOWN


def _plain(value: Any) -> str:
    """A value of an option; of a hash some digits."""
    shown = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return f"{shown[:15]}..." if shown.startswith("sha256:") else shown
