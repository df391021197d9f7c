"""Submissions: what a store's numbers rest on as one archive, and what the one who accepts it has checked of it.

An archive is a zip of plain files with `submission.json`, which names each file with its SHA-256. Nothing in it is
believed: names and sizes are checked before anything is unpacked, every hash is computed, and every metric that has
outcomes is computed again. What only its sender has seen is marked as copied.
"""

import fnmatch
import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from stat import S_ISLNK
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from bench.core import documents, files
from bench.core.errors import StoreError
from bench.store.records import Record
from results import outcomes
from results.check import Block
from results.frame import scan
from results.kept import KEPT, weights_of_block
from results.verify import verify

CARD = "submission.json"
# Of stores that accepted some: a file for each.
FOLDER = "submissions"
SCHEMA = 1
WEIGHTS = "weights/*/*.safetensors"
# Files, bytes of one, and of all: a board of twenty thousand records with outcomes and one repeat's weights has half.
MOST_FILES, MOST_FILE, MOST_BYTES = 100_000, 2 << 30, 16 << 30
# JSON shrinks tenfold and more; what shrinks so much more is made to fill disks.
MOST_GROWTH = 200
_YEAR_ONE = (1980, 1, 1, 0, 0, 0)

Mark = Literal["re-run", "recomputed", "copied"]
# Of rows: a row is not re-run because some of its cells were.
OF_ROWS: dict[Mark, str] = {"re-run": "cells re-run of", "recomputed": "recomputed", "copied": "copied"}
MARKS: tuple[Mark, ...] = get_args(Mark)


class Card(BaseModel):
    """What an archive says of itself.

    Attributes:
        schema_version: of the archive.
        study: whose results these are.
        note: a line of the sender's.
        files: SHA-256 by name of every other file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: int = Field(default=SCHEMA, alias="schema")
    study: str
    note: str = Field(default="", max_length=200)
    files: dict[str, str] = Field(max_length=MOST_FILES)


class Accepted(BaseModel):
    """What was checked of a submission.

    Attributes:
        study, note: as its card says.
        sha256: of the archive.
        marks: of each record, by key.
        unchecked: why nothing was run again; empty where something was.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str
    note: str = ""
    sha256: str
    marks: dict[str, Mark]
    unchecked: str = ""

    def count(self, mark: Mark) -> int:
        """Records with this mark."""
        return sum(each == mark for each in self.marks.values())


def pack(store: Path, out: Path, study: str, note: str = "", weights_of: Block | None = None) -> Card:
    """Write what a store's records rest on as one archive, the same bytes for the same files.

    Args:
        store: the store, or a committed folder.
        out: the archive.
        study: its name.
        note: a line of the sender's.
        weights_of: the repeat whose pretrained weights go along.

    Raises:
        StoreError: the store is damaged, or holds no record, or no weights of that repeat.
    """
    problems = verify(store)
    if problems:
        raise StoreError(f"{store} is damaged, so nobody could accept it: {problems[0]}")
    found = scan(store)
    if not found.records:
        raise StoreError(f"{store} holds no record: run a study first with `bench run`")
    wanted = {path.relative_to(store) for pattern in KEPT for path in store.glob(pattern)}
    if weights_of is not None:
        wanted |= weights_of_block(store, found.records, weights_of)
    names = sorted(path.as_posix() for path in wanted)
    card = Card(study=study, note=note, files={name: files.sha256(store / name) for name in names})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        told = json.dumps(card.model_dump(by_alias=True), indent=1, sort_keys=True).encode()
        _add(archive, CARD, told)
        for name in names:
            _add(archive, name, (store / name).read_bytes())
    files.write_bytes(out, packed.getvalue())
    return card


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    how = zipfile.ZIP_DEFLATED if name.endswith(".json") else zipfile.ZIP_STORED
    info = zipfile.ZipInfo(name, _YEAR_ONE)
    info.compress_type = how
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)


def unpack(archive: Path, folder: Path) -> Card:
    """Unpack an archive into an empty folder, and hold it to its own card.

    Raises:
        StoreError: it is no submission, holds what none holds (links, other names, too much), or a file is another than
            its card says.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            return _unpack(archive, opened, folder)
    except (OSError, zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise StoreError(f"{archive} is no readable submission ({' '.join(str(error).split())})") from None


def _unpack(archive: Path, opened: zipfile.ZipFile, folder: Path) -> Card:
    _check_entries(archive, opened.infolist())
    there = {entry.filename for entry in opened.infolist()}
    if CARD not in there:
        raise StoreError(f"{archive} is no submission: it holds no {CARD}")
    card = _read_card(archive, opened.read(CARD))
    if other := set(card.files) ^ (there - {CARD}):
        name = min(other)
        raise StoreError(f"{archive}: {name!r} is {'not named in its card' if name in there else 'not there'}: refused")
    for name, digits in card.files.items():
        content = opened.read(name)
        if hashlib.sha256(content).hexdigest() != digits:
            raise StoreError(f"{archive}: {name} is another file than its card says: refused")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return card


def _check_entries(archive: Path, entries: list[zipfile.ZipInfo]) -> None:
    """Refuse what would fill a disk, or lie elsewhere than in its folder."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_FILES:
        raise StoreError(f"{archive} holds {len(entries):,} files, more than {MOST_FILES:,}: refused")
    if len({entry.filename for entry in entries}) < len(entries):
        raise StoreError(f"{archive} holds a name twice: refused")
    if total > MOST_BYTES or total > MOST_GROWTH * archive.stat().st_size:
        raise StoreError(f"{archive} unpacks to {total >> 20:,} MiB: refused")
    for entry in entries:
        name = entry.filename
        if not (name == CARD or any(_fits(name, pattern) for pattern in (*KEPT, WEIGHTS))):
            raise StoreError(f"{archive} holds {name[:200]!r}, which is no part of a submission: refused")
        if S_ISLNK(entry.external_attr >> 16) or entry.file_size > MOST_FILE:
            raise StoreError(f"{archive} holds {name!r} as a link or too large a file: refused")


