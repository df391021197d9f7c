"""Rows of weights that a user brings: `weights: {NAME: FILE}` of a study, and `--weights NAME=FILE` of a command."""

from typing import Any

from bench.core.errors import StudyError

FORM = "write weights: {NAME: FILE}, or {NAME: {file: FILE, under: KEYS, channels: [...], bands: [...]}}"
# The method of such a row, in the registry of methods.
METHOD = "weights"


def weight_rows(entries: Any) -> list[dict[str, Any]]:
    """The rows of weights, as a study's `methods` would write them.

    Args:
        entries: by the row's name a file, or the options of method `weights`.

    Raises:
        StudyError: they have another form.
    """
    if entries is None:
        return []
    if not isinstance(entries, dict):
        raise StudyError(f"weights: {FORM}, got {entries!r}")
    return [{METHOD: {**_options(str(name), entry), "as": str(name)}} for name, entry in entries.items()]


def add_weights(values: dict[str, Any]) -> None:
    """Make rows of the weights that a study or a command names: where `methods` has their names, else behind it."""
    rows = by_name(weight_rows(values.pop("weights", None)))
    listed = values.get("methods") or []
    if rows and isinstance(listed, list):
        placed = [rows.pop(each, each) if isinstance(each, str) else each for each in listed]
        values["methods"] = [*placed, *rows.values()]


def by_name(entries: Any) -> dict[Any, Any]:
    """The rows of a study file that carry a name of their own, by that name: a command's --methods may pick them."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    values = [next(iter(entry.values()), None) for entry in found]
    return {
        each["as"]: entry for each, entry in zip(values, found, strict=True) if isinstance(each, dict) and "as" in each
    }


def named_files(texts: tuple[str, ...]) -> dict[str, str]:
    """What `--weights NAME=FILE`, given several times, asks for.

    Raises:
        StudyError: one has another form, or two have one name.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, file = text.partition("=")
        if not equals or not name.strip() or not file:
            raise StudyError(f"--weights {text}: write it as NAME=FILE, such as mine=path/to/checkpoint.pth")
        if name in found:
            raise StudyError(f"--weights {text}: {name} is named twice: give one another name")
        found[name] = file
    return found


def _options(name: str, entry: Any) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"file": entry}
    if not isinstance(entry, dict) or "file" not in entry:
        raise StudyError(f"weights.{name}: {FORM}, got {entry!r}")
    return entry
