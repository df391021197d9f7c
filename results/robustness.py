"""Whether a verdict holds under another recipe: a protocol against its variants (tuned, longer, other statistics).

A protocol whose design names another in `of` is a variant of that one. A comparison is sure here where it is sure everywhere
else (`results.stats.block_model`): there is one criterion.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pandas as pd

from results.labels import amounts
from results.summary import BOARD
from results.tables.layout import Entry, TextGrid, same_board

Fate = Literal["holds", "gone", "flips", "appears"]
# What a variant's name stands for, within a sentence.
_WHEN = {
    "tuned": "when tuned",
    "3x": "at three times the length",
    "target": "with target statistics",
    "corpus": "with the corpus' statistics",
}


class Pair(NamedTuple):
    """Two rows at one amount of labels."""

    a: str
    b: str
    amount: str


class Place(NamedTuple):
    """A protocol's version on one backbone."""

    protocol: str
    protocol_hash: str
    backbone: str


@dataclass(frozen=True)
class Robustness:
    """The comparisons of one protocol and backbone, and what became of them under its variants.

    Attributes:
        place: the protocol that the variants are of.
        base: comparison -> sign of its difference where it is sure (1, -1), else 0.
        variants: name of a variant, such as `tuned` -> comparison -> what became of it; a comparison that the variant
            does not make is absent.
    """

    place: Place
    base: dict[Pair, int]
    variants: dict[str, dict[Pair, Fate]]


def robustness(frame: pd.DataFrame, comparisons: pd.DataFrame) -> list[Robustness]:
    """Hold every protocol of a frame against its variants there; a protocol without one is absent.

    Args:
        frame: records.
        comparisons: of `results.stats.block_model.compare`, for them.
    """
    boards = {Place(*map(str, place)): board for place, board in frame.groupby(BOARD, sort=True)}
    found: dict[Place, dict[str, dict[Pair, Fate]]] = {}
    signs: dict[Place, dict[Pair, int]] = {}
    for variant, board in boards.items():
        of = _variant_of(board)
        bases = [place for place in boards if (place.protocol, place.backbone) == (of, variant.backbone)]
        for base in bases:
            for place in (base, variant):
                if place not in signs:
                    signs[place] = _signs(boards[place], comparisons)
            rivals = [
                other for other in boards if (other.protocol, other.backbone) == (variant.protocol, base.backbone)
            ]
            name = variant_name(variant.protocol, base.protocol)
            name = f"{name} [{variant.protocol_hash[:8]}]" if len(rivals) > 1 else name
            before, after = signs[base], signs[variant]
            found.setdefault(base, {})[name] = {p: fate(before[p], after[p]) for p in before if p in after}
    return [Robustness(place, signs[place], variants) for place, variants in found.items()]


def fate(before: int, after: int) -> Fate:
    """What becomes of a verdict: signs of the difference, 0 where it is not sure.

    `holds` where both say the same, `gone` where only the first is sure, `flips` where both are and disagree, and
    `appears` where only the second is.
    """
    if before == after:
        return "holds"
    if after == 0:
        return "gone"
    return "appears" if before == 0 else "flips"


def variant_name(variant: str, base: str) -> str:
    """A variant's id without that of its base: `demo/city-tuned` of `demo/city` -> `tuned`."""
    return variant.removeprefix(f"{base}-") if variant.startswith(f"{base}-") else variant


def marks(found: Robustness, pair: Pair) -> str:
    """What becomes of one comparison, for its sentence: 'holds when tuned; gone at three times the length'.

    A comparison that is sure under no recipe has nothing to hold.
    """
    told = {name: fates[pair] for name, fates in found.variants.items() if pair in fates}
    if found.base.get(pair) == 0:
        told = {name: what for name, what in told.items() if what == "appears"}
    return "; ".join(f"{'told apart' if what == 'appears' else what} {_when(name)}" for name, what in told.items())


def grid(found: Robustness, backbones: int = 1) -> TextGrid:
    """The table "Does it hold?" of one protocol; comparisons that are sure under no recipe are counted below it."""
    names = list(found.variants)
    told = [
        pair for pair, sign in found.base.items() if sign or any(_at(found, name, pair) == "appears" for name in names)
    ]
    rows = [
        [
            Entry(f"{pair.a} - {pair.b}"),
            Entry(pair.amount),
            Entry(_verdict(pair, found.base[pair])),
            *(Entry(_at(found, name, pair) or "not run") for name in names),
        ]
        for pair in told
    ]
    where = f", {found.place.backbone}" if backbones > 1 else ""
    silent = len(found.base) - len(told)
    notes = [
        "Holds: the same verdict; gone: no longer sure; flips: sure, with the sign turned; appears: sure there alone.",
    ]
    notes += [f"{silent} of {len(found.base)} comparisons are sure nowhere, and left out."] if silent else []
    title = f"Does it hold? {found.place.protocol}{where}: {', '.join(names)}"
    return TextGrid(title, notes, ["difference", "labels", "as it is", *names], 3, rows)


def to_json(found: Robustness) -> dict[str, Any]:
    """Plain values: one object a comparison, with the sign that is sure and its fate under each variant."""
    return {
        **found.place._asdict(),
        "comparisons": [
            {
                **pair._asdict(),
                "sure": sign,
                "variants": {n: f[pair] for n, f in found.variants.items() if pair in f},
            }
            for pair, sign in found.base.items()
        ],
    }


def _at(found: Robustness, name: str, pair: Pair) -> Fate | None:
    return found.variants[name].get(pair)


def _verdict(pair: Pair, sign: int) -> str:
    return f"{pair.a if sign > 0 else pair.b} is better" if sign else "not told apart"


def _when(name: str) -> str:
    return _WHEN.get(name, f"under {name}")


def _variant_of(board: pd.DataFrame) -> str | None:
    names = {json.loads(text).get("of") for text in board["design"].unique()}
    return names.pop() if len(names) == 1 else None


def _signs(board: pd.DataFrame, comparisons: pd.DataFrame) -> dict[Pair, int]:
    """The comparisons of one protocol and backbone that have an interval, each with its sure sign, else 0."""
    named = amounts(board)
    rows: list[Any] = list(same_board(comparisons, board).dropna(subset=["low", "high"]).itertuples())
    return {
        Pair(row.a, row.b, named[row.fraction]): (1 if row.difference > 0 else -1) if row.sure else 0 for row in rows
    }
