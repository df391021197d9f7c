"""The two kinds of work, as plain values that an engine can send to another process."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.protocols import Protocol


class PretrainJob(BaseModel):
    """One pretraining; its product is `weights/<key>/`, shared by all cells that start from it.

    Attributes:
        key: hash of all that can change the weights.
        method, options, backbone: what is trained.
        identity: the options as they enter the key and stand in records: files by their content, not by a path of this
            machine.
        corpus: folder of the corpus; None for an initialisation.
        corpus_hash: content hash of the corpus.
        seed: pretraining seed.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    method: str
    options: dict[str, Any]
    identity: dict[str, Any]
    backbone: str
    corpus: str | None
    corpus_hash: str | None
    seed: int

    @property
    def label(self) -> str:
        """Short name for progress and messages."""
        return f"pretrain {self.method} {self.backbone}"


class Cell(BaseModel):
    """One fine-tuning; its product is `records/<key>.json`.

    Attributes:
        key: hash of all that can change the metrics.
        study: name of the study.
        pretrain: the job whose weights it starts from.
        protocol: the whole protocol, so that a worker needs no file of it.
        data: folder of the prepared data set.
        fraction: share of the training labels.
        seed: index of the repeat.
        subset_seed, train_seed: derived seeds.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    study: str
    pretrain: PretrainJob
    protocol: Protocol
    data: str
    fraction: float
    seed: int
    subset_seed: int
    train_seed: int

    @property
    def label(self) -> str:
        """Short name for progress and messages."""
        return (
            f"{self.pretrain.method} {self.pretrain.backbone} {self.protocol.id} {self.fraction:.4g} seed {self.seed}"
        )
