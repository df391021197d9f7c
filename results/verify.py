"""Looking for damage in a store."""

from pathlib import Path
from typing import Any

from bench.core.documents import read_json
from bench.core.errors import StoreError
from bench.core.keys import content_hash
from bench.store.questions import read_questions
from bench.store.records import Record
from results import outcomes
from results.frame import scan


def verify(store: Path) -> list[str]:
    """List what is corrupt, truncated, foreign, NaN or newer in a store: one line each, none for a sound store.

    Looks at every record, every subset manifest (readable, and its hash that of its samples), every weights card and
    every list of questions. A record must bear each warning of its weights' card, where the store has the card. Where
    the store keeps outcomes, they must be those that the record names, and give each of its metrics again, to the last
    digit.

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
        problems += [*outcomes.check(store, record), *_check_warnings(store, record)]
    return problems


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
    if "samples" not in manifest or manifest.get("hash") != content_hash(manifest["samples"]):
        raise StoreError(f"{path} does not match its hash: delete it and the records of its subset, and run again")


def _check_card(path: Path) -> None:
    card = _mapping(path)
    if card.get("key") != path.parent.name:
        raise StoreError(f"{path} is foreign: it is the card of {card.get('key')}, delete the folder and run again")
    _warnings(path)


def _check_warnings(store: Path, record: Record) -> list[str]:
    """A line for each warning of the weights that their record does not bear in the same words."""
    path = store / "weights" / record.weights / "card.json"
    try:
        warnings = _warnings(path)
    except StoreError:
        return []  # named as a damaged card
    return [
        f"{store / 'records' / record.key}.json lacks the warning {name!r} of {path}: delete it and run the study again"
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
