"""The outcomes beside a store's records: read, held to the hash that the record bears, and scored anew."""

from collections.abc import Iterable
from pathlib import Path

from bench.core import files
from bench.core.errors import StoreError
from bench.store.outcomes import Evidence, read_outcomes
from bench.store.records import Record

FOLDER = "outcomes"


def read(store: Path, record: Record) -> Evidence | None:
    """What the test samples of a record came out as.

    Returns:
        None where it bears no outcomes, and where the store keeps none of any record.

    Raises:
        StoreError: the file is missing among others, has changed, or cannot be read.
    """
    if record.outcomes is None or not (store / FOLDER).is_dir():
        return None
    path = store / FOLDER / f"{record.key}.npz"
    advice = f"copy it from where the record came from, or delete {store / 'records' / record.key}.json and run again"
    if not path.is_file():
        raise StoreError(f"{path} is missing: {advice}")
    if files.sha256(path) != record.outcomes:
        raise StoreError(f"{path} is not what its record was computed from (its hash is another): {advice}")
    return read_outcomes(path)


def check(store: Path, record: Record) -> list[str]:
    """One line for each way in which a record's outcomes are damaged, or give other metrics than it holds."""
    try:
        evidence = read(store, record)
        if evidence is None:
            return []
        found = evidence.outcomes.scores()
    except (StoreError, ArithmeticError, ValueError) as error:
        return [str(error) if isinstance(error, StoreError) else f"{_file(store, record)} cannot be scored: {error}"]
    place = store / "records" / f"{record.key}.json"
    tested = record.counts.get("test")
    counted = [] if tested in {None, len(evidence.outcomes)} else [
        f"{place}: {tested} samples were tested, its outcomes are of {len(evidence.outcomes)}: delete it and run again"
    ]  # fmt: skip
    return counted + [
        f"{place}: {name} is {record.metrics.get(name)}, its outcomes give {found.get(name)}: delete it and run again"
        for name in sorted(found.keys() | record.metrics.keys())
        if found.get(name) != record.metrics.get(name)
    ]


def foreign(store: Path) -> list[str]:
    """One line for each file among the outcomes that belongs to no record."""
    if not (store / FOLDER).is_dir():
        return []
    known = {f"{path.stem}.npz" for path in (store / "records").glob("*.json")}
    return [
        f"{path} is foreign: no record is computed from it, delete it or run its study again"
        for path in sorted((store / FOLDER).iterdir())
        if path.name not in known and not path.name.startswith(".")
    ]


def kept(store: Path, records: Iterable[Record]) -> int:
    """Of how many records the store keeps outcomes."""
    return sum(record.outcomes is not None and _file(store, record).is_file() for record in records)


def _file(store: Path, record: Record) -> Path:
    return store / FOLDER / f"{record.key}.npz"
