"""Which numbers rest on a record with a warning, and what the warnings say."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from results.variants import order

MARK = "‡"
READING = f"{MARK}: rests on training with a warning"
# Characters of a warning's text that stand below a table; the page has all texts whole.
_SHORT = 160


@dataclass(frozen=True)
class Warned:
    """One warning of one row.

    Attributes:
        variant: the row's label.
        name: the warning's name.
        texts: what was seen, each different text once.
        count: records of the row that bear the warning.
        records: records of the row.
    """

    variant: str
    name: str
    texts: list[str]
    count: int
    records: int


def names(warnings: Iterable[str]) -> str:
    """Names of warnings as one text, '' for none.

    Args:
        warnings: what a record warns of, as of the frame's column `warning_texts`.
    """
    return ", ".join(sorted({name for text in warnings for name in json.loads(text)}))


def by_row(records: pd.DataFrame) -> list[Warned]:
    """The warnings of each row, in the order of the rows.

    Args:
        records: of one protocol and backbone, or of one backbone.
    """
    sizes = records["variant"].value_counts()
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for variant, text in zip(records["variant"], records["warning_texts"], strict=True):
        for name, seen in json.loads(text).items():
            found[str(variant), name][" ".join(seen.split())] += 1
    place = order(records)
    ordered = sorted(found, key=lambda key: (place(key[0]), key[1]))
    return [
        Warned(variant, name, sorted(texts), texts.total(), int(sizes[variant]))
        for variant, name in ordered
        if (texts := found[variant, name])
    ]


def mark(warnings: str) -> str:
    """The mark after a number or a label that rests on a warned record; '' for one that does not.

    Args:
        warnings: names of the warnings, as of `names`.
    """
    return f" {MARK}" if warnings else ""


def rests_on(variant: str, warnings: str) -> str:
    """Say that a row rests on a warned record; '' where it does not.

    Args:
        variant: the row's label.
        warnings: names of the warnings, as of `names`.
    """
    several = "s" if ", " in warnings else ""
    return f"{variant} rests on training with {'' if several else 'a '}warning{several}: {warnings}" if warnings else ""


def notes(records: pd.DataFrame) -> list[str]:
    """Sentences below a table: what the mark means, and for each warning one thing that was seen and the rows that bear it."""
    by_name: dict[str, list[Warned]] = defaultdict(list)
    for warned in by_row(records):
        by_name[warned.name].append(warned)
    if not by_name:
        return []
    return [f"{READING}.", *(_sentence(name, found) for name, found in sorted(by_name.items()))]


def _sentence(name: str, found: list[Warned]) -> str:
    text = found[0].texts[0]
    text = text if len(text) <= _SHORT else f"{text[:_SHORT]}..."
    such = "such as " if len({text for warned in found for text in warned.texts}) > 1 else ""
    rows = ", ".join(f"{warned.variant} ({warned.count} of {warned.records})" for warned in found)
    return f"{name} in records of {rows}: {such}{text}."
