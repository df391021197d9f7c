"""The primary questions of a store: the comparisons whose intervals are to be right together.

They are what studies stated before they ran (`bench.store.questions`): all of them, whichever of their records exist. A
question that was stated later adds to them, and none is ever taken away. In a store without any, they are every row
against each reference, and where there is no reference every row against every other, on all columns.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from bench.store.questions import Question
from results.stats.simultaneous import Family
from results.summary import BOARD
from results.variants import REFERENCES, apart, own_name

Place = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """The family that a frame is read against.

    Attributes:
        family: all primary questions, those without records among them.
        primary: (column, the two rows) of those that have records.
        rows: most rows of a column of the family.
        stated: whether they were stated before, and do not follow from the records.
    """

    family: Family
    primary: frozenset[tuple[Place, frozenset[str]]]
    rows: int
    stated: bool


def asked(frame: pd.DataFrame, found: Iterable[tuple[Place, str, str]], questions: Collection[Question]) -> Asked:
    """The family of a frame.

    Args:
        frame: all records.
        found: the comparisons that its records make: column (`results.stats.block_model.COLUMN`) and two rows.
        questions: those that were stated; without any they follow from the frame.
    """
    made = {(place, frozenset((a, b))) for place, a, b in found}
    wanted = _stated(frame, questions) if questions else _by_default(frame, made)
    rows: dict[Place, set[str]] = defaultdict(set)
    for place, pair in wanted:
        rows[place] |= pair
    family = Family.of((place, *_two(pair)) for place, pair in wanted)
    most = max(map(len, rows.values()), default=2)
    return Asked(family, frozenset(wanted & made), most, bool(questions))


def _stated(frame: pd.DataFrame, questions: Iterable[Question]) -> set[tuple[Place, frozenset[str]]]:
    """Stated questions as columns and pairs of row labels; a name that stands for several rows asks for each of them."""
    rows = frame[["backbone", "method", "row", "variant"]].drop_duplicates()
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for backbone, method, row, variant in rows.itertuples(index=False):
        labels[str(backbone), own_name(row, method) or method].append(str(variant))
    versions = frame.groupby(["protocol", "backbone"])["protocol_hash"].agg(lambda each: sorted(set(each))).to_dict()
    return {
        ((question.protocol, version, question.backbone, question.fraction), frozenset((a, b)))
        for question in questions
        for version in versions.get((question.protocol, question.backbone), [""])
        for a in labels.get((question.backbone, question.a), [question.a])
        for b in labels.get((question.backbone, question.b), [question.b])
        if a != b
    }


def _by_default(frame: pd.DataFrame, made: set[tuple[Place, frozenset[str]]]) -> set[tuple[Place, frozenset[str]]]:
    beside = apart(frame)
    named = [
        method in REFERENCES and own_name(row, method) is None
        for row, method in zip(frame["row"], frame["method"], strict=True)
    ]
    references = {
        (protocol, version, backbone): set(map(str, rows["variant"]))
        for (protocol, version, backbone), rows in frame[named].groupby(BOARD)
    }
    ranked = {(place, pair) for place, pair in made if not pair & beside}
    return {(place, pair) for place, pair in ranked if place[:3] not in references or pair & references[place[:3]]}


def _two(pair: frozenset[str]) -> tuple[str, str]:
    first, second = sorted(pair)
    return first, second
