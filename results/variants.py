"""Names for the rows of a table: the study's own name for a row, or a method and what tells its variants apart."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import pandas as pd

from bench.core.keys import content_hash

# Rows that every other row is read against come first.
REFERENCES = ("random", "imagenet")
# Methods that stand apart and are ranked against none: what costs no pretraining, and what has seen the answers.
FLOORS = ("random-raw", "image-stats", "mosaiks")
CEILINGS = ("oracle",)
# As initialised, batch norm normalises nothing: no other row is read against that.
NO_REFERENCE = ("random-raw",)
# What a table calls a method, where that is not its registered name.
TITLES = {"random-raw": "random (raw)"}
_HASH_SHOWN = 8


class Identity(NamedTuple):
    """What makes records of one backbone repeats of one row; `row` is the study's name, None for the method's own."""

    method: str
    options: str
    corpus: str | None
    row: str | None


def options_text(options: dict[str, Any]) -> str:
    """Options as canonical JSON: equal options give equal text."""
    return json.dumps(options, sort_keys=True, separators=(",", ":"))


def label(frame: pd.DataFrame) -> pd.Series:
    """Return one label a row: the study's name for it, or the method with the options in which its variants differ.

    Variants are told apart among the rows of one backbone, so that a method keeps its name over all data sets. Two
    variants with equal options that were pretrained on different corpora are told apart by the corpus' hash. Two rows
    never share a label: a study's name that could be taken for another row, for a reference or for another method, or
    that was given to several variants, is followed by the method and its options.

    Args:
        frame: the columns backbone, method, options, corpus and row.
    """
    identities = _identities(frame)
    names: dict[tuple[str, Identity], str] = {}
    for backbone, distinct in _by_backbone(frame, identities).items():
        names |= {(backbone, identity): text for identity, text in _labels(distinct).items()}
    labels = [names[key] for key in zip(map(str, frame["backbone"]), identities, strict=True)]
    return pd.Series(labels, index=frame.index, dtype="object")


def order(frame: pd.DataFrame) -> Callable[[str], tuple[int, str]]:
    """Sort key of the row labels of a frame: references first, then floors, then the methods by name, then ceilings.

    A reference is a row of `random` or `imagenet` under the method's own name. One that a study named stands among the
    rivals: it was entered as one.

    Args:
        frame: the columns method, row and variant, as of `results.frame`.
    """
    rows = frame[["method", "row", "variant"]].drop_duplicates()
    first = (*REFERENCES, *FLOORS)
    places = {
        str(variant): first.index(method) if method in first else len(first) + 1
        for method, row, variant in rows.itertuples(index=False)
        if stands_apart(method) or (method in REFERENCES and own_name(row, method) is None)
    }
    return lambda variant: (places.get(variant, len(first)), variant)


def stands_apart(method: str) -> bool:
    """Whether a method is a floor or a ceiling: read beside the others, and never ranked with them."""
    return method in FLOORS or method in CEILINGS


def apart(frame: pd.DataFrame) -> set[str]:
    """The row labels of the floors and ceilings of a frame with the columns method and variant."""
    return {str(variant) for variant in frame.loc[frame["method"].map(stands_apart), "variant"]}


def meanings(frame: pd.DataFrame) -> dict[str, str]:
    """The meaning of each label that is a study's name: the method, and the options that tell its variants apart.

    Args:
        frame: records of one backbone, as of `results.frame`.

    Returns:
        Row label -> method and options, in the order of the labels; nothing for rows under the method's own name.
    """
    identities = _identities(frame)
    described = _described(set(identities))
    meant: dict[str, str] = {}
    for identity, variant in zip(identities, frame["variant"], strict=True):
        text = described[identity]
        if identity.row is not None:
            meant[str(variant)] = f"{identity.method}, {text}" if text else identity.method
    return dict(sorted(meant.items()))


def own_name(row: object, method: str) -> str | None:
    """A row's name; None where it has none (pandas: a missing value), or bears the method's."""
    return row if isinstance(row, str) and row != method else None


def _identities(frame: pd.DataFrame) -> list[Identity]:
    columns = (frame[name] for name in ("method", "options", "corpus", "row"))
    return [
        Identity(str(method), str(options), _known(corpus), own_name(row, str(method)))
        for method, options, corpus, row in zip(*columns, strict=True)
    ]


def _by_backbone(frame: pd.DataFrame, identities: list[Identity]) -> dict[str, list[Identity]]:
    """The distinct rows of each backbone, in the order in which they come."""
    found: dict[str, dict[Identity, None]] = defaultdict(dict)
    for backbone, identity in zip(frame["backbone"], identities, strict=True):
        found[str(backbone)][identity] = None
    return {backbone: list(distinct) for backbone, distinct in found.items()}


def _labels(identities: list[Identity]) -> dict[Identity, str]:
    """Give each row of one backbone a label that no other has."""
    plain = [identity for identity in identities if identity.row is None]
    titles = {i: TITLES.get(i.method, i.method) for i in plain}
    labels = {i: f"{titles[i]} ({text})" if text else titles[i] for i, text in _described(plain).items()}
    reserved = {*REFERENCES, *labels.values(), *(identity.method for identity in identities)}
    times = Counter(identity.row for identity in identities)
    described = _described([identity for identity in identities if identity.row is not None])
    for identity, text in described.items():
        name = str(identity.row)
        doubtful = times[name] > 1 or name in reserved or not name.strip()
        whose = f"{identity.method}, {text}" if text else identity.method
        labels[identity] = f"{name} ({whose})" if doubtful else name
    taken = Counter(labels.values())
    return {i: text if taken[text] == 1 else f"{text} [{content_hash(i, _HASH_SHOWN)}]" for i, text in labels.items()}


def _described(identities: Iterable[Identity]) -> dict[Identity, str]:
    """Map each row to the options and corpus that tell it from the others of its method, '' for an only one."""
    by_method: dict[str, list[Identity]] = defaultdict(list)
    for identity in identities:
        by_method[identity.method].append(identity)
    return {
        identity: text
        for rivals in by_method.values()
        for identity, text in zip(rivals, _differences(rivals), strict=True)
    }


def _differences(rivals: list[Identity]) -> list[str]:
    """What tells each of a method's variants from the others."""
    parsed = [json.loads(rival.options) for rival in rivals]
    names = sorted({name for options in parsed for name in options})
    differing = [name for name in names if len({_value(options, name) for options in parsed}) > 1]
    several_corpora = len({rival.corpus for rival in rivals}) > 1
    described = []
    for rival, options in zip(rivals, parsed, strict=True):
        parts = [f"{name}={_value(options, name)}" for name in differing]
        if several_corpora:
            parts.append(f"corpus={rival.corpus[:_HASH_SHOWN] if rival.corpus else 'none'}")
        described.append(", ".join(parts))
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
