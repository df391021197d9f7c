"""Looking for damage in a store."""

from pathlib import Path
from typing import Any

from bench.core import files
from bench.core.documents import read_json
from bench.core.errors import StoreError
from bench.core.keys import content_hash, unbroken
from bench.store.cards import SUM, is_unbroken
from bench.store.questions import read_questions
from bench.store.records import Record
from results import outcomes
from results.frame import scan

# Name of the weights' file in a folder of weights (`bench.backbones.weights`, with torch).
WEIGHTS = "backbone.safetensors"


def verify(store: Path) -> list[str]:
    """List what is corrupt, truncated, foreign, NaN or newer in a store: one line each, none for a sound store.

    Looks at every record, every subset manifest (readable, and its hash that of its samples), every weights card and
    every list of questions; records, manifests and cards are held to their digests, and weights to the hash on their
    card. A record must say of its weights what their card says, where the store has the card, and bear each of its
    warnings. Where the store keeps outcomes, they must be those that the record names, and give each of its metrics again,
    to the last digit.

    Raises:
        StoreError: there is no store at `store`.
    """
    found = scan(store)
    problems = list(found.problems)
    for path in _files(store / "subsets", "*.json"):
        problems += _problem(path, _check_manifest)
    for path in _files(store / "weights", "*/card.json"):
        problems += _problem(path, _check_card)
    problems += [*_problem(store, read_questions), *outcomes.foreign(store)]
    for record in found.records:
        problems += [*outcomes.check(store, record), *_check_against_card(store, record)]
    return problems


def unsealed(records: list[Record]) -> int:
    """How many records are of before there were digests: of those a changed word may stay unnoticed."""
    return sum(record.digest is None for record in records)


def _files(folder: Path, pattern: str) -> list[Path]:
    return [path for path in sorted(folder.glob(pattern)) if not path.name.startswith(".")]


def _problem(path: Path, check: Any) -> list[str]:
    try:
        check(path)
    except StoreError as error:
        return [str(error)]
    return []


def _check_manifest(path: Path) -> None:
    manifest = _mapping(path)
    if not (unbroken(manifest) and "samples" in manifest and manifest.get("hash") == content_hash(manifest["samples"])):
        raise StoreError(f"{path} does not match its hash: delete it and the records of its subset, and run again")


def _check_card(path: Path) -> None:
    card = _mapping(path)
    if card.get("key") != path.parent.name:
        raise StoreError(f"{path} is foreign: it is the card of {card.get('key')}, delete the folder and run again")
    if not is_unbroken(card):
        raise StoreError(f"{path} was changed after it was written (its digest is another): delete the folder")
    weights = path.with_name(WEIGHTS)
    if SUM in card and weights.is_file() and files.sha256(weights) != card[SUM]:
        raise StoreError(f"{weights} is not what was trained (its hash is another): delete the folder and run again")
    _warnings(path)


def _check_against_card(store: Path, record: Record) -> list[str]:
    """A line for each thing that a record says otherwise of its weights than their card, and for each warning it lacks."""
    path = store / "weights" / record.weights / "card.json"
    try:
        warnings = _warnings(path)
        card = _mapping(path) if path.is_file() else {}
    except StoreError:
        return []  # named as a damaged card
    said = {
        "method": record.method,
        "options": record.options,
        "seed": record.seeds.get("pretrain"),
        "corpus_hash": record.corpus,
        "facts": record.pretraining,
    }
    place = f"{store / 'records' / record.key}.json"
    return [
        f"{place} says another {name} of its weights than {path}: delete it and run the study again"
        for name, value in said.items()
        if name in card and card[name] != value
    ] + [
        f"{place} lacks the warning {name!r} of {path}: delete it and run the study again"
        for name, text in warnings.items()
        if record.warnings.get(name) != text
    ]


def _warnings(path: Path) -> dict[str, str]:
    """The warnings of a card by name; none where the store has no card, or one that knew no warnings yet."""
    warnings = _mapping(path).get("warnings", {}) if path.is_file() else {}
    if not isinstance(warnings, dict) or not all(isinstance(text, str) for text in warnings.values()):
        raise StoreError(f"{path}: warnings must be texts by name: delete the folder and run again")
    return warnings


def _mapping(path: Path) -> dict[str, Any]:
    return read_json(path, StoreError, "delete it and run the study again")
