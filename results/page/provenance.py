"""The provenance of each number on the page: records, subset manifests, cards of the weights."""

import json
from pathlib import Path
from typing import Any

from bench.store.records import Record


def embed(store: Path, records: list[Record]) -> dict[str, Any]:
    """Gather what the page shows for a record.

    What many records share is kept once: provenance by index, cards by weights key, and sample names by chain; each
    subset is the beginning of a chain.

    Returns:
        `records` by key (with `provenance` an index and `subset` the keys of its manifests), `provenances`, `cards`,
        `subsets` (manifests whose `samples` is replaced by `chain` and `count`) and `chains`.
    """
    subsets, chains = _subsets(store)
    provenances: list[dict[str, Any]] = []
    shown = {}
    for record in records:
        value = record.to_json()
        if record.provenance not in provenances:
            provenances.append(record.provenance)
        value["provenance"] = provenances.index(record.provenance)
        value["subset"] = [key for key, manifest in subsets.items() if _belongs(manifest, record)]
        shown[record.key] = value
    cards = {key: card for key in {record.weights for record in records} if (card := _card(store, key)) is not None}
    return {"records": shown, "provenances": provenances, "cards": cards, "subsets": subsets, "chains": chains}


def _belongs(manifest: dict[str, Any], record: Record) -> bool:
    return (
        manifest.get("protocol") == record.protocol
        and manifest.get("subset_seed") == record.seeds.get("subset")
        and manifest.get("fraction") == record.fraction
        and manifest.get("labels") == record.labels
        and manifest.get("count") == record.counts.get("train")
    )


def _subsets(store: Path) -> tuple[dict[str, dict[str, Any]], list[list[str]]]:
    manifests = {path.stem: value for path in sorted(store.glob("subsets/*.json")) if (value := _mapping(path))}
    chains: list[list[str]] = []
    for manifest in sorted(manifests.values(), key=lambda value: -len(value.get("samples", []))):
        samples = manifest.pop("samples", [])
        held = [index for index, chain in enumerate(chains) if chain[: len(samples)] == samples]
        if not held:
            chains.append(samples)
        manifest["chain"] = held[0] if held else len(chains) - 1
        manifest.setdefault("count", len(samples))
    return manifests, chains


def _card(store: Path, key: str) -> dict[str, Any] | None:
    return _mapping(store / "weights" / key / "card.json")


def _mapping(path: Path) -> dict[str, Any] | None:
    """A JSON object, or None: what is missing or damaged here takes nothing from the scores."""
    try:
        value = json.loads(path.read_text(), parse_constant=str)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
