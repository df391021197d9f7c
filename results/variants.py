"""Names for the rows of a table: a method, and what tells its variants apart."""

import json
from collections.abc import Hashable
from typing import Any

import pandas as pd

# Rows that every other row is read against come first.
REFERENCES = ("random", "imagenet")
_HASH_SHOWN = 8


def options_text(options: dict[str, Any]) -> str:
    """Options as canonical JSON: equal options give equal text."""
    return json.dumps(options, sort_keys=True, separators=(",", ":"))


def label(frame: pd.DataFrame) -> pd.Series:
    """Return one label a row: the method's name, followed by the options in which its variants differ.

    Variants are told apart among the rows of one backbone, so that a method keeps its name over all data sets. Two
    variants with equal options that were pretrained on different corpora are told apart by the corpus' hash.
    """
    names: dict[tuple[Hashable, ...], str] = {}
    distinct = frame[["backbone", "method", "options", "corpus"]].drop_duplicates()
    for (backbone, method), group in distinct.groupby(["backbone", "method"], sort=False):
        described = _describe(group)
        for (options, corpus), text in described.items():
            names[(backbone, method, options, corpus)] = f"{method} ({text})" if text else str(method)
    keys = zip(frame["backbone"], frame["method"], frame["options"], map(_known, frame["corpus"]), strict=True)
    return pd.Series([names[key] for key in keys], index=frame.index, dtype="object")


def order(variant: str) -> tuple[int, str]:
    """Sort key of a row label: the references first, then by name."""
    method = variant.split(" ", 1)[0]
    place = REFERENCES.index(method) if method in REFERENCES else len(REFERENCES)
    return place, variant


def _describe(group: pd.DataFrame) -> dict[tuple[str, str | None], str]:
    """Map each (options, corpus) of one method to the text that tells it from the others, '' for an only one."""
    variants = [(str(text), _known(corpus)) for text, corpus in zip(group["options"], group["corpus"], strict=True)]
    parsed = {text: json.loads(text) for text, _ in variants}
    names = sorted({name for options in parsed.values() for name in options})
    differing = [name for name in names if len({_value(options, name) for options in parsed.values()}) > 1]
    several_corpora = len({corpus for _, corpus in variants}) > 1
    described = {}
    for text, corpus in variants:
        parts = [f"{name}={_value(parsed[text], name)}" for name in differing]
        if several_corpora:
            parts.append(f"corpus={corpus[:_HASH_SHOWN] if corpus else 'none'}")
        described[(text, corpus)] = ", ".join(parts)
    return described


def _value(options: dict[str, Any], name: str) -> str:
    if name not in options:
        return "unset"
    value = options[name]
    quoted = json.dumps(value, sort_keys=True)
    return value if isinstance(value, str) and not _ambiguous(value) else quoted


def _ambiguous(text: str) -> bool:
    """Whether a string option could be taken for a number, a list or an absent option."""
    try:
        json.loads(text)
    except ValueError:
        return text == "unset"
    return True


def _known(corpus: object) -> str | None:
    """A corpus hash, or None where pandas holds a missing value."""
    return corpus if isinstance(corpus, str) else None
