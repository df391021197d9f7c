"""What rows may have seen of a protocol's labels and places before: who made the labels, kin classes, the corpus' ground."""

import json
from typing import Any

import pandas as pd

from results.variants import order


def notes(records: pd.DataFrame) -> list[str]:
    """Sentences on one or several protocols; none where the records say nothing.

    Args:
        records: of the frame.
    """
    if "design" not in records or records.empty:
        return []
    told = records[["protocol", "dataset", "variant", "design"]].drop_duplicates()
    words = [json.loads(text) for text in told["design"]]
    place = order(records)
    lines = []
    sources = {(row.dataset, said["label_source"]) for row, said in _with("label_source", told, words)}
    lines += [f"Labels of {dataset}: {source}." for dataset, source in sorted(sources)]
    kin: dict[tuple[str, str], set[str]] = {}
    for row, said in _with("kin", told, words):
        kin.setdefault((row.dataset, said["kin"]), set()).add(row.variant)
    for (dataset, legend), rows in sorted(kin.items()):
        named = ", ".join(sorted(rows, key=place))
        lines.append(f"Label kin: classes of {legend}, learned by {named}, are kin to the labels of {dataset}.")
    lies = {(row.protocol, said["overlap"]) for row, said in _with("overlap", told, words)}
    return [*lines, *(f"Overlap on {protocol}: {text}." for protocol, text in sorted(lies))]


def _with(word: str, told: pd.DataFrame, words: list[dict[str, str]]) -> list[tuple[Any, dict[str, str]]]:
    return [(row, said) for row, said in zip(told.itertuples(index=False), words, strict=True) if word in said]
