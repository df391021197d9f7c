"""The record of one cell: the immutable JSON that every table is computed from."""

import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bench.core import documents
from bench.core.errors import StoreError
from bench.core.keys import DIGEST, sealed, unbroken

OLDEST, SCHEMA = 1, 6
# The newest without a digest; older ones are read as this.
_UNSEALED = 5


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


Finite = Annotated[float, AfterValidator(_finite)]
# Keys are names of files and folders: no path, and nothing hidden.
Key = Annotated[str, Field(pattern=r"^\w[\w.-]{0,99}$")]
# Names of others are shown, and a longer one is none.
Name = Annotated[str, Field(max_length=300)]


class Record(BaseModel):
    """The result of one fine-tuning: weights x protocol x fraction x seed.

    Attributes:
        schema_version: layout of this file; readers refuse a newer one in words.
        digest: hash of all else that the file says, by which a change of any value shows; None in records of before, and
            in one that has not been written yet.
        key: hash of everything that can change the numbers; also the file's name.
        study: name of the study that first asked for the cell.
        row: name that this study gave the row, where it gave one; not part of the key.
        axes: where the cell stands on that study's axes: a level of each in words, such as `corpora: demo`; empty where it
            has none. Not part of the key.
        method: registered name of the pretraining method; `random` for none.
        options: the method's options as they enter the key: defaults included but for those added later, and files by their
            content; empty for an initialisation.
        backbone: registered backbone name.
        task: kind of problem (`seg`, `cls`, ...).
        dataset: data set of the protocol (`demo-city`, `potsdam`, ...).
        protocol: id of the protocol (`geokr-2021/potsdam`).
        protocol_hash: hash of the protocol's content.
        fraction: share of the training labels, in (0, 1].
        seed: index of the draw, from 0; the same index means the same subset and training seed for every method. Where a
            protocol draws several subsets in a repeat, subset j of repeat i has index `i * subsets + j`.
        seeds: the derived seeds: `pretrain`, `subset`, `train`.
        weights: key of the pretrained weights.
        corpus: content hash of the corpus the weights were trained on; None where nothing was trained.
        metric: name of the protocol's headline metric, a key of `metrics`.
        metrics: all test metrics by name, as fractions in [0, 1] unless the name says otherwise; per-class values are
            named `<metric>/<class>`; a class absent from truth and prediction has no entry.
        outcomes: SHA-256 of the file `outcomes/<key>.npz`, of which `metrics` are the scores (`bench.store.outcomes`); None
            where the task keeps none, and in records of before. Not part of the key.
        counts: sizes by name: `train` (drawn for this cell), `train_all`, `val`, `test`, `steps` (of the training whose
            weights are tested), `classes`, and of the labels that were read: `labels_used` (trained on, selected and tuned
            on), `selection` (those of the drawn that selected), `beyond` (those beyond the drawn that selected).
        labels: amount of labels as the study asked for it (`5shot`, `50`); None where it asked for a fraction.
        design: words of the protocol that a reader of the number needs: `selection` (the rule that was used: `last`,
            `val`, `within`, `folds`, `untuned`), `draw`, `bn`, `split`, `length`, `of`, and `leaky` where images of the
            test part lie in the training part too; of its data set `label_source`, `kin` (the legend that the row learns
            from its corpus, where the labels are kin to it) and `overlap` (what of the test part lies under the corpus).
        trivial: headline metric of the best answer that looks at no image, such as the most frequent class; None where it
            is not known.
        tuned: what the grid chose, by name, and `trials`; empty where nothing was tuned.
        settled: `loss_slope` and `score_slope`: change over the last fifth of the training, as a share of the loss, and in
            points of the selection score; `settled` is 1 where neither moved any more, else 0.
        pretraining: facts of the weights by name: `steps`, `tiles`, `student_views`, `teacher_views`, `flops_forward`,
            `flops`, `teacher_updates`, `start_left` and what else the method's card counts; empty for an
            initialisation that saw no image.
        warnings: named warnings of the weights and of the fine-tuning, each with one line that says what was seen; a
            number that rests on one is marked in every table.
        synthetic: whether the data set was made by a generator.
        synthetic_corpus: the same of the pretraining corpus; None where nothing was trained.
        provenance: versions, device, threads, git revision, host kind; never part of the key.
        cost: `train_seconds`, `eval_seconds`, `peak_rss_mib`, and `pretrain_seconds` of the weights' steps; the
            only part allowed to differ between repeats.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: int = Field(default=SCHEMA, alias="schema", serialization_alias="schema")
    digest: str | None = None
    key: Key
    study: Name
    row: Name | None = None
    axes: dict[str, str] = Field(default_factory=dict)
    method: Name
    options: dict[str, Any]
    backbone: Name
    task: Name
    dataset: Name
    protocol: Name
    protocol_hash: Name
    fraction: float = Field(gt=0, le=1)
    seed: int = Field(ge=0)
    seeds: dict[str, int]
    weights: Key
    corpus: Name | None
    metric: Name
    metrics: dict[Name, Finite]
    outcomes: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    counts: dict[str, int]
    labels: str | None = None
    design: dict[str, str] = Field(default_factory=dict)
    trivial: Finite | None = None
    tuned: dict[str, float | str] = Field(default_factory=dict)
    settled: dict[str, Finite] = Field(default_factory=dict)
    pretraining: dict[str, Finite] = Field(default_factory=dict)
    warnings: dict[str, str] = Field(default_factory=dict)
    synthetic: bool = False
    synthetic_corpus: bool | None = None
    provenance: dict[str, Any]
    cost: dict[str, Finite]

    @model_validator(mode="before")
    @classmethod
    def _migrate(cls, values: Any) -> Any:
        """Read older schemas: 5 bore no digest, 4 no axes, 3 no outcomes, 2 no design; in 1 provenance said what is synthetic."""
        if not isinstance(values, dict) or values.get("schema", SCHEMA) in {_UNSEALED, SCHEMA}:
            return values
        if values["schema"] in {2, 3, 4}:
            return {**values, "schema": _UNSEALED}
        provenance = values.get("provenance")
        if not isinstance(provenance, dict):
            return values
        plain = {name: value for name, value in provenance.items() if name != "synthetic"}
        made = bool(provenance.get("synthetic", False))
        return {"synthetic": made, **values, "schema": _UNSEALED, "provenance": plain}

    @property
    def score(self) -> float:
        """The headline metric's value."""
        return self.metrics[self.metric]

    def to_json(self) -> dict[str, Any]:
        """The record as plain JSON values, with its digest; one that was read from an older schema bears none."""
        value = self.model_dump(mode="json", by_alias=True, exclude={"digest"})
        return value if self.schema_version < SCHEMA else sealed(value)


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        StoreError: the file is unreadable, torn, changed since it was written, of a newer schema, or not a record.
    """
    advice = "delete it and run the study again"
    value = documents.read_json(path, StoreError, advice, (OLDEST, SCHEMA))
    if (DIGEST in value) != (value["schema"] == SCHEMA) or not unbroken(value):
        raise StoreError(f"{path} was changed after it was written (its digest is another): restore it, or {advice}")
    record = documents.parse(Record, value, f"{path} is not a record", StoreError)
    if record.metric not in record.metrics:
        raise StoreError(f"{path} is not a record: metrics has no {record.metric!r}")
    return record
