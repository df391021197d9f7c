"""Keys: hashes over an explicit list of what can change a number."""

import hashlib
import json
from typing import Any

KEY_VERSION = 1


def content_hash(value: Any, length: int = 16) -> str:
    """Hash plain JSON values; equal content gives an equal hash whatever the order of mapping keys."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(f"{KEY_VERSION}:{text}".encode()).hexdigest()[:length]
