"""Looking for damage in a store."""

import json
from pathlib import Path
from typing import Any

from bench.errors import StoreError
from bench.files import because
from bench.keys import content_hash
from results.frame import scan


def verify(store: Path) -> list[str]:
    """List what is corrupt, truncated, foreign, NaN or newer in a store: one line each, none for a sound store.

    Looks at every record, every subset manifest (readable, and its hash that of its samples) and every weights card.

    Raises:
        StoreError: there is no store at `store`.
    """
    problems = scan(store).problems
    for path in _files(store / "subsets", "*.json"):
        problems += _problem(path, _check_manifest)
    for path in _files(store / "weights", "*/card.json"):
        problems += _problem(path, _check_card)
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


def _mapping(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is not readable{because(error, 'delete it and run the study again')}") from None
    if not isinstance(value, dict):
        raise StoreError(f"{path} must hold keys and values: delete it and run the study again")
    return value
