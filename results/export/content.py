"""What is exported: a store's records as runs of a tracker, its pretrainings with their curves, and its verdicts."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from bench.core.documents import read_json
from bench.core.errors import StoreError
from bench.store.records import Record
from results.answers import answers
from results.frame import from_records, scan
from results.labels import amounts
from results.summary import BOARD

# Told pieces done, and pieces in all.
Tick = Callable[[int, int], None]
Value = str | int | float | bool | None


@dataclass(frozen=True)
class Run:
    """One record, or one pretraining, as trackers know runs.

    Attributes:
        key: of the record or of the weights: what tells runs apart, for good.
        kind: `cell` or `pretraining`.
        name: row/backbone/protocol/amount/seed of a cell; row/backbone/seed of a pretraining.
        study: that first asked for it.
        params: options, seeds, counts and provenance, flat.
        metrics: all metrics of the test, and what it cost; losses and facts of a pretraining.
        curves: of a pretraining the mean of each loss over its epochs (of many epochs some, evenly spaced).
        tags: keys, warnings and what is synthetic.
    """

    key: str
    kind: str
    name: str
    study: str
    params: dict[str, Value]
    metrics: dict[str, float]
    curves: dict[str, list[float]]
    tags: dict[str, str]


@dataclass(frozen=True)
class Content:
    """What a store holds for export.

    Attributes:
        store: its folder.
        records: that stand, by key.
        runs: pretrainings first, then cells.
        frame: the records as of `results.frame`.
        everything: all records of the store, of which verdicts are computed whatever is exported.
    """

    store: Path
    records: list[Record]
    runs: list[Run]
    frame: pd.DataFrame
    everything: pd.DataFrame

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """The comparisons of what is exported, with the sentence of each (`sentence`)."""
        found = answers(self.store, self.everything, lambda _: None)
        compared = found.comparisons
        places = set(self.frame[[*BOARD, "variant"]].drop_duplicates().itertuples(index=False, name=None))
        here = [
            {(*place, row) for row in (a, b)} <= places
            for *place, a, b in compared[[*BOARD, "a", "b"]].itertuples(index=False, name=None)
        ]
        shown = compared[pd.Series(here, index=compared.index, dtype=bool)]
        return shown.assign(sentence=[each.text for each in found.sentences(shown)]).reset_index(drop=True)


def gather(store: Path, studies: Iterable[str], on_problem: Callable[[str], object]) -> Content:
    """Read a store for export.

    Args:
        store: its folder, or a folder of committed records.
        studies: whose records are exported; none for all.
        on_problem: called with one line for each file that is left out.

    Raises:
        StoreError: there is no store, no record, or a study has none there.
    """
    found = scan(store)
    for problem in found.left_out:
        on_problem(problem)
    wanted, known = set(studies), {record.study for record in found.records}
    if wanted - known:
        raise StoreError(f"{store} has no record of study {min(wanted - known)}: it has {', '.join(sorted(known))}")
    everything = from_records(found.records)
    chosen = {record.key for record in found.records if not wanted or record.study in wanted}
    if not chosen:
        raise StoreError(f"{store} holds no usable record: run a study first with `bench run`")
    records = [record for record in found.records if record.key in chosen]
    frame = everything[everything["key"].isin(chosen)].reset_index(drop=True)
    variants = dict(zip(frame["key"], frame["variant"], strict=True))
    first = {record.weights: record for record in reversed(records)}
    runs = [_pretraining(card, first[key], variants[first[key].key]) for key, card in _cards(store, first).items()]
    said = {tuple(place): amounts(board) for place, board in frame.groupby(BOARD)}
    for record in records:
        place = record.protocol, record.protocol_hash, record.backbone
        runs.append(_cell(record, variants[record.key], said[place][record.fraction]))
    return Content(store, records, runs, frame, everything)


def unique(names: Iterable[str], forbidden: str) -> dict[str, str]:
    """Names with characters that a tracker takes; two that would become one are numbered.

    Args:
        names: of metrics or parameters, which classes of data sets are part of.
        forbidden: a regular expression of one character that is replaced by a dash.
    """
    found: dict[str, str] = {}
    for name in names:
        wanted = plain = re.sub(forbidden, "-", name)
        number = 1
        while plain in found.values():
            number += 1
            plain = f"{wanted}-{number}"
        found[name] = plain
    return found


def _cards(store: Path, wanted: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Cards of the weights that were trained, by key; those that records rest on and the store still has."""
    found = {}
    for key in sorted(wanted):
        path = store / "weights" / key / "card.json"
        if path.is_file():
            card = read_json(path, StoreError, "run the study again")
            if card.get("steps"):
                found[key] = card
    return found


