"""Names of classes that lie beside a data set, in `classes.txt`, `classes.json` and the like."""

import json
from pathlib import PurePosixPath

from tasks.datasets.described.templates import Tree

FILES = ("classes.txt", "labels.txt", "class_names.txt", "obj.names", "classes.json", "labels.json")
MOST_BYTES = 1 << 20


def class_names(tree: Tree) -> dict[int, str]:
    """Names of classes by their numbers, from the file of names nearest to the top; empty where there is none."""
    found = sorted(
        (text for text in tree.files if PurePosixPath(text).name.lower() in FILES), key=lambda t: t.count("/")
    )
    for text in found:
        path = tree.folder / text
        if path.stat().st_size > MOST_BYTES:
            continue
        try:
            content = path.read_text(encoding="utf-8-sig")
            names = _of_json(json.loads(content)) if path.suffix == ".json" else _of_lines(content)
        except (OSError, ValueError, RecursionError):
            continue
        if names:
            return names
    return {}


def _of_lines(content: str) -> dict[int, str]:
    lines = [line.strip() for line in content.splitlines() if line.strip()]
    return dict(enumerate(lines)) if all(len(line) <= 60 for line in lines) else {}


def _of_json(value: object) -> dict[int, str]:
    if isinstance(value, dict) and isinstance(value.get("classes"), (list, dict)):
        value = value["classes"]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return dict(enumerate(value))
    if isinstance(value, dict) and all(str(key).isdecimal() and isinstance(name, str) for key, name in value.items()):
        return {int(key): name for key, name in value.items()}
    return {}
