"""The axes of a study: what its trained rows are crossed with, so that one study asks what the differences come from.

An axis has a key of its own in the study, which states a single value of it; under `axes` it has a list:

    | axis | its key | what varies |
    |---|---|---|
    | corpora | corpus | what is pretrained on |
    | methods | methods | how |
    | backbones | backbones | which network |
    | init | init | where it starts |
    | budget | budget | how long it trains |
    | pretrain_sizes | pretrain.size | side of its views, pixels |
    | eval_sizes | eval_size | side of what it is judged on, pixels |
    | heads | head | what stands on it in fine-tuning |

A block crosses its axes; several blocks are a list, of which each point counts once. A point is a row of the study's
tables: the first level of an axis leaves the row its name, another adds to it (`moco on demo-2027 at 3648 views`).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from bench.core.suggest import among
from bench.studies.budget import Budget, StudyBudget

# Of rows and networks, which a study lists in any case: an axis of these names goes before the study's own list.
LISTED = ("methods", "backbones", "init")
# What follows the name of a row, before the level that sets it apart; in this order.
WORDS = {"init": "from", "corpora": "on", "budget": "at", "pretrain_sizes": "at"}
NATIVE = "native"


class CorpusLevel(BaseModel):
    """One corpus of an axis.

    Attributes:
        corpus: as the study's `corpus`.
        world: seed of the demo world that it is drawn from; None for that of the study.
        name: what tables call it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    corpus: str = Field(min_length=1)
    world: int | None = Field(default=None, ge=0)
    name: str = Field(min_length=1)

    @classmethod
    def read(cls, entry: Any) -> "CorpusLevel":
        """A corpus as a study file writes it: its name or folder, or `{corpus: {world: N, as: NAME}}`.

        Raises:
            ValueError: it is written otherwise.
        """
        if isinstance(entry, str):
            return cls(corpus=entry, name=start_name(entry))
        values = next(iter(entry.values())) if isinstance(entry, dict) and len(entry) == 1 else None
        if not isinstance(values, dict) or values.keys() - {"world", "as"}:
            raise ValueError("a corpus is its name or folder, or {corpus: {world: N, as: NAME}}")
        corpus, world = str(next(iter(entry))), values.get("world")
        name = start_name(corpus) if world is None else f"{start_name(corpus)}-{world}"
        return cls(corpus=corpus, world=world, name=values.get("as", name))


def start_name(start: object) -> str:
    """What tables call a starting point or a corpus: a path by its name without folder and ending."""
    return Path(str(start)).stem


def _corpora(values: Any) -> Any:
    entries = values if isinstance(values, list) else [values]
    return [entry if isinstance(entry, CorpusLevel) else CorpusLevel.read(entry) for entry in entries]


def _budgets(values: Any) -> Any:
    """Budgets, of which a bare number counts views."""
    entries = values if isinstance(values, list) else [values]
    bare = (int, float)
    return [{"views": each} if isinstance(each, bare) and not isinstance(each, bool) else each for each in entries]


def _list(values: Any) -> Any:
    return values if isinstance(values, list) else [values]


Side = Annotated[int, Field(ge=16)]
Names = Annotated[list[str], BeforeValidator(_list), Field(min_length=1)]


class Block(BaseModel):
    """Axes that are crossed with each other; what a block leaves out is as the study says.

    Attributes:
        methods, backbones, init: of the study's own lists, those that the block has; None for all.
        corpora, budget, pretrain_sizes: the levels; None where the study's own value holds.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    methods: Names | None = None
    backbones: Names | None = None
    init: Names | None = None
    corpora: Annotated[list[CorpusLevel], BeforeValidator(_corpora), Field(min_length=1)] | None = None
    budget: Annotated[list[StudyBudget], BeforeValidator(_budgets), Field(min_length=1)] | None = None
    pretrain_sizes: Annotated[list[Side], BeforeValidator(_list), Field(min_length=1)] | None = None

    @field_validator("*", mode="after")
    @classmethod
    def _levels_differ(cls, levels: Any) -> Any:
        names = [] if levels is None else list(map(level_name, levels))
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two levels are called {twice!r}: leave one out, or name a corpus with `as`")
        return levels


def level_name(level: Any) -> str:
    """What tables call a level. No comma stands in it, for options list rows by commas."""
    if isinstance(level, CorpusLevel):
        return level.name
    if isinstance(level, Budget):
        return f"{level.amount:.12g} {level.unit}"
    if isinstance(level, int):
        return f"{level} px"
    return "paper" if level is None else start_name(level)


class Axes(BaseModel):
    """The axes of a study.

    Attributes:
        blocks: one where the axes are crossed; several where points are listed.
        eval_sizes: sides that protocols are judged at, crossed with everything; None where each protocol's own holds,
            and `native` among them stands for that.
        heads: that protocols have which can take them, crossed likewise.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    blocks: list[Block] = Field(min_length=1)
    eval_sizes: Annotated[list[Side | None], Field(min_length=1)] | None = None
    heads: Names | None = None

    def levels(self, axis: str) -> list[Any]:
        """The levels of an axis that a row is crossed with, in the order in which blocks first name them."""
        found: list[Any] = []
        for block in self.blocks:
            found += [level for level in getattr(block, axis) or [] if level not in found]
        return found


OF_PROTOCOLS = ("eval_sizes", "heads")


