"""What may be written as a study in Python: the types of its keyword arguments, and their plain values."""

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from typing import Any, Literal, TypedDict

from bench.engines.engine import EngineOptions
from bench.studies.axes import Axes
from bench.studies.budget import Budget
from bench.studies.primary import Primary
from bench.studies.rows import Row
from bench.studies.until import Until

Path = str | PathLike[str]
# A method's name, or a method with its options, as a study file writes it: {"geokr": {"as": "mine", "lr": 0.01}}.
RowValue = str | Mapping[str, Mapping[str, Any] | None] | Row
Numbers = Sequence[float]


class _Optional(TypedDict, total=False):
    """Keys that a study may leave out; `bench.studies.study.Study` says what each means."""

    title: str
    limits: str
    corpus: Path | None
    world: int | None
    corpus_world: int | None
    data: Mapping[str, Path]
    references: str | Sequence[str]
    init: Path | Sequence[Path] | None
    budget: Budget | Mapping[str, float] | Literal["paper"] | None
    precision: Literal["auto", "bf16", "fp32", "tf32"]
    views: Literal["paper", "common"]
    axes: Axes | Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
    datasets: Sequence[str] | None
    fractions: Numbers | None
    labels: Sequence[str | int] | Mapping[str, Sequence[str | int]] | None
    eval_size: int | None
    head: str | None
    primary: Primary | Mapping[str, Any] | None
    until: Until | Mapping[str, float] | None
    seeds: int
    pretrain_seeds: int | None
    seed: int
    allow_overlap: bool
    pretrain: Mapping[str, Any]
    options: Mapping[str, Mapping[str, Any]]
    tuned_by: str | None
    engine: EngineOptions | Mapping[str, Any]
    store: Path
    weights: Mapping[str, Path | Mapping[str, Any]]


class Values(_Optional):
    """Keyword arguments of a study: these must be there."""

    name: str
    methods: Sequence[RowValue]
    backbones: Sequence[str]
    tasks: Sequence[str]
    protocols: Mapping[str, Sequence[str]]


class Changes(_Optional, total=False):
    """What may be put over a study that is there: any of its keys."""

    name: str
    methods: Sequence[RowValue]
    backbones: Sequence[str]
    tasks: Sequence[str]
    protocols: Mapping[str, Sequence[str]]


def as_written(value: Any) -> Any:
    """A value as a study file could hold it: paths as text, and lists and dictionaries in place of their likes."""
    if isinstance(value, PathLike):
        return fspath(value)
    if isinstance(value, Mapping):
        return {name: as_written(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_written(each) for each in value]
    return value
