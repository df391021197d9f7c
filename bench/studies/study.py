"""The study: what a user asks for, read from YAML and command-line options and checked before anything runs.

A study file may extend another (`bench.core.configs`); it has a name of its own all the same.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

import methods
import tasks
from bench import backbones, engines
from bench.backbones.sources import RANDOM
from bench.core.configs import ConfigKind, merge
from bench.core.documents import parse
from bench.core.errors import StudyError
from bench.engines.engine import EngineOptions
from bench.pretraining.options import PretrainOptions
from bench.studies.axes import NATIVE, Axes, CorpusLevel, Point, hoist, level_name, points, read_axes, start_name
from bench.studies.budget import Budget, StudyBudget, refuse_own_length
from bench.studies.primary import Primary
from bench.studies.until import Until, check_until
from bench.studies.weight_rows import weight_rows
from tasks.amounts import Amount, amount_texts, read_amount, share
from tasks.protocols import Protocol, fed_at, load_protocol, with_head

# Two ways to say how many labels: a study states one, and one that extends it may state the other.
INSTEAD = {"labels": "fractions", "fractions": "labels"}


def _over(base: dict[str, Any], study: dict[str, Any]) -> dict[str, Any]:
    # Records say who asked for them, and a budget has one unit.
    given_up = {"name"} | ({"budget"} & study.keys()) | {INSTEAD[key] for key in study.keys() & INSTEAD.keys()}
    return merge({key: value for key, value in base.items() if key not in given_up}, study)


STUDIES = ConfigKind("study", ".", StudyError, join=_over)
shipped_studies = STUDIES.names
Fraction = Annotated[float, Field(gt=0, le=1)]
# Between the name of a row and the start that sets it apart: `moco from imagenet`.
FROM = " from "


class Row(BaseModel):
    """One row of a study's tables: a method with its options, under a name of its own.

    In a study file it is the method's name, or `{method: {option: value, ..., as: NAME, repeat_from: N}}`. Rows may share
    a method: with other options, or with other pretraining seeds, as an A/A comparison does.

    Attributes:
        method: name from the methods registry.
        name: what tables call the row; the method's own name where a study gives none. Not part of a key.
        repeat_from: its first pretraining, counted from 0: repeat i starts from pretraining
            `repeat_from + i modulo pretrain_seeds`.
        options: options of this row alone; they go before those of `options.<method>`.
        point: where it stands on the study's axes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: str
    name: str = Field(min_length=1)
    repeat_from: int = Field(default=0, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)
    point: Point = Point()

    @classmethod
    def read(cls, entry: Any) -> "Row":
        """A row as a study file writes it.

        Raises:
            ValueError: neither a name nor a method with its options.
        """
        if isinstance(entry, str):
            return cls(method=entry, name=entry)
        if not isinstance(entry, dict) or len(entry) != 1 or not isinstance(next(iter(entry.values())) or {}, dict):
            raise ValueError("a row is a method's name, or {method: {option: value, as: NAME, repeat_from: N}}")
        method, values = next(iter(entry.items()))
        options = dict(values or {})
        name, repeat_from = options.pop("as", str(method)), options.pop("repeat_from", 0)
        return cls(method=str(method), name=name, repeat_from=repeat_from, options=options)

    def starting_from(self, init: str, *, first: bool) -> "Row":
        """The same row from a start; the study's first start leaves its name as it is."""
        name = self.name if first else f"{self.name}{FROM}{start_name(init)}"
        return self.model_copy(update={"name": name, "options": {**self.options, "init": init}})

    def standing_at(self, point: Point) -> "Row":
        """The same row at a point of the study's axes."""
        options = {**self.options, **point.options}
        return self.model_copy(update={"name": f"{self.name}{point.suffix}", "options": options, "point": point})

    def on(self, backbone: str) -> bool:
        """Whether it stands on a backbone."""
        return self.point.backbones is None or backbone in self.point.backbones

    @property
    def label(self) -> str | None:
        """The name, where it is not the method's own."""
        return self.name if self.name != self.method else None


def _rows(entries: Any) -> Any:
    if not isinstance(entries, list):
        return entries
    return [entry if isinstance(entry, Row) else Row.read(entry) for entry in entries]


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _starts(value: Any) -> Any:
    """Starting points, whose names in tables must differ."""
    starts = _as_list(value)
    names = [start_name(start) for start in starts] if isinstance(starts, list) else []
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two starts are called {twice!r} in tables: leave one out, or rename its file")
    return starts


