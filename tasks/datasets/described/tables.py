"""Tables of several labels an image, as text."""

import csv
import re
from pathlib import Path

from bench.core.errors import DataError
from bench.core.files import because

MOST_BYTES = 1 << 28
SEPARATORS = (",", "\t", ";")
# Between the classes that one column names.
_BETWEEN = re.compile(r"[;|, ]+")


def read_table(path: Path) -> tuple[list[str], dict[str, set[str]]]:
    """Read a table whose first line names its columns, and whose first column names images.

    Returns:
        Names of the classes, as the columns stand or else by name, and the classes of each image as it is written.

    Raises:
        DataError: it is no such table; the line is named.
    """
    lines = _lines(path)
    separator = max(SEPARATORS, key=lines[0].count) if lines else ","
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise DataError(f"{path} is no readable table ({error}): save it as CSV") from None
    if not rows or len(rows[0]) < 2:
        raise DataError(f"{path}, line 1: expected names of columns, the first that of the images")
    columns = [name.strip() for name in rows[0][1:] if name.strip()]
    found: dict[str, set[str]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        where, image = f"{path}, line {number}", row[0].strip()
        cells = [cell.strip() for cell in row[1 : 1 + len(columns)]]
        if not image or image in found:
            raise DataError(f"{where}: image {image!r} has no name, or a row already")
        if len(columns) == 1 and cells and cells[0] not in {"0", "1"}:
            found[image] = {name for name in _BETWEEN.split(cells[0]) if name}
        elif len(cells) == len(columns) and set(cells) <= {"0", "1", "0.0", "1.0"}:
            found[image] = {name for name, cell in zip(columns, cells, strict=True) if float(cell)}
        else:
            raise DataError(f"{where}: expected {len(columns)} values 0 or 1, or one column of names of classes")
    named = sorted(set().union(*found.values())) if len(columns) == 1 else columns
    return named, found


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is too large for a table of labels")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is not a readable text file{because(error, 'save it as UTF-8')}") from None
    if "\x00" in text:
        raise DataError(f"{path} is not a text file: save it as UTF-8")
    return text.splitlines()
