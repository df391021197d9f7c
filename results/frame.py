"""All records of a store as one tidy pandas frame: one row a record."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.core.errors import StoreError
from bench.core.suggest import file_meant
from bench.store.records import Record, read_record
from results import warned
from results.generations import newest
from results.variants import label, options_text

# name -> what it holds; the frame has exactly these columns, in this order.
COLUMNS = {
    "key": "hash of the cell, and the name of its record's file",
    "study": "name of the study that first asked for the cell",
    "method": "registered name of the pretraining method",
    "options": "the method's options as canonical JSON, defaults included, files by their content",
    "row": "name that the study gave the row, or missing where it bears the method's own",
    "variant": "row label: its name, or the method, and the options that tell its variants on this backbone apart",
    "backbone": "registered name of the backbone",
    "task": "kind of problem: seg, cls, det, cloud, change",
    "dataset": "data set of the protocol",
    "protocol": "id of the protocol",
    "protocol_hash": "hash of the protocol's content",
    "fraction": "share of the training labels, in (0, 1]",
    "seed": "index of the draw of labels, from 0; equal indices are paired between methods",
    "pretrain_seed": "derived seed of the pretraining, or missing",
    "subset_seed": "derived seed of the draw of labels, or missing",
    "train_seed": "derived seed of the fine-tuning, or missing",
    "weights": "key of the weights that the cell started from",
    "corpus": "content hash of the pretraining corpus, or missing where nothing was trained",
    "metric": "name of the protocol's headline metric",
    "score": "value of the headline metric, a fraction in [0, 1]",
    "n_train": "labelled samples trained on",
    "n_train_all": "labelled samples at fraction 1",
    "n_test": "samples tested on",
    "steps": "optimiser steps of the fine-tuning",
    "labels": "amount of labels as the study asked for it, or missing where it asked for a fraction",
    "n_labels": "labels used: trained on, selected on and tuned on; missing in records of before",
    "n_beyond": "labels beyond the fraction that selected; missing in records of before",
    "n_classes": "classes of the protocol; missing in records of before",
    "design": "words of the protocol as JSON, see `bench.store.records.Record`",
    "trivial": "score of the best answer that looks at no image, or missing",
    "tuned": "what a grid chose, as JSON; {} where nothing was tuned",
    "settled": "1 where the training had settled, 0 where not, or missing",
    "pretraining": "facts of the weights as JSON: steps, tiles, views, FLOPs, seconds",
    "warnings": "names of the warnings of the weights and of the fine-tuning, sorted, with commas; empty for none",
    "warning_texts": "what was seen, as JSON by the warning's name",
    "synthetic": "whether the data set is synthetic",
    "synthetic_corpus": "whether the pretraining corpus is synthetic; missing where none was read or it is not known",
    "device": "device that the record's provenance names, or missing",
    "pretrained_in": "arithmetic that pretrained the weights; missing where nothing was trained and in records of before",
    "pretrained_on": "processor that pretrained the weights; missing where nothing was trained and in records of before",
    "train_seconds": "wall time of the fine-tuning",
    "eval_seconds": "wall time of the test",
    "peak_rss_mib": "peak resident memory of the cell's process",
}


@dataclass(frozen=True)
class Scan:
    """What a store's `records` folder holds.

    Attributes:
        records: every record that could be read and stands, ordered by key.
        problems: one line for each file that could not, saying what is wrong, where, and what to do.
        superseded: one line for each record set aside because the store holds a newer one of the same cell.
    """

    records: list[Record]
    problems: list[str]
    superseded: list[str]

    @property
    def left_out(self) -> list[str]:
        """What a reader must know: every problem, and the superseded records in one line."""
        if not self.superseded:
            return self.problems
        more = f", and {len(self.superseded) - 1} more that `bench verify` lists" if len(self.superseded) > 1 else ""
        return [*self.problems, f"{self.superseded[0]}{more}"]


def scan(store: Path) -> Scan:
    """Read every record of a store; damaged, foreign and newer files are named and left out.

    Raises:
        StoreError: there is no store at `store`.
    """
    folder = store / "records"
    if not folder.is_dir():
        raise StoreError(
            f"{store} holds no records folder{file_meant(store)}: name a store with --store, or fill one with `bench run`"
        )
    found: list[tuple[Path, Record]] = []
    problems: list[str] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        if path.name.startswith("."):
            continue  # a file that is being written, see bench.core.files
        try:
            found.append((path, _read(path)))
        except StoreError as error:
            problems.append(str(error))
    standing, superseded = newest(found)
    return Scan([record for _, record in standing], problems, superseded)


def load(store: Path | str, on_problem: Callable[[str], object] = warnings.warn) -> pd.DataFrame:
    """Read a store as a tidy frame with the columns of `COLUMNS`.

    Args:
        store: the store's folder.
        on_problem: called with one line for each file that is left out; warns by default.

    Raises:
        StoreError: there is no store at `store`.
    """
    found = scan(Path(store))
    for problem in found.left_out:
        on_problem(problem)
    return from_records(found.records)


def from_records(records: Iterable[Record], rows: Sequence[str | None] | None = None) -> pd.DataFrame:
    """Lay out records as a frame with the columns of `COLUMNS`, one row a record, in the order given.

    Args:
        records: a record may come twice, in two rows; twice in one row it counts once, for it is one repeat.
        rows: name of the row in which each record stands, None for the method's own; by default the name that each
            record bears, which is that of the study that wrote it first.

    Raises:
        ValueError: there are more or fewer names than records.
    """
    records = list(records)
    named = [record.row for record in records] if rows is None else rows
    once = {
        (record.key, record.method if row is None else row): _row(record, row)
        for record, row in zip(records, named, strict=True)
    }
    frame = pd.DataFrame(list(once.values()), columns=list(COLUMNS))
    whole = ("pretrain_seed", "subset_seed", "train_seed", "n_train", "n_train_all", "n_test", "steps")
    for column in (*whole, "n_labels", "n_beyond", "n_classes"):
        frame[column] = frame[column].astype("Int64")
    for column in ("fraction", "score", "trivial", "settled", "train_seconds", "eval_seconds", "peak_rss_mib"):
        frame[column] = frame[column].astype("float64")
    frame["synthetic_corpus"] = frame["synthetic_corpus"].astype("boolean")
    frame["variant"] = label(frame)
    return frame


def _read(path: Path) -> Record:
    """Read one record and make sure that it is the one its file's name promises."""
    if path.suffix != ".json":
        raise StoreError(f"{path} is not a record: only <key>.json belongs here, move it elsewhere")
    record = read_record(path)
    if record.key != path.stem:
        raise StoreError(f"{path} is foreign: it holds the record of key {record.key}, delete it or name it so")
    return record