def _amounts(values: Any) -> Any:
    """Amounts of labels as texts, by task or for all."""
    by_task = isinstance(values, dict)
    return {task: amount_texts(entries) for task, entries in values.items()} if by_task else amount_texts(values)


def _engine(values: Any) -> Any:
    return engines.read_options(values) if isinstance(values, dict) else values


class Study(BaseModel):
    """Methods x backbones x protocols x fractions x seeds.

    Attributes:
        name: goes into every record the study makes.
        title: of its report; the name where none is given.
        limits: how far its answers go, the first paragraph of its report.
        corpus: `demo`, or a folder made by `bench corpus build`; None where no method needs one.
        world: seed of the demo world that corpus and data sets are drawn from; None for the leaderboard's. In no key, for
            what another world holds has another hash.
        corpus_world: the same of the corpus alone; None for `world`.
        data: prepared data sets by name, where they are not in the harness' data folder.
        methods: the rows: names from the methods registry, or methods with options, a name and other seeds (`Row`).
        references: rows that all others are compared with; they are added to the methods. One whose weights are not on
            this machine is left out, and tables say so.
        init: where trained rows start: `random`, `imagenet` or a file. A list makes a row of each start, named `moco` for
            the first and `moco from imagenet` for another; a row that states its own start is left as it is.
        budget: how long every row trains; None as its own options say, which is `paper` in the file.
        views: the methods' own augmentations (`paper`), or one family for all (`common`).
        backbones: names from the backbones registry.
        axes: what trained rows and protocols are crossed with (`bench.studies.axes`); None for nothing.
        tasks: names from the tasks registry.
        datasets: names of the data sets to keep; None keeps all that the tasks' protocols have.
        protocols: protocols of each task: ids, or paths of YAML files.
        fractions: of the training labels, in (0, 1]; None takes each protocol's own list.
        labels: amounts of labels in place of fractions (`tasks.amounts`), for all tasks or by task.
        eval_size: side that protocols scale their images to, pixels; None for each protocol's own.
        head: that protocols have which can take it; None for each protocol's own.
        primary: the questions that the study is run for; its intervals are simultaneous over them. None for every row
            against each reference. In no key.
        until: adds seeds to those until intervals are narrow enough (`bench.studies.until`); None for no more. In no key.
        seeds: how many; each is one (subset seed, train seed) pair, the same for every method.
        pretrain_seeds: pretrainings of each method, by default as many as seeds; repeat i starts from pretraining i modulo
            this number. An initialisation is drawn anew in every repeat whatever this says.
        seed: root of the seed tree.
        allow_overlap: go on where more than a twentieth of a protocol's test images lie under the corpus
            (`bench.studies.overlap`); in no key.
        pretrain: options for every method that trains.
        options: options by method; they go before `pretrain`.
        tuned_by: whose ledger the options of its methods come from: a tuning file's name, or a ledger's path. Words on
            cards and records, not part of a key.
        engine: how work is run: its `kind`, and the options of that engine.
        store: folder of the results.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1)
    title: str = ""
    limits: str = ""
    corpus: str | None = None
    world: int | None = Field(default=None, ge=0)
    corpus_world: int | None = Field(default=None, ge=0)
    data: dict[str, str] = Field(default_factory=dict)
    methods: Annotated[list[Row], BeforeValidator(_rows), Field(min_length=1)]
    references: Annotated[list[str], BeforeValidator(_as_list)] = Field(default_factory=lambda: ["random"])
    init: Annotated[Annotated[list[str], Field(min_length=1)] | None, BeforeValidator(_starts)] = None
    budget: StudyBudget = None
    views: Literal["paper", "common"] = "common"
    backbones: list[str] = Field(min_length=1)
    axes: Annotated[Axes | None, BeforeValidator(read_axes)] = None
    tasks: list[str]
    datasets: list[str] | None = None
    protocols: dict[str, list[str]]
    fractions: Annotated[list[Fraction], Field(min_length=1)] | None = None
    labels: Annotated[list[str] | dict[str, list[str]] | None, BeforeValidator(_amounts)] = None
    eval_size: Annotated[int, Field(ge=16)] | None = None
    head: str | None = None
    primary: Primary | None = None
    until: Until | None = None
    seeds: int = Field(default=3, gt=0)
    pretrain_seeds: int | None = Field(default=None, gt=0)
    seed: int = Field(default=0, ge=0)
    allow_overlap: bool = False
    pretrain: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    tuned_by: str | None = None
    engine: Annotated[EngineOptions, BeforeValidator(_engine)] = Field(default_factory=lambda: engines.read_options({}))
    store: str = "runs"

    @model_validator(mode="after")
    def _rows_have_names(self) -> Self:
        names = [row.name for row in self.rows()]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"methods: two rows are called {twice!r}: give one another name with `as`")
        return self

    @model_validator(mode="after")
    def _starts_are_an_axis(self) -> Self:
        if "init" in self.pretrain:
            raise ValueError(f"pretrain.init: starts are a key of their own: write init: {self.pretrain['init']}")
        return self

    @model_validator(mode="after")
    def _amounts_are_said_once(self) -> Self:
        if self.fractions is not None and self.labels is not None:
            raise ValueError("fractions and labels both say how many labels: state one of them")
        return self

    def of_seeds(self, seeds: int) -> Self:
        """The same study with another number of seeds."""
        return self.model_copy(update={"seeds": seeds})

    def amounts_of(self, protocol: Protocol) -> list[Amount]:
        """The amounts of labels asked of a protocol: the study's, by task or for all, else the protocol's own."""
        asked = self.labels.get(protocol.task) if isinstance(self.labels, dict) else self.labels
        if asked is not None:
            return list(map(read_amount, asked))
        return protocol.amounts if self.fractions is None else list(map(share, self.fractions))

    def rows(self) -> list[Row]:
        """The rows asked for, the references first, each once a start or a point of the axes."""
        named = {row.name: row for row in self.methods}
        references = [named.get(name) or Row.read(name) for name in self.references]
        found: list[Row] = []
        for row in (*references, *self.methods):
            if row not in found:  # asked for twice without a difference, it is one row
                found.append(row)
        if self.axes is not None:
            return self._at_each_point(found, self.axes)
        return [started for row in found for started in self._from_each_start(row)]

    def _at_each_point(self, rows: list[Row], axes: Axes) -> list[Row]:
        """Rows at all points of the axes; what does not train is crossed with the corpora alone, where it reads them."""
        found: dict[str, Row] = {}
        for row in rows:
            for point in points(axes, row.name, self.init, self._axes_of(row)):
                standing = row.standing_at(point)
                there = found.get(standing.name)
                found[standing.name] = standing if there is None else _on_both(there, standing)
        return list(found.values())

    def _axes_of(self, row: Row) -> frozenset[str]:
        """The axes that apply to a row.

        Raises:
            ValueError: the row states the value of one of them itself.
        """
        if not methods.get(row.method).trains:
            reads = any(self.reads_corpus(row, backbone) for backbone in self.backbones)
            return frozenset({"corpora"} if reads else ())
        own = {**self.options.get(row.method, {}), **row.options}
        crossed = {"init": len(self.init or []) > 1, "size": bool(self.axes and self.axes.levels("pretrain_sizes"))}
        stated = next((name for name, is_axis in crossed.items() if is_axis and name in own), None)
        if stated is not None:
            raise ValueError(f"axes: {row.name} states its own {stated}, which is an axis: leave one of them out")
        return frozenset({"corpora", "init", "budget", "pretrain_sizes"} - ({"init"} if "init" in own else set()))

    def reads_corpus(self, row: Row, backbone: str) -> bool:
        """Whether a row looks at its corpus, to train on it or for statistics alone."""
        if "tiles" in methods.get(row.method).needs:
            return True
        return self.corpus is not None and self.options_of(row).reads_corpus(backbones.get(backbone))

    def corpus_of(self, row: Row | None = None) -> CorpusLevel | None:
        """The corpus of a row, or the study's own; None where it names none."""
        if row is not None and row.point.corpus is not None:
            return row.point.corpus
        if self.corpus is None:
            return None
        return CorpusLevel(corpus=self.corpus, world=self.corpus_world, name=start_name(self.corpus))

    def budget_of(self, row: Row) -> Budget | None:
        """How long a row trains."""
        return row.point.budget if "budget" in row.point.levels else self.budget

    def levels_of(self, row: Row, backbone: str, protocol: Protocol) -> dict[str, str]:
        """Where a cell stands on the study's axes, in words; nothing in a study without axes.

        What is pretrained has a level of each axis; what is not has none of those that do not apply to it.
        """
        if self.axes is None:
            return {}
        size = protocol.evaluation.size
        return {
            **({"methods": row.name.removesuffix(row.point.suffix)} if methods.get(row.method).trains else {}),
            "backbones": backbone,
            **row.point.levels,
            **({"eval_sizes": level_name(size) if size else NATIVE} if self.axes.eval_sizes else {}),
            **(
                {"heads": tasks.get(protocol.task).head_of(protocol).spec.name}
                if self.axes.heads and _takes_one_of(protocol, self.axes.heads)
                else {}
            ),
        }

    def _from_each_start(self, row: Row) -> list[Row]:
        """A row once for each of the study's starts, where it trains and does not state its own."""
        spec = methods.registry.all().get(row.method)  # an unknown method is refused where options are looked at
        own = {**self.options.get(row.method, {}), **row.options}
        if self.init is None or spec is None or not spec.trains or "init" in own:
            return [row]
        return [row.starting_from(init, first=init == self.init[0]) for init in self.init]

    @property
    def pretrainings(self) -> int:
        """Pretrainings of each row that trains."""
        return self.pretrain_seeds or self.seeds

    def pretrainings_of(self, row: Row) -> int:
        """Pretrainings of a row: `pretrain_seeds` where it trains; what is drawn at random is drawn in every repeat.

        Published weights are one, whatever the seed, and so are fixed features of which a corpus tells nothing.
        """
        spec = methods.get(row.method)
        if spec.trains or spec.learns_protocol:
            return self.pretrainings
        # Draws are free, and one of them proves nothing.
        drawn = self.options_of(row).starts_at() == RANDOM and (spec.network is None or bool(spec.needs))
        return self.seeds if drawn else 1

    def options_of(self, row: Row | str) -> PretrainOptions:
        """A row's options: its method's defaults, then `pretrain`, then `options.<method>`, then its own.

        Raises:
            StudyError: an option is unknown or out of its range.
        """
        row = Row.read(row) if isinstance(row, str) else row
        spec = methods.get(row.method)
        shared = {"views": self.views, **self.pretrain} if spec.trains else {}
        stated = {**shared, **self.options.get(row.method, {}), **row.options}
        if stated.get("epochs", 0) is None:  # takes back what an extended study or `pretrain` states
            del stated["epochs"]
        if spec.trains:
            refuse_own_length(self.budget_of(row), row.name, stated)
        values = {**spec.defaults, **stated}
        return parse(spec.options, values, f"options of {row.name}", StudyError)

    def all_protocols(self) -> list[Protocol]:
        """The protocols of the asked tasks and data sets, in the study's order."""
        found = [load_protocol(name) for task in self.tasks for name in self.protocols[task]]
        kept = [protocol for protocol in found if self.datasets is None or protocol.dataset in self.datasets]
        heads: Sequence[str | None] = (self.axes.heads if self.axes else None) or [self.head]
        kept = [each for protocol in kept for each in self._with_heads(protocol, heads)]
        if any(heads) and kept and not any(_takes_one_of(protocol, heads) for protocol in kept):
            raise StudyError(
                f"study {self.name}: {', '.join(self.tasks)} take no head {', '.join(map(str, heads))}: leave it out, or ask "
                "for seg, change or det"
            )
        sizes = (self.axes.eval_sizes if self.axes else None) or [self.eval_size]
        whole = {protocol.id for protocol in kept if tasks.get(protocol.task).whole_image}
        if sizes != [None] and kept and not whole:
            raise StudyError(
                f"study {self.name}: labels of {', '.join(self.tasks)} lie in pixels, which no other size of images fits: "
                "leave eval_size out, or ask for cls or probe"
            )
        fed = [fed_at(each, size) for each in kept for size in (sizes if each.id in whole else [None])]
        return list({protocol.id: protocol for protocol in fed}.values())

    def _with_heads(self, protocol: Protocol, heads: Sequence[str | None]) -> list[Protocol]:
        """A protocol with each of the heads that its task takes; as it is where there is none."""
        found = [head for head in heads if head and _takes_one_of(protocol, [head])]
        own = tasks.get(protocol.task).head_of(protocol).spec.name if found else None
        return [protocol if head == own else with_head(protocol, head) for head in found] or [protocol]


