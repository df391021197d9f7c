"""Keys: hashes over an explicit list of what can change a number; and digests, hashes over all that a document says."""

import hashlib
import json
from typing import Any

KEY_VERSION = 1


def content_hash(value: Any, length: int = 16) -> str:
    """Hash plain JSON values; equal content gives an equal hash whatever the order of mapping keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(f"{KEY_VERSION}:{text}".encode()).hexdigest()[:length]


DIGEST = "digest"
"""The key under which a document keeps the hash of all else that it says."""


def sealed(value: dict[str, Any]) -> dict[str, Any]:
    """A document with its digest: a later change of any value shows. It is no signature: who means to can renew it."""
    return {**value, DIGEST: _digest(value)}


def unbroken(value: dict[str, Any]) -> bool:
    """Whether a document says what it said when it was sealed; one that bears no digest is taken at its word."""
    return DIGEST not in value or value[DIGEST] == _digest(value)


def _digest(value: dict[str, Any]) -> str:
    try:
        return content_hash({name: each for name, each in value.items() if name != DIGEST}, 32)
    except (ValueError, RecursionError):  # it holds what no document of ours does, such as a number that is none
        return ""
