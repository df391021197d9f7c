"""The headers of a folder of land-cover rasters, read once and kept.

Opening thousands of rasters takes a minute, looking at their size and time of change a moment. The index is a file in
the harness's data folder, not beside the rasters, which may lie on a disk that cannot be written.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from bench.core import files
from bench.core.paths import data_home
from bench.corpus.landcover.sheets import Sheet, read_header

SCHEMA = 1

WORTH_KEEPING = 64
"""Rasters below which reading the headers again is quicker than minding a file."""


def read_sheets(base: Path, paths: list[Path]) -> list[Sheet]:
    """Headers of rasters, from the index where a file has not changed since.

    Args:
        base: folder that the sheets' names are relative to.
        paths: the rasters.

    Raises:
        CorpusError: a raster that is new or changed cannot be used.
    """
    if len(paths) < WORTH_KEEPING:
        return [read_header(path, path.relative_to(base).as_posix()) for path in paths]
    place = index_path(base)
    known = _load(place)
    sheets = []
    for path in paths:
        name = path.relative_to(base).as_posix()
        status = path.stat()
        sheet = known.get(name)
        if sheet is None or (sheet.size, sheet.mtime_ns) != (status.st_size, status.st_mtime_ns):
            sheet = read_header(path, name)
        sheets.append(sheet)
    changed = {sheet.name: sheet for sheet in sheets if known.get(sheet.name) != sheet}
    if changed:
        merged = {**known, **changed}
        there = [sheet.to_json() for name, sheet in sorted(merged.items()) if (base / name).is_file()]
        files.write_json(place, {"schema": SCHEMA, "folder": str(base.resolve()), "sheets": there})
    return sheets


def index_path(base: Path) -> Path:
    """Where the index of a folder is kept."""
    name = hashlib.sha256(str(base.resolve()).encode()).hexdigest()[:16]
    return data_home() / "landcover" / f"{name}.json"


def _load(place: Path) -> dict[str, Sheet]:
    """The index, or nothing where it is absent, torn or of another layout: it can always be made again."""
    try:
        value: Any = json.loads(place.read_text())
        if value["schema"] != SCHEMA:
            return {}
        return {sheet["name"]: Sheet.from_json(sheet) for sheet in value["sheets"]}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