def _takes_one_of(protocol: Protocol, heads: Sequence[str | None]) -> bool:
    """Whether a protocol's task takes one of some heads: those that answer as its own does."""
    own = tasks.get(protocol.task).head
    answers = {tasks.heads.get(head).answers for head in heads if head}
    return own is not None and tasks.heads.get(own).answers in answers


def _on_both(one: Row, other: Row) -> Row:
    """One row that two blocks name, on the backbones of both."""
    if one.point.backbones is None or other.point.backbones is None:
        return one if one.point.backbones is None else other
    both = tuple(dict.fromkeys((*one.point.backbones, *other.point.backbones)))
    return one.model_copy(update={"point": replace(one.point, backbones=both)})


def load_study(path: Path | str, overrides: dict[str, Any]) -> Study:
    """Read a study and put the command line's values over it.

    Args:
        path: a YAML file, or the name of one shipped in `configs`.
        overrides: dotted keys and their values, such as `{"pretrain.epochs": 2}`.

    Raises:
        StudyError: the file or a value in it is wrong; the message names file and key.
    """
    file = STUDIES.find(str(path))
    values = STUDIES.read(file)
    hoist(values)
    _add_weights(values)
    named = _by_name(values.get("methods"))
    starts = _as_list(overrides.get("init", values.get("init"))) or []
    stated = {key.partition(".")[0] for key in overrides}
    for key in stated & INSTEAD.keys():
        if INSTEAD[key] not in stated:
            values.pop(INSTEAD[key], None)
    for key, value in overrides.items():
        if key.startswith("budget."):  # another unit replaces the file's
            values.pop("budget", None)
        _put(values, key, [_pick(name, named, starts) for name in value] if key == "methods" else value)
    _add_weights(values)  # those that a command adds to the rows that it picks
    study = parse(Study, values, file, StudyError)
    if not study.tasks:
        raise StudyError(f"study {study.name}: tasks is empty: name at least one, such as seg")
    _check_names(study)
    return study