def read_axes(value: Any) -> Any:
    """Axes as a study file writes them: keys with lists, which are crossed, or a list of such.

    Raises:
        ValueError: they are written otherwise, or a listed block names an axis of protocols.
    """
    if value is None or isinstance(value, Axes):
        return value
    known = [*Block.model_fields, *OF_PROTOCOLS]
    blocks = value if isinstance(value, list) else [value]
    foreign = [block for block in blocks if not isinstance(block, dict)]
    if foreign:
        raise ValueError(
            f"axes are keys with lists, such as corpora: [demo, mine], or a list of such, not {foreign[0]!r}"
        )
    for block in blocks:
        strange = next((axis for axis in block if axis not in known), None)
        if strange is not None:
            raise ValueError(f"{strange!r} is no axis{among(str(strange), known)}")
        crossed = next((axis for axis in OF_PROTOCOLS if axis in block), None)
        if isinstance(value, list) and crossed is not None:
            raise ValueError(
                f"{crossed} is an axis of protocols, which all rows share: cross it, without listing points"
            )
    of_protocols = {} if isinstance(value, list) else value
    sizes = of_protocols.get("eval_sizes")
    return {
        "blocks": [{axis: levels for axis, levels in block.items() if axis not in OF_PROTOCOLS} for block in blocks],
        "eval_sizes": None if sizes is None else [None if size == NATIVE else size for size in _list(sizes)],
        "heads": of_protocols.get("heads"),
    }


def hoist(values: dict[str, Any]) -> None:
    """Move an axis of methods, backbones or starts to the study's own list of them, so that options may change it.

    Blocks of a list keep the names of those that they have.

    Args:
        values: a study file's, changed in place.
    """
    axes = values.get("axes")
    _first_corpus(values, axes)
    if isinstance(axes, dict):
        axes = values["axes"] = dict(axes)
        for axis in LISTED:
            if axis in axes:
                own = values.get(axis)
                values[axis] = _picked(_list(axes.pop(axis)), own if isinstance(own, list) else [])
        if not axes:
            values["axes"] = [{}]
    if not isinstance(axes, list) or not all(isinstance(block, dict) for block in axes):
        return
    values["axes"] = axes = [dict(block) for block in axes]
    for axis in LISTED:
        lists = [_list(block[axis]) for block in axes if axis in block]
        if not lists:
            continue
        own = values.get(axis)
        rows = own if isinstance(own, list) else []
        every = [entry for entries in lists for entry in entries]
        # A block that names none has the study's own.
        every = every if len(lists) == len(axes) else [*rows, *every]
        distinct = {_entry_name(entry): entry for entry in reversed(_picked(every, rows))}
        values[axis] = list(reversed(distinct.values()))
        for block in axes:
            if axis in block:
                block[axis] = [_entry_name(entry) for entry in _list(block[axis])]


def _first_corpus(values: dict[str, Any], axes: Any) -> None:
    """The first corpus of an axis is the study's own, for rows that stand at no point."""
    for block in axes if isinstance(axes, list) else [axes]:
        if isinstance(block, dict) and block.get("corpora"):
            with suppress(ValueError):  # what is written otherwise is refused where the study is read
                first = CorpusLevel.read(_list(block["corpora"])[0])
                values |= {"corpus": first.corpus, "corpus_world": first.world}
            return


def _picked(entries: list[Any], rows: list[Any]) -> list[Any]:
    """Entries, of which a name stands for the row of that name where the study has one."""
    named = {_entry_name(row): row for row in rows}
    return [named.get(entry, entry) if isinstance(entry, str) else entry for entry in entries]


def _entry_name(entry: Any) -> str:
    """The name of a row, a backbone or a start as a study file writes it."""
    if not isinstance(entry, dict) or len(entry) != 1:
        return str(entry)
    method, options = next(iter(entry.items()))
    return str(options.get("as", method)) if isinstance(options, dict) else str(method)


@dataclass(frozen=True)
class Point:
    """Where a row stands: the level of each axis that applies to it, and what that makes of it.

    Attributes:
        levels: by axis, in words.
        suffix: what its name gains.
        corpus: what it is pretrained on; None for the study's.
        budget: how long, where the levels have one.
        options: options of the row that follow.
        backbones: those that it stands on; None for all.
    """

    levels: dict[str, str] = field(default_factory=dict)
    suffix: str = ""
    corpus: CorpusLevel | None = None
    budget: Budget | None = None
    options: dict[str, Any] = field(default_factory=dict)
    backbones: tuple[str, ...] | None = None


def points(axes: Axes, method: str, starts: list[str] | None, having: frozenset[str]) -> Iterator[Point]:
    """The points at which a row stands.

    Args:
        axes: the study's.
        method: name of the row.
        starts: the study's, where a row has no start of its own.
        having: the axes that apply to the row.
    """
    first = {axis: starts or [] if axis == "init" else axes.levels(axis)[:1] for axis in WORDS}
    for block in axes.blocks:
        if block.methods is not None and method not in block.methods:
            continue
        own = {axis: getattr(block, axis) for axis in first}
        own["init"] = own["init"] or starts
        lists = {axis: levels for axis, levels in own.items() if levels is not None and axis in having}
        for chosen in product(*lists.values()):
            yield _point(dict(zip(lists, chosen, strict=True)), first, block.backbones)


def _point(chosen: dict[str, Any], first: dict[str, list[Any]], backbones: list[str] | None) -> Point:
    apart = {axis for axis, level in chosen.items() if first[axis] and level != first[axis][0]}
    words = [f" {word} {level_name(chosen[axis])}" for axis, word in WORDS.items() if axis in apart]
    options = {name: chosen[axis] for axis, name in (("init", "init"), ("pretrain_sizes", "size")) if axis in chosen}
    return Point(
        levels={axis: level_name(level) for axis, level in chosen.items()},
        suffix="".join(words),
        corpus=chosen.get("corpora"),
        budget=chosen.get("budget"),
        options=options,
        backbones=None if backbones is None else tuple(backbones),
    )
