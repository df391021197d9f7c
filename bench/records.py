"""The record of one cell: the immutable JSON that every table is computed from."""

import json
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from bench.errors import StoreError

SCHEMA = 1


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


Finite = Annotated[float, AfterValidator(_finite)]


class Record(BaseModel):
    """The result of one fine-tuning: weights x protocol x fraction x seed.

    Attributes:
        schema_version: layout of this file; readers refuse a newer one in words.
        key: hash of everything that can change the numbers; also the file's name.
        study: name of the study that first asked for the cell.
        method: registered name of the pretraining method; `random` for none.
        options: the method's options as they were used, defaults included and files by their content; empty for an
            initialisation.
        backbone: registered backbone name.
        task: kind of problem (`seg`, `cls`, ...).
        dataset: data set of the protocol (`demo-city`, `potsdam`, ...).
        protocol: id of the protocol (`geokr-2021/potsdam`).
        protocol_hash: hash of the protocol's content.
        fraction: share of the training labels, in (0, 1].
        seed: index of the repeat, from 0; the same index means the same subset and training seed for every method.
        seeds: the derived seeds: `pretrain`, `subset`, `train`.
        weights: key of the pretrained weights.
        corpus: content hash of the corpus the weights were trained on; None where nothing was trained.
        metric: name of the protocol's headline metric, a key of `metrics`.
        metrics: all test metrics by name, as fractions in [0, 1] unless the name says otherwise; per-class values are
            named `<metric>/<class>`; a class absent from truth and prediction has no entry.
        counts: sizes by name: `train_asked`, `train`, `train_all`, `val`, `test`, `steps`.
        provenance: versions, device, threads, git revision, host kind; never part of the key.
        cost: `train_seconds`, `eval_seconds`, `peak_rss_mib`; the only part allowed to differ between repeats.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    key: str
    study: str
    method: str
    options: dict[str, Any]
    backbone: str
    task: str
    dataset: str
    protocol: str
    protocol_hash: str
    fraction: float = Field(gt=0, le=1)
    seed: int = Field(ge=0)
    seeds: dict[str, int]
    weights: str
    corpus: str | None
    metric: str
    metrics: dict[str, Finite]
    counts: dict[str, int]
    provenance: dict[str, Any]
    cost: dict[str, Finite]

    @property
    def score(self) -> float:
        """The headline metric's value."""
        return self.metrics[self.metric]

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values."""
        return self.model_dump(mode="json", by_alias=True)


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        StoreError: the file is unreadable, torn, of a newer schema, or not a record.
    """
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{path} is not a readable record ({error}): delete it and run the study again") from None
    schema = value.get("schema") if isinstance(value, dict) else None
    if str(schema).isdecimal() and int(str(schema)) > SCHEMA:
        raise StoreError(f"{path} has schema {schema}, this version reads up to {SCHEMA}: upgrade geokr-bench")
    try:
        record = Record.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise StoreError(f"{path} is not a record: {where}: {first['msg']}") from None
    if record.metric not in record.metrics:
        raise StoreError(f"{path} is not a record: metrics has no {record.metric!r}")
    return record