def _add_weights(values: dict[str, Any]) -> None:
    """Make rows of the weights that a study or a command names: where `methods` has their names, else behind it."""
    rows = _by_name(weight_rows(values.pop("weights", None)))
    listed = values.get("methods") or []
    if rows and isinstance(listed, list):
        placed = [rows.pop(each, each) if isinstance(each, str) else each for each in listed]
        values["methods"] = [*placed, *rows.values()]


def _by_name(entries: Any) -> dict[Any, Any]:
    """The rows of a study file that carry a name of their own, by that name: a command's --methods may pick them."""
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    values = [next(iter(entry.values()), None) for entry in found]
    return {
        each["as"]: entry for each, entry in zip(values, found, strict=True) if isinstance(each, dict) and "as" in each
    }


def _pick(name: Any, named: dict[Any, Any], starts: Any) -> Any:
    """The entry of a row that a command names: as the study wrote it, or from one of its starts."""
    if not isinstance(name, str):
        return name
    base, _, start = name.rpartition(FROM)
    found = [init for init in starts[1:] if base and start_name(init) == start] if isinstance(starts, list) else []
    if name in named or not found:
        return named.get(name, name)
    row = Row.read(named.get(base, base))
    return {row.method: {**row.options, "as": name, "repeat_from": row.repeat_from, "init": found[0]}}


