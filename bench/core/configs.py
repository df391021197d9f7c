"""Where the studies, protocols and land-cover products shipped with the harness lie, and how their files are read."""

from pathlib import Path
from typing import Any

import yaml

from bench.core.errors import StudyError


def folder() -> Path:
    """The `configs` folder: inside an installed wheel, or at the root of a checkout."""
    here = Path(__file__).resolve().parent.parent
    shipped = here / "_configs"
    return shipped if shipped.is_dir() else here.parent / "configs"


def read_values(file: Path) -> dict[str, Any]:
    """Read a YAML file of keys and values.

    Raises:
        StudyError: the file is not readable, not YAML, or holds something else.
    """
    try:
        values = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise StudyError(f"{file} is not readable YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise StudyError(f"{file} must hold keys and values, such as `name: mine`")
    return values


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Put values over those that a file extends: keys within keys, anything else (lists too) replaced whole."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
