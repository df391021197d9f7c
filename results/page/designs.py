"""The design sheets of a store's studies, for the page."""

from pathlib import Path

from bench.core import documents
from bench.core.errors import StoreError
from bench.store.designs import Sheet


def read_designs(store: Path) -> tuple[list[Sheet], list[str]]:
    """The design sheets of a folder of records, by the studies' names, and a line for each that cannot be used.

    The committed leaderboard is no store that can be opened, so the files are read as they are.
    """
    sheets: list[Sheet] = []
    problems: list[str] = []
    for path in sorted((store / "designs").glob("*.json")):
        try:
            sheets.append(_read(path))
        except StoreError as error:
            problems.append(str(error))
    return sheets, problems


def _read(path: Path) -> Sheet:
    value = documents.read_json(path, StoreError, "run the study again")
    sheet = documents.parse(Sheet, value, f"{path} is not a design sheet", StoreError)
    wrong = [row for row in sheet.rows if len(row) != len(sheet.columns)]
    wrong += [row for row in sheet.protocols if len(row) != len(sheet.protocol_columns)]
    if wrong:
        raise StoreError(f"{path} has a row that is not as long as its columns: run the study again")
    return sheet
