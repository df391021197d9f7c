"""The card beside a pretraining's weights, as every command reads it."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents
from bench.core.errors import StoreError
from bench.core.keys import DIGEST, unbroken
from bench.store.records import Finite, Key, Name


class _Card(BaseModel):
    """What a card must say, and of what type the rest is; a card may say more (`bench.studies.work`)."""

    model_config = ConfigDict(extra="allow")

    key: Key
    method: Name
    backbone: Name
    seed: int
    steps: int = Field(ge=0)
    row: Name | None = None
    corpus_hash: str | None = None
    synthetic: bool | None = None
    options: dict[str, Any] = {}
    facts: dict[str, Finite] = {}
    warnings: dict[str, str] = {}
    provenance: dict[str, Any] = {}
    cost: dict[str, Finite] = {}


# Its key of the hash of the weights (`bench.backbones.weights`, with torch).
SUM = "sha256"


def is_unbroken(card: dict[str, Any]) -> bool:
    """Whether a card says what it said when it was written; those that have neither digest nor hash are of before both."""
    return unbroken(card) and (DIGEST in card or SUM not in card)


def read_card(path: Path) -> dict[str, Any]:
    """Read the card of finished weights.

    Raises:
        StoreError: it is torn, is no card, is that of other weights, or was changed after it was written.
    """
    advice = f"delete {path.parent} and run again"
    value = documents.read_json(path, StoreError, advice)
    if not is_unbroken(value):
        raise StoreError(f"{path} was changed after it was written (its digest is another): restore it, or {advice}")
    documents.parse(_Card, value, f"{path} is not a card of weights", StoreError)
    if value["key"] != path.parent.name:
        raise StoreError(f"{path} is foreign: it is the card of {value['key']}, {advice}")
    return value
