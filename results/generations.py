"""Several records of one cell: results of older code or older data that a store still holds."""

from pathlib import Path

from bench.store.records import Record
from results.variants import options_text

Found = tuple[Path, Record]


def newest(found: list[Found]) -> tuple[list[Found], list[str]]:
    """Keep one record of each cell: that of the highest code versions, then the file written last.

    Two records of one method, options, corpus, backbone, protocol, fraction and seeds have different keys where the
    code of the method or task, or the data, changed between them. Averaging them would count one seed twice. The name
    of the row tells nothing apart here: rows of one method with equal options differ in their pretraining seeds.

    Returns:
        The records that stand, in the order given, and a line for each that is set aside.
    """
    by_cell: dict[tuple[object, ...], list[Found]] = {}
    for path, record in found:
        by_cell.setdefault(_cell(record), []).append((path, record))
    aside: dict[Path, str] = {}
    for rivals in by_cell.values():
        if len(rivals) > 1:
            kept = max(rivals, key=_age)
            for path, _ in rivals:
                if path != kept[0]:
                    aside[path] = f"{path} is superseded by {kept[0].name} (same cell, newer code or data): delete it"
    return [(path, record) for path, record in found if path not in aside], list(aside.values())


def _cell(record: Record) -> tuple[object, ...]:
    return (
        record.method,
        options_text(record.options),
        record.corpus,
        record.backbone,
        record.protocol,
        record.dataset,
        record.protocol_hash,
        record.fraction,
        record.seed,
        options_text(record.seeds),
    )


def _age(found: Found) -> tuple[int, int, int, str]:
    path, record = found
    code = record.provenance.get("code")
    versions = code if isinstance(code, dict) else {}
    method, task = (versions.get(name) for name in ("method", "task"))
    return (
        method if isinstance(method, int) else 0,
        task if isinstance(task, int) else 0,
        path.stat().st_mtime_ns,
        path.name,
    )