def _put(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        inner = values.setdefault(parent, {})
        if not isinstance(inner, dict):
            raise StudyError(f"--set {dotted}: {parent} holds a value, not keys")
        values = inner
    values[last] = value


def _check_names(study: Study) -> None:
    for row in study.rows():
        study.options_of(row)
        if row.label is not None and (not row.name.strip() or row.name in methods.registry.all()):
            raise StudyError(
                f"methods: a row of {row.method} cannot be called {row.name!r}, which is a method's name or blank"
            )
    _check_references(study)
    _check_keys(study)
    if study.until:
        check_until(study.until, study.seeds, study.pretrain_seeds)
    for backbone in map(backbones.registry.get, study.backbones):
        for row in study.rows():
            study.options_of(row).check_backbone(backbone)
    for task in study.tasks:
        tasks.get(task)
        if not study.protocols.get(task):
            raise StudyError(f"study {study.name}: task {task!r} has no protocols: add protocols.{task}")
    study.all_protocols()  # refuses a size that no protocol can be fed at
    offered = {load_protocol(name).dataset for task in study.tasks for name in study.protocols[task]}
    for dataset in study.datasets or []:
        if dataset not in offered:
            raise StudyError(f"no asked protocol has data set {dataset!r}: choose from {', '.join(sorted(offered))}")


def _check_references(study: Study) -> None:
    for row in study.rows():
        why = methods.get(row.method).no_reference
        if why and row.name in study.references:
            raise StudyError(f"references: {row.name} cannot be one: {why}")


def _check_keys(study: Study) -> None:
    """Refuse options of a method, or labels of a task, that there is not."""
    for method in study.options:
        methods.get(method)
    for task in study.labels if isinstance(study.labels, dict) else ():
        tasks.get(task)