def _cell(record: Record, variant: str, amount: str) -> Run:
    params: dict[str, Value] = {
        name: getattr(record, name)
        for name in ("method", "backbone", "task", "dataset", "protocol", "protocol_hash", "fraction", "labels", "seed")
    }
    params |= {"row": variant, "amount": amount, "metric": record.metric, "study": record.study}
    for part in ("options", "seeds", "counts", "design", "tuned", "axes", "provenance"):
        params |= _flat(part, getattr(record, part))
    metrics = {"score": record.score, **record.metrics, **_prefixed("settled", record.settled)}
    metrics |= _prefixed("pretraining", record.pretraining) | _prefixed("cost", record.cost)
    if record.trivial is not None:
        metrics["trivial"] = record.trivial
    tags = {
        "weights": record.weights,
        "corpus": record.corpus or "",
        "outcomes": record.outcomes or "",
        **_marks(record.warnings, synthetic=record.synthetic, corpus=record.synthetic_corpus),
    }
    name = "/".join((variant, record.backbone, record.protocol, amount, f"seed-{record.seed}"))
    return Run(record.key, "cell", name, record.study, params, metrics, {}, tags)


def _pretraining(card: Mapping[str, Any], cell: Record, variant: str) -> Run:
    params: dict[str, Value] = {name: card.get(name) for name in ("method", "method_version", "backbone", "seed")}
    params |= {"row": variant, "corpus": card.get("corpus_hash"), "study": cell.study}
    for part in ("options", "provenance"):
        params |= _flat(part, card.get(part, {}))
    metrics = _prefixed("loss", card.get("losses", {})) | _prefixed("facts", card.get("facts", {}))
    for when, said in card.get("features", {}).items():
        metrics |= _prefixed(f"features/{when}", said)
    metrics |= _prefixed("cost", card.get("cost", {})) | {"steps": float(card["steps"])}
    tags = {"corpus": card.get("corpus_hash") or ""}
    tags |= _marks(card.get("warnings", {}), synthetic=bool(card.get("synthetic")), corpus=card.get("synthetic"))
    name = f"{variant}/{card['backbone']}/pretraining/seed-{card['seed']}"
    curves = {name: [float(value) for value in values] for name, values in (card.get("curve") or {}).items()}
    return Run(str(card["key"]), "pretraining", name, cell.study, params, metrics, curves, tags)


def _marks(warnings: Mapping[str, str], *, synthetic: bool, corpus: bool | None) -> dict[str, str]:
    return {
        "warnings": ", ".join(sorted(warnings)),
        "synthetic": "yes" if synthetic else "no",
        "synthetic_corpus": {True: "yes", False: "no", None: ""}[corpus],
    }


def _prefixed(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    return {f"{prefix}/{name}": float(value) for name, value in values.items()}


def _flat(prefix: str, value: Any) -> dict[str, Value]:
    """Nested values by their path, such as `provenance.libraries.torch`."""
    if isinstance(value, Mapping):
        return {key: v for name, each in value.items() for key, v in _flat(f"{prefix}.{name}", each).items()}
    return {prefix: value if isinstance(value, (str, int, float, bool)) or value is None else str(value)}
