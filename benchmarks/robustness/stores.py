"""What a store holds, to be held against what it held before and against another of the same study."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.robustness.processes import COMMAND


class File(NamedTuple):
    """A file as it was seen; one that was written again is another."""

    inode: int
    changed: int
    content: bytes


def files_of(store: Path) -> dict[str, File]:
    """The products that no later job may touch: records, and weights with their cards."""
    found = {}
    for pattern in ("records/*.json", "weights/*/card.json", "weights/*/backbone.safetensors"):
        for path in store.glob(pattern):
            if not any(part.startswith(".") for part in path.relative_to(store).parts):
                seen = path.stat()
                found[str(path.relative_to(store))] = File(seen.st_ino, seen.st_mtime_ns, path.read_bytes())
    return found


def results_of(store: Path) -> dict[str, Any]:
    """Records by key, and weights, without what may differ.

    That is cost, the revision of a code that is being worked on, and the digest, which is of both too.
    """
    found: dict[str, Any] = {}
    for name, file in files_of(store).items():
        if name.endswith("card.json"):
            continue
        found[name] = file.content
        if name.startswith("records/"):
            value = json.loads(file.content)
            value.pop("cost")
            value.pop("digest")
            value["provenance"].pop("revision", None)
            value["provenance"].get("weights", {}).pop("revision", None)
            found[name] = value
    return found


def difference(found: dict[str, Any], expected: dict[str, Any]) -> str:
    """What `results_of` one store differs in from that of another, by an example; nothing where they are equal."""
    for name in sorted(found.keys() | expected.keys()):
        if name not in found or name not in expected:
            return f"other results: {name} is {'missing' if name in expected else 'new'}"
        one, other = found[name], expected[name]
        if one != other and isinstance(one, dict):
            fields = sorted(field for field in one.keys() | other.keys() if one.get(field) != other.get(field))
            return f"other results: {name} differs in {', '.join(fields)}"
        if one != other:
            return f"other results: {name} differs"
    return ""


def verify(store: Path) -> str:
    """What `bench verify` finds wrong with a store; nothing where it is sound."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "verify", "--store", str(store)], capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def left_parts(store: Path) -> int:
    """Files and folders that a killed process left half written, under their temporary names."""
    return sum(1 for path in store.rglob(".*.part"))


def claims(store: Path) -> set[str]:
    """Jobs that somebody has signed for and not given back."""
    return {path.parent.name for path in store.glob("jobs/*/holder.json")}