def _seconds(record: Record) -> dict[str, float]:
    return {"seconds": record.cost["pretrain_seconds"]} if "pretrain_seconds" in record.cost else {}


def _row(record: Record, row: str | None) -> dict[str, object]:
    device, made = record.provenance.get("device"), record.provenance.get("weights", {})
    warning_texts = options_text(record.warnings)
    return {
        "key": record.key,
        "study": record.study,
        "method": record.method,
        "options": options_text(record.options),
        "row": row,
        "backbone": record.backbone,
        "task": record.task,
        "dataset": record.dataset,
        "protocol": record.protocol,
        "protocol_hash": record.protocol_hash,
        "fraction": record.fraction,
        "seed": record.seed,
        "pretrain_seed": record.seeds.get("pretrain"),
        "subset_seed": record.seeds.get("subset"),
        "train_seed": record.seeds.get("train"),
        "weights": record.weights,
        "corpus": record.corpus,
        "metric": record.metric,
        "score": record.score,
        "n_train": record.counts.get("train"),
        "n_train_all": record.counts.get("train_all"),
        "n_test": record.counts.get("test"),
        "steps": record.counts.get("steps"),
        "labels": record.labels,
        "n_labels": record.counts.get("labels_used"),
        "n_beyond": record.counts.get("beyond"),
        "n_classes": record.counts.get("classes"),
        "design": options_text(record.design),
        "trivial": record.trivial,
        "tuned": options_text(record.tuned),
        "settled": record.settled.get("settled"),
        "pretraining": options_text(record.pretraining | _seconds(record)),
        "warnings": warned.names([warning_texts]),
        "warning_texts": warning_texts,
        "synthetic": record.synthetic,
        "synthetic_corpus": record.synthetic_corpus,
        "device": None if device is None else str(device),
        "pretrained_in": made.get("precision") if record.pretraining.get("steps") else None,
        "pretrained_on": made.get("device_name") if record.pretraining.get("steps") else None,
        "train_seconds": record.cost.get("train_seconds"),
        "eval_seconds": record.cost.get("eval_seconds"),
        "peak_rss_mib": record.cost.get("peak_rss_mib"),
    }