def _fits(name: str, pattern: str) -> bool:
    """Whether a name is of a pattern, folder by folder, and made of nothing but letters that a store uses."""
    parts, wanted = name.split("/"), pattern.split("/")
    plain = all(
        part and part.strip(".") and all(letter.isalnum() or letter in "._-" for letter in part) for part in parts
    )
    return (
        plain
        and name.isascii()
        and len(parts) == len(wanted)
        and all(fnmatch.fnmatchcase(part, each) for part, each in zip(parts, wanted, strict=True))
    )


def _read_card(archive: Path, content: bytes) -> Card:
    try:
        values = json.loads(content)
    except (ValueError, RecursionError):
        raise StoreError(f"{archive}: {CARD} is not JSON: refused") from None
    if not isinstance(values, dict):
        raise StoreError(f"{archive}: {CARD} must hold keys and values: refused")
    documents.check_schema(values.get("schema"), (1, SCHEMA), Path(CARD), StoreError, "ask for another")
    return documents.parse(Card, values, f"{archive}: {CARD}", StoreError)


def check(folder: Path) -> list[Record]:
    """The records of what was unpacked, once nothing is wrong with it: every metric is computed again.

    Raises:
        StoreError: something is damaged, foreign, or follows from nothing.
    """
    problems = verify(folder)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise StoreError(f"the submission is refused: {problems[0].replace(f'{folder}/', '')}{more}")
    found = scan(folder)
    if not found.records or found.superseded:
        raise StoreError("the submission is refused: it holds no record, or several of one cell")
    return found.records


def add_weights(folder: Path, store: Path, out: Path) -> None:
    """Copy what was unpacked, with the weights that a store has of it."""
    shutil.copytree(folder, out)
    for card in sorted((out / "weights").glob("*/card.json")):
        for path in (store / "weights" / card.parent.name).glob("*.safetensors"):
            if not (card.parent / path.name).exists():
                shutil.copy(path, card.parent / path.name)


def marks(folder: Path, records: Iterable[Record], again: Iterable[str]) -> dict[str, Mark]:
    """What was checked of each record.

    Args:
        folder: where its outcomes are.
        records: all.
        again: keys of those that were run again.
    """
    rerun = set(again)
    return {
        record.key: "re-run"
        if record.key in rerun
        else "recomputed"
        if outcomes.read(folder, record) is not None
        else "copied"
        for record in records
    }


def accept(folder: Path, into: Path, accepted: Accepted) -> Path:
    """Put what was unpacked and checked beside what a board has; returns where it says what was checked.

    Raises:
        StoreError: the board has another file of a name.
    """
    names = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    for name in names:
        if (into / name).exists() and (into / name).read_bytes() != (folder / name).read_bytes():
            raise StoreError(f"{into / name} is there already, and is another file: nothing was accepted")
    for name in names:
        files.write_bytes(into / name, (folder / name).read_bytes())
    path = into / FOLDER / f"{accepted.sha256[:16]}.json"
    files.write_json(path, accepted.model_dump(mode="json"))
    return path


def read_accepted(store: Path) -> list[Accepted]:
    """What a board has accepted, by the hash of the archive.

    Raises:
        StoreError: a file that says so cannot be read.
    """
    return [
        documents.parse(Accepted, documents.read_json(path, StoreError, "accept it again"), path, StoreError)
        for path in sorted((store / FOLDER).glob("*.json"))
    ]


def said(store: Path, rows: Mapping[str, str]) -> list[str]:
    """A sentence for each submission: what was checked of its rows.

    Args:
        store: the board.
        rows: label of the row of each record, by key.

    Raises:
        StoreError: as `read_accepted`.
    """
    lines = []
    for each in read_accepted(store):
        of_row: dict[str, set[Mark]] = {}
        for key, mark in each.marks.items():
            if key in rows:
                of_row.setdefault(rows[key], set()).add(mark)
        if not of_row:
            continue
        # A row is what the best of its records shows, unless one of them follows from nothing.
        best = {name: "copied" if "copied" in found else min(found, key=MARKS.index) for name, found in of_row.items()}
        listed = [(mark, sorted(name for name in best if best[name] == mark)) for mark in MARKS]
        counts = ", ".join(f"{each.count(mark)} {mark}" for mark in MARKS if each.count(mark))
        shown = "; ".join(f"{OF_ROWS[mark]} {', '.join(names)}" for mark, names in listed if names)
        lines.append(
            f"Submission {each.sha256[:8]}, study {each.study}{f' ({each.note})' if each.note else ''}: {counts} of "
            f"{len(each.marks)} records; {shown}."
            + (f" Nothing was run again: {each.unchecked}." if each.unchecked else "")
        )
    return lines
