"""The two kinds of work, as plain values that an engine can send to another process."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.core.bands import RGB, Bands
from tasks.protocols import Protocol


class Answer(StrEnum):
    """What a worker says of a job: it did the work, found it done, or found another process at it."""

    DONE = "done"
    FOUND = "found"
    BUSY = "busy"


class PretrainJob(BaseModel):
    """One pretraining; its product is `weights/<key>/`, shared by all cells that start from it.

    An oracle's learns a protocol's own training part with its labels, and so belongs to the cells of that protocol alone.

    Attributes:
        key: hash of all that can change the weights.
        row: name of the study's row that first asks for it, None for the method's own; not part of the key.
        method, options, backbone: what is trained; a method with a network of its own has that for a backbone.
        identity: the options as they enter the key and stand in records: files by their content, not by a path of this
            machine.
        corpus: folder of the corpus; None for an initialisation.
        corpus_hash: content hash of the corpus.
        seed: pretraining seed.
        facts: what is known of the training before it runs (`bench.pretraining.options.Facts`), and its warnings.
        bands: of the images that the backbone sees.
        input: of what trains on no corpus, the statistics that bands other than 8-bit red, green and blue are fed with;
            None where the method says them.
        protocol: of an oracle, what it learns; None for all others.
        data: of an oracle, folder of the prepared data set.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    row: str | None = None
    method: str
    options: dict[str, Any]
    identity: dict[str, Any]
    backbone: str
    corpus: str | None
    corpus_hash: str | None
    seed: int
    facts: dict[str, float] = Field(default_factory=dict)
    warnings: dict[str, str] = Field(default_factory=dict)
    bands: Bands = RGB
    input: dict[str, Any] | None = None
    protocol: Protocol | None = None
    data: str | None = None

    @property
    def takes_time(self) -> bool:
        """Whether it reads a corpus or a data set, to train or to calibrate."""
        return self.corpus is not None or self.protocol is not None

    @property
    def label(self) -> str:
        """Short name for progress and messages."""
        learnt = f" {self.protocol.id}" if self.protocol else ""
        return f"pretrain {self.row or self.method} {self.backbone}{learnt}"


class Cell(BaseModel):
    """One fine-tuning; its product is `records/<key>.json`.

    Attributes:
        key: hash of all that can change the metrics.
        study: name of the study.
        row: name that the study gives the row, None for the method's own; not part of the key.
        axes: where it stands on the study's axes, in words; not part of the key.
        pretrain: the job whose weights it starts from.
        board: backbone on whose board the row stands, where the pretraining's network is the method's own.
        protocol: the whole protocol, so that a worker needs no file of it.
        data: folder of the prepared data set.
        fraction: of the training labels, in (0, 1].
        labels: amount of labels as the study asked for it, where not by fraction.
        corpus: folder of the study's corpus, where the protocol takes batch norm's statistics from it.
        seed: its index, from 0.
        subset_seed, train_seed: derived seeds.
        design, warnings: what was known before it ran of corpus and data set together, for the record.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    study: str
    row: str | None = None
    axes: dict[str, str] = Field(default_factory=dict)
    pretrain: PretrainJob
    board: str | None = None
    protocol: Protocol
    data: str
    fraction: float
    labels: str | None = None
    corpus: str | None = None
    seed: int
    subset_seed: int
    train_seed: int
    design: dict[str, str] = Field(default_factory=dict)
    warnings: dict[str, str] = Field(default_factory=dict)

    @property
    def backbone(self) -> str:
        """Backbone on whose board the row stands."""
        return self.board or self.pretrain.backbone

    @property
    def amount(self) -> str:
        """How many labels, in words: as they were asked for, else a fraction."""
        return self.labels or f"{self.fraction:.4g}"

    @property
    def label(self) -> str:
        """Short name for progress and messages."""
        return f"{self.row or self.pretrain.method} {self.backbone} {self.protocol.id} {self.amount} seed {self.seed}"
