"""Scores that another benchmark measured, kept beside a store's records and never among them.

    copied/<benchmark>-<hash>.json   the scores of one file of results, and what it was

No table of ours, verdict, mean or rank is computed from them: they are shown below, marked as copied.
"""

import csv
import math
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents, files
from bench.core.errors import StoreError

SCHEMA = 1
FOLDER = "copied"
TORCHGEO_BENCH = "torchgeo-bench"
# Columns that every version of its results has (its README, "Output Format"), and rows that are no scores.
NEEDED = (
    "dataset",
    "method",
    "metric_name",
    "metric_value",
    "ci_lower",
    "ci_upper",
    "n_train",
    "n_test",
    "seed",
    "name",
)
NO_SCORES = ("intrinsic_dim", "profile")
# What sets two rows of a model apart.
SETTINGS = ("bands", "normalization", "image_size", "partition")
MOST_ROWS = 100_000


class CopiedScore(BaseModel):
    """One score.

    Attributes:
        dataset: the benchmark's name of the data set.
        evaluation: how features were judged, such as `knn5` or `linear`.
        metric: its name.
        value, low, high: the score and its interval, as printed; None where there is no interval.
        model: the benchmark's name of the model.
        n_train, n_test: samples.
        seed: as printed.
        settings: bands, normalisation, image size, share of the training part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    evaluation: str
    metric: str
    value: float = Field(allow_inf_nan=False)
    low: float | None = None
    high: float | None = None
    model: str
    n_train: int
    n_test: int
    seed: int
    settings: dict[str, str] = Field(default_factory=dict)


class Copied(BaseModel):
    """The scores of one file.

    Attributes:
        schema_version: layout of this file.
        benchmark: whose they are.
        file: its name, without folder.
        sha256: of its content.
        scores: in its order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    benchmark: str
    file: str
    sha256: str
    scores: list[CopiedScore]


def read_torchgeo_bench(path: Path) -> Copied:
    """The scores of a `results.csv` of torchgeo-bench; rows on dimension, time and memory are no scores.

    Raises:
        StoreError: the file is not there, or is none; the message names the line.
    """
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            lacking = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if lacking:
                raise StoreError(f"{path} is no results.csv of torchgeo-bench: it lacks the column {lacking[0]}")
            scores: list[CopiedScore] = []
            for row in reader:
                if len(scores) >= MOST_ROWS:
                    raise StoreError(f"{path} has more than {MOST_ROWS:,} scores: cut it")
                if row["method"] not in NO_SCORES:
                    scores.append(_score(row, f"{path}, line {reader.line_num}"))
    except (OSError, UnicodeDecodeError, csv.Error) as problem:
        why = files.because(problem, "name a results.csv of torchgeo-bench")
        raise StoreError(f"{path} cannot be read{why}") from None
    if not scores:
        raise StoreError(f"{path} holds no score: run torchgeo-bench first")
    return Copied(benchmark=TORCHGEO_BENCH, file=path.name, sha256=files.sha256(path), scores=scores)


def _score(row: dict[str, Any], where: str) -> CopiedScore:
    values = {
        "dataset": row["dataset"],
        "evaluation": row["method"],
        "metric": row["metric_name"],
        "value": row["metric_value"],
        "model": row["name"],
        "settings": {name: row[name] for name in SETTINGS if row.get(name)},
    }
    values |= {name: str(row[name]).removesuffix(".0") for name in ("n_train", "n_test", "seed")}
    low, high = (_number(row[name]) for name in ("ci_lower", "ci_upper"))
    if low is not None and high is not None and low < high:  # it writes 0 and 0 where it has none
        values |= {"low": low, "high": high}
    return documents.parse(CopiedScore, values, where, StoreError)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def keep(root: Path, copied: Copied) -> Path:
    """Write scores into a store; the same file twice is kept once."""
    path = root / FOLDER / f"{copied.benchmark}-{copied.sha256[:16]}.json"
    files.write_json(path, copied.model_dump(mode="json", by_alias=True))
    return path


def read_copied(root: Path) -> list[Copied]:
    """All copied scores of a store, by file.

    Raises:
        StoreError: one of the files is damaged, or of a newer version.
    """
    found = []
    for path in sorted((root / FOLDER).glob("*.json")):
        advice = "delete it and import the results again"
        values = documents.read_json(path, StoreError, advice, (SCHEMA, SCHEMA))
        found.append(documents.parse(Copied, values, path, StoreError))
    return found
